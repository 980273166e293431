"""Files that appear whole or not at all."""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import file_digest
from pathlib import Path

UNFINISHED = ".unfinished"
"""Ending of what is still being written."""


@contextmanager
def whole_file(place: Path) -> Iterator[Path]:
    """Write a file under another name, and give it its own when it is whole and on the disk.

    Parameters
    ----------
    place
        Where the file is to lie; its folder is made. An older file there is replaced.

    Yields
    ------
    pathlib.Path
        Where to write. Where the block fails nothing is left, and what was there stays.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with whole_file(folder / "a.txt") as unfinished:
    ...     _ = unfinished.write_text("whole", encoding="utf-8")
    >>> [path.name for path in folder.iterdir()]
    ['a.txt']
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    unfinished = place.with_name(f".{uuid.uuid4().hex}{UNFINISHED}")
    try:
        yield unfinished
        with unfinished.open("rb") as written:
            os.fsync(written.fileno())  # else a power cut may keep the name and lose the bytes
        unfinished.replace(place)
    finally:
        unfinished.unlink(missing_ok=True)


def link_or_copy(kept: Path, shown: Path) -> None:
    """Show a file under a second name, too.

    Parameters
    ----------
    kept
        The file, which nobody edits in place.
    shown
        Its second name; an older file there is replaced. Hard links cost no space; where they are
        not possible it is a copy.
    """
    shown.unlink(missing_ok=True)
    try:
        os.link(kept, shown)
    except OSError:
        with whole_file(shown) as unfinished:
            shutil.copyfile(kept, unfinished)


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, 64 hexadecimal digits."""
    with path.open("rb") as content:
        return file_digest(content, "sha256").hexdigest()
