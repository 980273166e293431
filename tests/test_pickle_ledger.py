"""Pickles: loaded only where they were written."""

import json
import os
import pickle
import resource
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path, PosixPath
from threading import Barrier
from typing import Any

import numpy as np
import pytest

from tasks.errors import InputError
from tasks.locations import data_folder
from tasks.pickle_ledger import is_known, read_pickle, write_pickle
from tasks.uncertainty.tree_ensemble import TreeEnsemble

REFUSED = "was not written by this installation, and loading a pickle runs code"


class Trap:
    """Whoever loads it makes a folder."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.marker),)


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The ledger of an installation that has written nothing yet."""
    monkeypatch.setenv("WHENCE_DATA", str(tmp_path / "자료"))
    return tmp_path / "자료" / "pickles"


def test_the_data_folder_is_a_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHENCE_DATA", "here")
    monkeypatch.chdir(tmp_path)
    assert data_folder() == tmp_path / "here"
    monkeypatch.delenv("WHENCE_DATA")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    assert data_folder() == tmp_path / "home" / "whence"


def test_tests_leave_the_data_of_the_user_alone(own_data_folder: Path) -> None:
    assert data_folder() == own_data_folder
    write_pickle(1, own_data_folder / "one.pickle")
    assert len(list((own_data_folder / "pickles").iterdir())) >= 1


def test_what_was_written_is_read(ledger: Path, tmp_path: Path) -> None:
    path = tmp_path / "모형.pickle"
    content = {"weights": np.arange(6.0).reshape(2, 3), "names": ("무게", None)}
    digest = write_pickle(content, path)
    found = read_pickle(path, dict)
    np.testing.assert_array_equal(found["weights"], content["weights"])
    assert found["names"] == content["names"]
    assert path.read_bytes()[:2] == b"\x80\x05"  # protocol 5
    assert [entry.name for entry in ledger.iterdir()] == [digest]
    assert sorted(entry.name for entry in tmp_path.iterdir()) == sorted(["모형.pickle", "자료"])


def test_the_ledger_is_private_and_holds_each_digest_once(ledger: Path, tmp_path: Path) -> None:
    digests = {write_pickle(1, tmp_path / name) for name in ("a", "b", "a")}
    (entry,) = ledger.iterdir()
    assert {entry.name} == digests
    assert (ledger.stat().st_mode & 0o777, entry.stat().st_mode & 0o777) == (0o700, 0o600)
    assert entry.stat().st_size == 0


def test_an_unknown_pickle_is_refused_and_nothing_of_it_is_run(
    ledger: Path, tmp_path: Path
) -> None:
    write_pickle({"members": 3}, tmp_path / "known.pickle")
    marker, path = tmp_path / "marker", tmp_path / "model.pickle"
    path.write_bytes(pickle.dumps(Trap(marker)))
    digest = sha256(path.read_bytes()).hexdigest()
    with pytest.raises(InputError, match=rf"^model\.pickle \(SHA-256 {digest[:12]}\) {REFUSED}"):
        read_pickle(path, dict)
    assert not marker.exists()
    pickle.loads(path.read_bytes())  # noqa: S301 (control: it would have run)
    assert marker.is_dir()


