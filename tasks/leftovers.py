"""What killed processes left behind: unfinished files, and folders for temporary files."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG

from tasks.whole_files import UNFINISHED

STALE_SECONDS = 24 * 3600
"""After which nobody writes to them any more."""
TEMPORARY = "whence-*"
"""Folders for temporary files of this project, as its modules name them."""


@dataclass(frozen=True)
class Removed:
    """What was removed.

    Attributes
    ----------
    count
        Files and folders.
    size
        Bytes.
    """

    count: int
    size: int


def remove_leftovers(roots: Iterable[Path], now: float | None = None) -> Removed:
    """Remove what nobody has written to for a day.

    Parameters
    ----------
    roots
        Folders below which unfinished files lie; they need not be there. Folders for temporary
        files are looked for where the system keeps these, and only one's own are removed.
    now
        Seconds since the epoch; the present time if None.
    """
    before = (time.time() if now is None else now) - STALE_SECONDS
    count = size = 0
    for place in _leftovers(roots):
        with suppress(FileNotFoundError, PermissionError):  # gone meanwhile, or somebody else's
            states = [part.lstat() for part in (place, *place.rglob("*"))]
            if max(state.st_mtime for state in states) < before:
                _remove(place)
                count += 1
                size += sum(state.st_size for state in states if S_ISREG(state.st_mode))
    return Removed(count, size)


def _leftovers(roots: Iterable[Path]) -> Iterator[Path]:
    for root in roots:
        yield from list(root.rglob(f"*{UNFINISHED}"))
    for folder in list(Path(tempfile.gettempdir()).glob(TEMPORARY)):
        with suppress(FileNotFoundError):
            if folder.is_dir() and folder.lstat().st_uid == os.getuid():
                yield folder


def _remove(place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink()
