"""Files that appear whole or not at all, also where their writer is killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.whole_files import UNFINISHED, link_or_copy, whole_file

KILLED_WHILE_WRITING = """
import os, signal, sys
from pathlib import Path
from tasks.whole_files import whole_file
with whole_file(Path(sys.argv[1])) as unfinished:
    unfinished.write_text("half", encoding="utf-8")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    place = tmp_path / "자료" / "a.txt"
    for text in ("older", "newer"):
        with whole_file(place) as unfinished:
            unfinished.write_text(text, encoding="utf-8")
            assert unfinished.parent == place.parent
        assert place.read_text(encoding="utf-8") == text
    assert [path.name for path in place.parent.iterdir()] == ["a.txt"]


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    place = tmp_path / "a.txt"
    place.write_text("older", encoding="utf-8")

    def fail() -> None:
        with whole_file(place) as unfinished:
            unfinished.write_text("half", encoding="utf-8")
            raise OSError("no more")

    with pytest.raises(OSError, match="no more"):
        fail()
    assert place.read_text(encoding="utf-8") == "older"
    assert list(tmp_path.iterdir()) == [place]


def test_a_writer_that_is_killed_leaves_no_half_of_a_file(tmp_path: Path) -> None:
    place = tmp_path / "a.txt"
    ended = subprocess.run([sys.executable, "-c", KILLED_WHILE_WRITING, str(place)], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert not place.exists()
    (left,) = tmp_path.iterdir()
    assert left.read_text(encoding="utf-8") == "half"
    assert left.name.endswith(UNFINISHED)


def test_a_file_is_shown_under_a_second_name(tmp_path: Path) -> None:
    kept, shown = tmp_path / "kept.txt", tmp_path / "shown.txt"
    kept.write_text("new", encoding="utf-8")
    shown.write_text("old", encoding="utf-8")
    link_or_copy(kept, shown)
    assert shown.samefile(kept)


def test_where_links_are_not_possible_it_is_a_copy(tmp_path: Path) -> None:
    elsewhere = Path("/dev/shm") if Path("/dev/shm").is_dir() else tmp_path  # noqa: S108
    kept = elsewhere / f"kept-{os.getpid()}.txt"
    kept.write_text("new", encoding="utf-8")
    try:
        link_or_copy(kept, tmp_path / "shown.txt")
    finally:
        kept.unlink()
    assert (tmp_path / "shown.txt").read_text(encoding="utf-8") == "new"
