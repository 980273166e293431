"""Objects by digest, folders of runs, on a folder and on any file system of fsspec."""

import uuid
from pathlib import Path

import pytest

from tasks.errors import InputError, RunError
from tasks.run_store import Artifact, RunStore


@pytest.fixture(params=["folder", "memory"])
def store(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> RunStore:
    monkeypatch.setenv("WHENCE_CACHE", str(tmp_path / "cache"))
    place = f"memory://{uuid.uuid4().hex}"
    return RunStore(place if request.param == "memory" else str(tmp_path / "자료 runs"))


def test_what_is_saved_is_fetched(store: RunStore) -> None:
    artifact = store.save_text("shares.json", "무게")
    assert artifact.name == "shares.json"
    assert store.read_text(artifact) == "무게"
    assert store.read_text(artifact) == "무게"


def test_the_digest_is_that_of_the_bytes(store: RunStore) -> None:
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, "abc"
    assert store.save_text("a.txt", "abc").sha256 == known
    assert store.save_text("a.txt", "abc") == store.save_text("a.txt", "abc")
    assert store.save_text("a.txt", "abd").sha256 != known


def test_a_write_that_fails_leaves_nothing(store: RunStore) -> None:
    def fail(path: Path) -> None:
        path.write_text("half", encoding="utf-8")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        store.save("a.txt", fail)
    filesystem, base = store._place
    assert not filesystem.exists(base) or filesystem.find(base) == []


def test_what_is_gone_or_changed_is_refused(tmp_path: Path) -> None:
    store = RunStore(str(tmp_path))
    artifact = store.save_text("a.txt", "abc")
    kept = tmp_path / artifact.path
    kept.chmod(0o644)
    kept.write_text("abd", encoding="utf-8")
    assert not store.holds(artifact)
    with pytest.raises(RunError, match=r"is not what was saved: run again, and its step makes it"):
        store.fetch(artifact)
    assert store.read_text(store.save_text("a.txt", "abc")) == "abc"
    kept.unlink()
    assert not store.holds(artifact)
    with pytest.raises(RunError, match="is gone from"):
        store.fetch(artifact)
    assert store.read_text(store.save_text("a.txt", "abc")) == "abc"
    assert store.holds(artifact)


def test_remote_objects_that_are_gone_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHENCE_CACHE", str(tmp_path))
    store = RunStore(f"memory://{uuid.uuid4().hex}")
    with pytest.raises(RunError, match="is gone from memory"):
        store.fetch(Artifact(path=".objects/00/00/a.txt", sha256="00"))


def test_a_remote_object_that_has_changed_is_taken_away_so_that_it_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHENCE_CACHE", str(tmp_path))
    store = RunStore(f"memory://{uuid.uuid4().hex}")
    artifact = store.save_text("a.txt", "abc")
    filesystem, base = store._place
    filesystem.pipe_file(f"{base}/{artifact.path}", b"abd")
    assert store.holds(artifact)
    with pytest.raises(RunError, match="is not what was saved: run again, and its step makes it"):
        store.fetch(artifact)
    assert not store.holds(artifact)
    assert store.read_text(store.save_text("a.txt", "abc")) == "abc"


def test_a_broken_copy_of_a_remote_object_is_fetched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHENCE_CACHE", str(tmp_path))
    store = RunStore(f"memory://{uuid.uuid4().hex}")
    artifact = store.save_text("a.txt", "abc")
    store.fetch(artifact).write_text("", encoding="utf-8")
    assert store.read_text(artifact) == "abc"


def test_what_is_kept_already_is_not_written_again(tmp_path: Path) -> None:
    store = RunStore(str(tmp_path))
    kept = tmp_path / store.save_text("a.txt", "abc").path
    before = kept.stat()
    store.save_text("a.txt", "abc")
    assert (kept.stat().st_ino, kept.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_run_shows_its_manifest_last_in_whatever_order_its_files_come(store: RunStore) -> None:
    manifest, report = store.save_text("manifest.json", "{}"), store.save_text("a.txt", "abc")
    gone = Artifact(path=".objects/00/00/b.txt", sha256="00")
    with pytest.raises(FileNotFoundError):
        store.publish("demo/1", {"manifest.json": manifest, "a.txt": report, "b.txt": gone})
    assert store.runs() == []
    assert store.read_file("demo/1", "a.txt") == "abc"


def test_runs_are_listed_oldest_first_and_found_by_their_beginning(store: RunStore) -> None:
    manifest, figure = store.save_text("manifest.json", "{}"), store.save_text("a.svg", "<svg/>")
    assert store.runs() == []
    for run in ("f1/2026-01-02-b", "데모/2026-01-01-a", "f1/2026-01-03-c"):
        store.publish(run, {"manifest.json": manifest, "figures/a.svg": figure})
    store.publish("f1/2026-01-04-unfinished", {"figures/a.svg": figure})
    assert store.runs() == ["데모/2026-01-01-a", "f1/2026-01-02-b", "f1/2026-01-03-c"]
    assert store.find("2026-01-01-a") == store.find("데모/2026-01-01-a") == "데모/2026-01-01-a"
    assert store.find("2026-01-02") == "f1/2026-01-02-b"
    assert store.read_file("f1/2026-01-03-c", "figures/a.svg") == "<svg/>"
    with pytest.raises(InputError, match=r"names 3 runs in .*the latest: .*2026-01-03-c"):
        store.find("2026")
    with pytest.raises(InputError, match="'1999' names no run in"):
        store.find("1999")


def test_a_published_file_replaces_an_older_one(store: RunStore) -> None:
    store.publish("demo/1", {"manifest.json": store.save_text("manifest.json", "old")})
    store.publish("demo/1", {"manifest.json": store.save_text("manifest.json", "new")})
    assert store.read_file("demo/1", "manifest.json") == "new"


def test_a_local_run_takes_no_space_twice(tmp_path: Path) -> None:
    store = RunStore(str(tmp_path))
    artifact = store.save_text("a.txt", "abc")
    store.publish("demo/1", {"a.txt": artifact})
    assert (tmp_path / "demo/1/a.txt").samefile(tmp_path / artifact.path)


def test_the_root_is_a_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WHENCE_RUNS", raising=False)
    monkeypatch.chdir(tmp_path)
    assert RunStore.current().root == str(tmp_path / "runs")
    monkeypatch.setenv("WHENCE_RUNS", "memory://x")
    assert RunStore.current().root == "memory://x"
    assert not RunStore.current().is_local


def test_a_run_that_has_not_ended_is_found_by_what_it_shows(store: RunStore) -> None:
    begun = store.save_text("parameters.json", "{}")
    store.publish("sbc/2026-01-04-d", {"parameters.json": begun})
    assert store.runs() == []
    assert store.runs("parameters.json") == ["sbc/2026-01-04-d"]
    assert store.find("2026-01-04", "parameters.json") == "sbc/2026-01-04-d"
    with pytest.raises(InputError, match="names no run"):
        store.find("2026-01-04")
