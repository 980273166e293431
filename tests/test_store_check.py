"""Runs held against their manifests: every way of not being whole is found, and no other."""

import json
import uuid
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from tasks.run_store import MANIFEST, RunStore
from tasks.store_check import CheckedRun, StoreCheck

FILES = {"report.txt": "보고서\n", "shares.json": "{}\n", "figures/a.svg": "<svg/>\n"}


@pytest.fixture(params=["folder", "memory"])
def store(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> RunStore:
    monkeypatch.setenv("WHENCE_CACHE", str(tmp_path / "cache"))
    place = f"memory://{uuid.uuid4().hex}"
    return RunStore(place if request.param == "memory" else str(tmp_path / "자료 runs"))


def publish(store: RunStore, run: str, files: dict[str, str] = FILES) -> None:
    kept = {name: store.save_text(name.rpartition("/")[2], text) for name, text in files.items()}
    manifest = {"digests": {name: artifact.sha256 for name, artifact in kept.items()}}
    store.publish(run, kept | {MANIFEST: store.save_text(MANIFEST, json.dumps(manifest))})


def write(store: RunStore, path: str, content: bytes) -> None:
    """Replace a file, as an editor does."""
    filesystem, base = store._place
    if filesystem.exists(f"{base}/{path}"):
        filesystem.rm_file(f"{base}/{path}")
    filesystem.pipe_file(f"{base}/{path}", content)


def remove(store: RunStore, path: str) -> None:
    filesystem, base = store._place
    filesystem.rm_file(f"{base}/{path}")


def edit_manifest(store: RunStore) -> None:
    changed = sha256(b"other\n").hexdigest()
    manifest = json.loads(store.read_file("demo/1", MANIFEST))
    manifest["digests"]["report.txt"] = changed
    write(store, "demo/1/report.txt", b"other\n")
    write(store, f"demo/1/{MANIFEST}", json.dumps(manifest).encode())


def test_runs_that_are_whole_are_told_so_oldest_first(store: RunStore) -> None:
    publish(store, "상점/2026-01-02")
    publish(store, "demo/2026-01-01")
    check = StoreCheck(store)
    assert check.runs() == ["demo/2026-01-01", "상점/2026-01-02"]
    assert [check.check(run) for run in check.runs()] == [
        CheckedRun("demo/2026-01-01", has_ended=True, files=3),
        CheckedRun("상점/2026-01-02", has_ended=True, files=3),
    ]


def test_an_empty_store_has_no_runs(store: RunStore) -> None:
    assert StoreCheck(store).runs() == []


@pytest.mark.parametrize(
    ("break_it", "fault"),
    [
        (lambda store: write(store, "demo/1/shares.json", b"[]\n"), "shares.json has changed"),
        (lambda store: write(store, "demo/1/shares.json", b""), "shares.json has changed"),
        (lambda store: remove(store, "demo/1/figures/a.svg"), "figures/a.svg is missing"),
        (lambda store: write(store, "demo/1/b.txt", b"b"), "b.txt is not in the manifest"),
        (
            lambda store: write(store, "demo/1/manifest.json", b'{"digests": {}}'),
            "manifest.json is not what was saved",
        ),
        (
            lambda store: write(store, "demo/1/manifest.json", b"{"),
            "manifest.json is not what was saved",
        ),
        (edit_manifest, "manifest.json is not what was saved"),
    ],
)
def test_what_is_not_as_it_was_is_named(
    break_it: Callable[[RunStore], None], fault: str, store: RunStore
) -> None:
    publish(store, "demo/1")
    publish(store, "demo/2")
    break_it(store)
    check = StoreCheck(store)
    assert check.check("demo/1").faults == (fault,)
    assert check.check("demo/2").faults == ()


def test_a_run_without_a_manifest_has_not_ended(store: RunStore) -> None:
    store.publish("demo/1", {"contract.json": store.save_text("contract.json", "{}")})
    check = StoreCheck(store)
    assert check.runs() == ["demo/1"]
    assert check.check("demo/1") == CheckedRun("demo/1", has_ended=False)


def test_a_shared_object_that_has_changed_is_found_in_every_run(tmp_path: Path) -> None:
    store = RunStore(str(tmp_path))
    publish(store, "demo/1")
    publish(store, "demo/2")
    kept = tmp_path / store.save_text("shares.json", FILES["shares.json"]).path
    kept.chmod(0o644)
    kept.write_text("[]\n", encoding="utf-8")
    check = StoreCheck(store)
    assert [check.check(run).faults for run in check.runs()] == [("shares.json has changed",)] * 2