def test_a_forged_manifest_and_a_forged_ledger_beside_a_pickle_vouch_for_nothing(
    ledger: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    (run / "pickles").mkdir(parents=True)
    marker, path = tmp_path / "marker", run / "model.pickle"
    path.write_bytes(pickle.dumps(Trap(marker)))
    digest = sha256(path.read_bytes()).hexdigest()
    (run / "pickles" / digest).touch()
    (run / "manifest.json").write_text(json.dumps({"files": {"model.pickle": digest}}))
    with pytest.raises(InputError, match=REFUSED):
        read_pickle(path, dict)
    assert not marker.exists()


class SwappedOnceRead(PosixPath):
    """A file that somebody replaces by a trap as soon as it has been read."""

    trap: bytes

    def read_bytes(self) -> bytes:
        data = super().read_bytes()
        self.write_bytes(self.trap)
        return data


def test_the_bytes_that_were_checked_are_those_that_are_loaded(
    ledger: Path, tmp_path: Path
) -> None:
    path = SwappedOnceRead(tmp_path / "model.pickle")
    path.trap = pickle.dumps(Trap(tmp_path / "marker"))
    write_pickle([1], path)
    assert read_pickle(path, list) == [1]
    assert Path(path).read_bytes() == path.trap
    assert not (tmp_path / "marker").exists()


@pytest.mark.parametrize("change", [b"", b"\x00"], ids=["cut", "longer"])
def test_a_pickle_of_another_length_is_refused(change: bytes, ledger: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.pickle"
    write_pickle([1, 2, 3], path)
    data = path.read_bytes()
    path.write_bytes(data + change if change else data[:-1])
    with pytest.raises(InputError, match=REFUSED):
        read_pickle(path, list)


def test_a_changed_byte_is_refused_wherever_it_is(ledger: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.pickle"
    write_pickle([1, 2, "three"], path)
    data = path.read_bytes()
    for i in range(len(data)):
        path.write_bytes(data[:i] + bytes([data[i] ^ 1]) + data[i + 1 :])
        with pytest.raises(InputError, match=REFUSED):
            read_pickle(path, list)
    path.write_bytes(data)
    assert read_pickle(path, list) == [1, 2, "three"]


def test_only_a_file_of_the_exact_digest_counts(ledger: Path, tmp_path: Path) -> None:
    known = write_pickle([1], tmp_path / "known.pickle")
    path = tmp_path / known  # named as what the ledger knows
    path.write_bytes(pickle.dumps([2]))
    digest = sha256(path.read_bytes()).hexdigest()
    assert digest.upper() != digest
    for name in (digest.upper(), digest[:12], f"{digest}.pickle", f" {digest}", f"0x{digest}"):
        (ledger / name).touch()
    (ledger / known[:2]).mkdir()
    (ledger / known[:2] / digest).touch()
    (ledger / digest).mkdir()
    for given_path in (path, tmp_path / "자료" / ".." / known, ledger / ".." / ".." / known):
        with pytest.raises(InputError, match=REFUSED):
            read_pickle(given_path, list)
    (ledger / digest).rmdir()
    (ledger / digest).touch()
    assert read_pickle(path, list) == [2]


def test_a_digest_is_known_once_its_pickle_is_written(ledger: Path, tmp_path: Path) -> None:
    digest = write_pickle([1, 2], tmp_path / "model.pickle")
    assert is_known(digest)
    (tmp_path / "pickle").touch()
    strange = (
        "0" * 64,
        digest[:-1],
        digest.upper(),
        "",
        ".",
        f"../{'pickle':>61}".replace(" ", "/"),
    )
    assert not any(map(is_known, strange))


def test_another_installation_refuses_what_this_one_wrote(
    ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.pickle"
    write_pickle([1], path)
    monkeypatch.setenv("WHENCE_DATA", str(tmp_path / "other"))
    with pytest.raises(InputError, match=REFUSED):
        read_pickle(path, list)
    assert not (tmp_path / "other").exists()
    write_pickle([2], tmp_path / "own.pickle")
    with pytest.raises(InputError, match=REFUSED):
        read_pickle(path, list)


def test_another_kind_is_refused(ledger: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.pickle"
    write_pickle({"models": ()}, path)
    with pytest.raises(InputError, match=r"model\.pickle must hold TreeEnsemble, got dict"):
        read_pickle(path, TreeEnsemble)


@pytest.mark.parametrize("mode", [0o720, 0o702])
def test_a_ledger_that_others_may_write_to_is_not_believed(
    mode: int, ledger: Path, tmp_path: Path
) -> None:
    path = tmp_path / "model.pickle"
    write_pickle([1], path)
    ledger.chmod(mode)
    with pytest.raises(InputError, match="writable by nobody else"):
        read_pickle(path, list)
    with pytest.raises(InputError, match="writable by nobody else"):
        write_pickle([2], tmp_path / "second.pickle")
    assert not (tmp_path / "second.pickle").exists()
    ledger.chmod(0o700)
    assert read_pickle(path, list) == [1]


def test_a_ledger_of_somebody_else_is_not_believed(ledger: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.pickle"
    if os.getuid() == 0:
        write_pickle([1], path)
        os.chown(ledger, 12345, -1)
        with pytest.raises(InputError, match="must be yours"):
            read_pickle(path, list)
    else:
        ledger.parent.mkdir()
        ledger.symlink_to("/")  # which is root's
    with pytest.raises(InputError, match="must be yours"):
        write_pickle([2], tmp_path / "second.pickle")
    assert not (tmp_path / "second.pickle").exists()


def test_writers_and_readers_at_once_lose_nothing(ledger: Path, tmp_path: Path) -> None:
    shared = tmp_path / "shared.pickle"
    write_pickle([-1], shared)

    def work(number: int) -> str:
        digest = write_pickle([number // 2] * 1000, tmp_path / f"{number}.pickle")
        write_pickle([number], shared)
        assert len(read_pickle(shared, list)) == 1  # whole, and known before it is seen
        return digest

    with ThreadPoolExecutor(16) as pool:
        digests = list(pool.map(work, range(64)))
    assert len(set(digests)) == 32
    assert len(list(ledger.iterdir())) == 32 + 65
    for number in range(64):
        assert read_pickle(tmp_path / f"{number}.pickle", list) == [number // 2] * 1000
    assert [path for path in tmp_path.iterdir() if "unfinished" in path.name] == []


def test_first_writers_at_once_share_a_new_ledger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = Barrier(8)

    def work(number: int) -> str:
        together.wait()
        return write_pickle(number, tmp_path / f"{number}.pickle")

    with ThreadPoolExecutor(8) as pool:
        for installation in range(20):
            data = tmp_path / "new" / str(installation)
            monkeypatch.setenv("WHENCE_DATA", str(data))
            digests = set(pool.map(work, range(8)))
            assert {entry.name for entry in (data / "pickles").iterdir()} == digests
            assert len(digests) == 8


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_write_that_breaks_off_leaves_what_was_there(ledger: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    large = list(range(100_000))
    with files_of_at_most(5000), pytest.raises(OSError, match="too large"):
        write_pickle(large, folder / "model.pickle")
    assert list(folder.iterdir()) == []
    write_pickle([1], folder / "model.pickle")
    with files_of_at_most(5000), pytest.raises(OSError, match="too large"):
        write_pickle(large, folder / "model.pickle")
    assert [path.name for path in folder.iterdir()] == ["model.pickle"]
    assert read_pickle(folder / "model.pickle", list) == [1]


def test_no_file_appears_that_the_ledger_could_not_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "full").write_text("no folder")
    monkeypatch.setenv("WHENCE_DATA", str(tmp_path / "full"))
    with pytest.raises(OSError, match="full"):
        write_pickle([1], tmp_path / "model.pickle")
    assert [path.name for path in tmp_path.iterdir()] == ["full"]


def test_content_that_cannot_be_pickled_leaves_nothing(ledger: Path, tmp_path: Path) -> None:
    with pytest.raises((pickle.PicklingError, AttributeError)):
        write_pickle([1, lambda: None], tmp_path / "model.pickle")
    assert list(tmp_path.iterdir()) == []
