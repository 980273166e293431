"""Names from data, contracts and parameters lead to no file outside of their own folders."""

import gzip
import os
import uuid
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fsspec
import polars as pl
import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from flows.api_guard import served_place
from flows.artifact_keys import artifact_key
from flows.cli import main
from flows.finishing import run_name
from tasks.beliefs.interview_file import read_interview
from tasks.contract import load_contract
from tasks.domain import Domain, FolderSource
from tasks.errors import InputError, RunError
from tasks.folder_names import MOST_BYTES, folder_name, inside
from tasks.relations.given_data import file_name, keep_tables
from tasks.relations.location import refuse_block
from tasks.relations.profiling.database import open_database
from tasks.relations.profiling.database_draft import draft_database
from tasks.relations.sources import read_tables, source_files
from tasks.run_store import Artifact, RunStore
from tasks.strict_yaml import read_yaml
from tests.test_contract import GOOD

HOSTILE = (
    *("..", ".", "", "/", "/etc/passwd", "../../x", "a/b", "a/../../b", "..\\..\\x", ".objects"),
    *("a\0b", "a\nb", "\x1b[31mred", "\x7f", "\x9b2J", "a\u202egnp.exe", "\u2066x", "\u200fx"),
    *("x" * 300, "가" * 100, "😀" * 80),
)
NAMES = st.text(max_size=120) | st.sampled_from(HOSTILE)


def outside(folder: Path) -> list[Path]:
    """What lies in the folder above, besides it."""
    return [path for path in folder.parent.iterdir() if path != folder]


@given(NAMES)
@example("\ud800")
def test_a_folders_name_is_one_part_of_a_path(name: str) -> None:
    plain = folder_name(name)
    assert (Path("/runs") / plain).resolve().parent == Path("/runs")
    assert 1 <= len(plain.encode()) <= MOST_BYTES
    assert not plain.startswith(".")
    assert folder_name(plain) == plain


@pytest.mark.parametrize("name", ["상점", "f1", "a b", "x.y", "e-shop_2", "x" * 200, "한" * 66])
def test_usual_names_stay_as_they_are(name: str) -> None:
    assert folder_name(name) == name


@pytest.mark.parametrize("name", HOSTILE)
def test_a_contract_with_another_name_is_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "contract.yaml"
    path.write_text(yaml.safe_dump(GOOD | {"name": name}), encoding="utf-8")
    with pytest.raises(InputError, match=r"\n  name: .* fit for the name of a folder"):
        load_contract(path)
    path.write_text(yaml.safe_dump(GOOD | {"name": "plain"}), encoding="utf-8")
    assert load_contract(path).name == "plain"


@given(NAMES)
def test_a_run_lies_in_a_folder_of_the_root(name: str) -> None:
    folder, _, run = run_name(name, datetime.now(UTC)).partition("/")
    assert folder_name(folder) == folder
    assert folder_name(run) == run


@given(NAMES)
def test_keys_of_artifacts_are_plain(name: str) -> None:
    key = artifact_key(name) if name.isprintable() else artifact_key(folder_name(name))
    assert set(key) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


@given(NAMES)
def test_a_table_has_one_file_whatever_it_is_called(name: str) -> None:
    for ending in ("parquet", "faults.parquet"):
        plain = file_name(name, ending)
        assert (Path("/runs") / plain).parent == Path("/runs")
        assert plain.endswith(ending)
        assert len(plain.encode()) <= 255


@pytest.mark.parametrize("name", HOSTILE)
def test_tables_of_a_database_are_kept_in_the_store(name: str, tmp_path: Path) -> None:
    root, copied = tmp_path / "a" / "runs", tmp_path / "a.parquet"
    root.parent.mkdir()
    pl.DataFrame({"x": [1]}).write_parquet(copied)
    given_files = keep_tables(RunStore(str(root)), "sqlite:///x", {name: copied}).files
    kept = (root / given_files[name].path).resolve()
    assert kept.is_relative_to(root / ".objects")
    assert outside(root) == []


BELOW = ["a", "상점/run", "shop/run/figures/a.svg", "x..y/..z", "a b/\u200bc"]
ABOVE = ["", "/", "/etc/passwd", "..", "a/..", "a/../../b", "./a", "a//b", "a/", "a\0/b"]


def test_paths_stay_below_the_root_or_are_refused() -> None:
    assert [inside(path) for path in BELOW] == BELOW
    for path in ABOVE:
        with pytest.raises(InputError, match="must stay below the run root"):
            inside(path)


