"""What killed processes left is removed when it is a day old, and nothing else."""

import os
import time
from pathlib import Path

import pytest

from tasks.leftovers import Removed, remove_leftovers

HOUR = 3600


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the system keeps temporary files."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def make(path: Path, hours: float) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"12345")
    at = time.time() - hours * HOUR
    os.utime(path, (at, at))
    os.utime(path.parent, (at, at))
    return path


def test_what_is_a_day_old_is_removed(tmp_path: Path, temporary: Path) -> None:
    root = tmp_path / "runs"
    old = [
        make(root / ".objects/ab/.1f.unfinished", 25),
        make(root / "demo/1/.2f.unfinished", 30),
        make(temporary / "whence-abc/chain_1.csv", 25),
    ]
    new = [
        make(root / ".objects/ab/.3f.unfinished", 23),
        make(root / ".objects/ab/abc/shares.json", 1000),
        make(temporary / "whence-new/chain_1.csv", 23),
        make(temporary / "other-abc/chain_1.csv", 1000),
    ]
    assert remove_leftovers([root, tmp_path / "nowhere"]) == Removed(3, 15)
    assert [path.exists() for path in old] == [False] * 3
    assert [path.exists() for path in new] == [True] * 4
    assert not (temporary / "whence-abc").exists()
    assert remove_leftovers([root]) == Removed(0, 0)


def test_a_folder_is_kept_while_something_in_it_is_written(temporary: Path, tmp_path: Path) -> None:
    written = make(temporary / "whence-abc/deep/chain_1.csv", 1)
    at = time.time() - 100 * HOUR
    os.utime(temporary / "whence-abc", (at, at))
    assert remove_leftovers([tmp_path / "runs"]) == Removed(0, 0)
    assert written.exists()


def test_an_unfinished_folder_is_removed_with_what_it_holds(
    tmp_path: Path, temporary: Path
) -> None:
    make(tmp_path / "cache/programs/mean-1f.unfinished/mean", 25)
    assert remove_leftovers([tmp_path / "cache"]) == Removed(1, 5)
    assert list((tmp_path / "cache/programs").iterdir()) == []