@pytest.mark.parametrize("path", ABOVE)
@pytest.mark.parametrize("kind", ["folder", "memory"])
def test_no_store_writes_or_reads_elsewhere(
    path: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHENCE_CACHE", str(tmp_path / "caches" / "cache"))
    root = tmp_path / "top" / "runs"
    root.mkdir(parents=True)
    store = RunStore(str(root) if kind == "folder" else f"memory://{uuid.uuid4().hex}/runs")
    kept = store.save_text("a.txt", "a")
    refused = pytest.raises(InputError, match="must stay below the run root")
    with refused:
        store.save_text(path, "x")
    with refused:
        store.publish(path, {"a.txt": kept})
    with refused:
        store.publish("shop/run", {path: kept})
    with refused:
        store.read_file("shop", path)
    if not path.startswith("/"):
        with refused:
            store.fetch(Artifact(path=path, sha256=kept.sha256))
    if kind == "memory":
        with refused:
            store.fetch(Artifact(path=kept.path, sha256=path))
    assert outside(root) == []
    assert sorted(root.iterdir()) in ([], [root / ".objects"])


def test_a_digest_that_is_a_path_makes_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who may write to a shared store could otherwise write to the machines of those who read."""
    monkeypatch.setenv("WHENCE_CACHE", str(tmp_path / "cache"))
    root = f"memory://{uuid.uuid4().hex}"
    filesystem, base = fsspec.url_to_fs(root)
    filesystem.pipe_file(f"{base}/scm/run/authorized_keys", b"ssh-ed25519 AAAA")
    forged = Artifact(path="scm/run/authorized_keys", sha256="../../.ssh")
    with pytest.raises((InputError, RunError)):
        RunStore(root).fetch(forged)
    assert list(tmp_path.rglob("authorized_keys")) == []


@pytest.mark.parametrize("name", ["../secret", "..", "/etc", "shop/../../x", "*", "[a-z]*", ""])
def test_a_run_is_only_found_among_runs(name: str, tmp_path: Path) -> None:
    root = tmp_path / "runs"
    store = RunStore(str(root))
    shown = {"manifest.json": store.save_text("manifest.json", "{}")}
    for run in ("shop/2026-a", "shop/2026-b"):
        store.publish(run, shown)
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "manifest.json").write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match="names"):
        store.find(name)


def test_no_command_takes_a_path_for_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x" / "y").mkdir(parents=True)
    for name in ("manifest.json", "report.txt", "effects_data.json"):
        (tmp_path / "x" / "y" / name).write_text("{}", encoding="utf-8")
    monkeypatch.setenv("WHENCE_RUNS", str(tmp_path / "runs"))
    assert main(["report", "../x/y"]) == 2
    assert "names no run" in capsys.readouterr().err
    with pytest.raises(InputError, match="names no run"):
        RunStore.current().find("../x/y", "effects_data.json")  # as `whence sbc --of` does


def contract(**tables: Any) -> Domain:
    """A contract of tables of one column each, in a folder of CSV files."""
    content = {name: {"columns": {"a": {"type": "integer"}}} for name in tables}
    source = FolderSource(kind="csv")
    return Domain(name="x", title="x", source=source, tables=content, tasks={})


@pytest.mark.parametrize("name", [*HOSTILE, "x" * 5000])
def test_a_table_is_a_file_of_its_folder(name: str, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for place in (tmp_path / "x.csv", tmp_path / "data" / "b.csv"):
        place.write_text("a\n1\n", encoding="utf-8")
    (tmp_path / "data" / "a").mkdir()
    (tmp_path / "data" / "a" / "b.csv").write_text("a\n1\n", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be a file of a folder"):
        source_files(contract(**{name: 1, "b": 1}), tmp_path / "data", tmp_path)
    assert len(source_files(contract(b=1), tmp_path / "data", tmp_path)) == 1


def no_file(place: Path, kind: str) -> None:
    match kind:
        case "pipe":
            os.mkfifo(place)
        case "device":
            place.symlink_to("/dev/zero")
        case "folder":
            place.mkdir()
        case "dangling link":
            place.symlink_to(place.parent / "nowhere")
        case "circle":
            place.symlink_to(place)


@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "dangling link", "circle"])
def test_what_is_no_file_is_not_read(kind: str, tmp_path: Path) -> None:
    """Nobody waits for the end of a pipe or a device."""
    folder = tmp_path / "data"
    folder.mkdir()
    no_file(folder / "a.csv", kind)
    with pytest.raises(InputError, match=r"a\.csv', which is missing"):
        read_tables(contract(a=1), folder)
    with pytest.raises(InputError, match="must hold CSV or Parquet files"):
        open_database(str(folder), refuse_block, tmp_path)
    (folder / "b.csv").write_text("a\n1\n", encoding="utf-8")
    assert list(open_database(str(folder), refuse_block, tmp_path).files) == ["b"]
    no_file(tmp_path / "contract.yaml", kind)
    for read in (load_contract, read_interview, read_yaml):
        with pytest.raises(InputError, match=r"contract\.yaml"):
            read(tmp_path / "contract.yaml")


def test_a_link_to_a_file_is_followed(tmp_path: Path) -> None:
    """Data often lie elsewhere; who links to a file may read it anyway."""
    (tmp_path / "data").mkdir()
    (tmp_path / "large.csv").write_text("a\n1\n", encoding="utf-8")
    (tmp_path / "data" / "a.csv").symlink_to(tmp_path / "large.csv")
    assert read_tables(contract(a=1), tmp_path / "data")["a"].frame["a"].to_list() == [1]


@pytest.mark.parametrize("name", ["../../evil", "..", "a/b", "x\x1b[31m", "x" * 300])
def test_a_drafted_domain_has_a_folders_name(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    rows = pl.DataFrame({"id": range(400), "paid": [k % 7 for k in range(400)]})
    days = pl.date_range(pl.date(2020, 1, 1), pl.date(2021, 2, 3), "1d", eager=True)
    rows.with_columns(day=days).write_csv(folder / "sales.csv")
    database = open_database(str(folder), refuse_block, tmp_path)
    drafted, _ = draft_database(database, name, "sales.paid")
    assert drafted.name == folder_name(name)


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
@pytest.mark.parametrize(
    "pack", [gzip.compress, zlib.compress, lambda data: zlib.compress(data, 0)]
)
def test_a_packed_table_is_not_unpacked(pack: Any, encoding: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(pack(b"a\n" + b"1\n" * 100_000))
    told = contract(a=1)
    source = FolderSource(kind="csv", dialect={"encoding": encoding})
    with pytest.raises(InputError, match=r"a\.csv (is compressed|cannot be read|must have)"):
        read_tables(told.model_copy(update={"source": source}), tmp_path)


def laughs(levels: int, merge: bool = False) -> str:
    """A text of some lines that stands for ten to the power of its levels values."""
    lines = ["a0: &a0 {x: lol}" if merge else "a0: &a0 [lol]"]
    for level in range(1, levels + 1):
        below = ", ".join([f"*a{level - 1}"] * 10)
        lines.append(f"a{level}: &a{level} " + (f"{{<<: [{below}]}}" if merge else f"[{below}]"))
    return "\n".join(lines)


YAMLS = {
    "an object": ("x: !!python/object/apply:os.mkdir [%s]", "could not determine a constructor"),
    "a module": ("x: !!python/module:antigravity", "could not determine a constructor"),
    "an object's new": ("!!python/object/new:subprocess.check_output [[touch, %s]]", "constructor"),
    "laughs": (laughs(9), "aliases written out"),
    "merged laughs": (laughs(9, merge=True), "aliases written out"),
    "a circle": ("x: &x [*x]", "aliases written out"),
    "a merged circle": ("x: &x {<<: *x}", "aliases written out"),
    "depth": ("[" * 5000, "nested too deeply"),
    "a key twice": ("x: 1\ny: 2\nx: 3", "'x' is written twice"),
    "a key twice in two ways": ("10: 1\n0xa: 2", "10 is written twice"),
    "half a character": ('"\\ud800": 1', "surrogates not allowed"),
    "a day that is none": ("x: 2020-13-45", "month must be in"),
    "a number of many digits": (f"x: {'9' * 5000}", "must be YAML"),
}


@pytest.mark.parametrize("kind", YAMLS)
def test_a_hostile_yaml_is_refused_and_nothing_of_it_is_run(kind: str, tmp_path: Path) -> None:
    text, said = YAMLS[kind]
    path = tmp_path / "contract.yaml"
    path.write_text(text.replace("%s", str(tmp_path / "marker")), encoding="utf-8")
    for read in (load_contract, read_interview):
        with pytest.raises(InputError, match=r"contract\.yaml") as refusal:
            read(path)
        assert said in str(refusal.value)
        assert len(str(refusal.value)) < 1000
    assert [place.name for place in tmp_path.iterdir()] == ["contract.yaml"]


def test_a_file_without_end_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "contract.yaml"
    with path.open("wb") as file:
        file.truncate(2**40)  # takes no room
    with pytest.raises(InputError, match="must have at most 16 MB"):
        load_contract(path)


def test_aliases_and_merges_of_usual_size_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(
        "base: &base {x: 1, y: 2}\nnested: {more: &more {<<: *base, y: 3}}\n"
        "all: [*base, *base]\nlast: {<<: *more, z: 4}\n",
        encoding="utf-8",
    )
    assert read_yaml(path) == {
        "base": {"x": 1, "y": 2},
        "nested": {"more": {"x": 1, "y": 3}},
        "all": [{"x": 1, "y": 2}] * 2,
        "last": {"x": 1, "y": 3, "z": 4},
    }


def test_no_link_in_a_served_folder_leads_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a client may name is what the server serves, and nothing that lies beside it."""
    served, secret = tmp_path / "served", tmp_path / "secret.csv"
    (served / "shop").mkdir(parents=True)
    for place in (secret, served / "large.csv", served / "shop" / "a.csv"):
        place.write_text("a\n1\n", encoding="utf-8")
    monkeypatch.setenv("WHENCE_API_DATA", str(served))
    (served / "shop" / "b.csv").symlink_to(served / "large.csv")
    assert served_place("shop", "source") == served / "shop"
    for target in (secret, "../../secret.csv", "c.csv", tmp_path / "nowhere"):
        (served / "shop" / "c.csv").symlink_to(target)
        with pytest.raises(InputError, match="must lie below the folder that the server serves"):
            served_place("shop", "source")
        (served / "shop" / "c.csv").unlink()
    assert served_place("shop", "source") == served / "shop"
