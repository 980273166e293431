"""The secret by which an installation knows again what it, or its team, has written.

What steps returned lies in the run root, where others than this installation may be able to write,
and reading it can run code. A seal tells what was written by somebody who holds the key.
"""

import os
import secrets
import uuid
from functools import lru_cache
from hashlib import sha256
from hmac import compare_digest
from hmac import digest as hmac_digest
from pathlib import Path

from tasks.errors import InputError
from tasks.locations import data_folder, private_folder

KEY = "key"
BYTES = 32
NOT_FOR_OTHERS = 0o027
"""Nobody else may read or change it; its group may read it, as of a secret that is mounted."""
ROOT = 0


def seal(content: bytes) -> str:
    """Seal a content with the key of this installation, which is made on first use.

    Parameters
    ----------
    content
        Any bytes.

    Returns
    -------
    str
        HMAC-SHA256, 64 hexadecimal digits.

    Raises
    ------
    InputError
        If the key is no key, or others may read or change it.

    References
    ----------
    RFC 2104, HMAC: Keyed-Hashing for Message Authentication.
    """
    place = data_folder() / KEY
    if not place.exists():
        _make(place)
    return hmac_digest(_read(place, place.stat().st_ctime_ns), content, sha256).hex()


def is_sealed(content: bytes, given: str) -> bool:
    """Whether a seal is that of a content by somebody who holds the key of this installation."""
    return compare_digest(seal(content).encode(), given.encode())


def check_key() -> None:
    """Refuse a key that is none, or that others may read or change, before a run begins.

    Raises
    ------
    InputError
        As of `seal`. Where there is no key yet, one is made when it is needed.
    """
    place = data_folder() / KEY
    if place.exists():
        _read(place, place.stat().st_ctime_ns)


def _make(place: Path) -> None:
    """Whole or not at all; of several that make it at once one wins, and all use what it made."""
    private_folder(place.parent)
    unfinished = place.with_name(f".{uuid.uuid4().hex}.unfinished")
    unfinished.touch(mode=0o600)
    try:
        unfinished.write_text(f"{secrets.token_hex(BYTES)}\n", encoding="ascii")
        os.link(unfinished, place)
    except FileExistsError:
        pass
    finally:
        unfinished.unlink()


@lru_cache(maxsize=1)
def _read(place: Path, _changed: int) -> bytes:
    status = place.stat()
    if status.st_uid not in (ROOT, os.getuid()) or status.st_mode & NOT_FOR_OTHERS:
        raise InputError(
            f"{place} says which results may be read, so it must be yours and closed to others: "
            f"chmod 600 {place}, or set WHENCE_DATA to a folder of your own."
        )
    try:
        key = bytes.fromhex(place.read_text(encoding="ascii"))
    except ValueError:
        key = b""
    if len(key) < BYTES:
        raise InputError(
            f"{place} must hold a key of {2 * BYTES} hexadecimal digits or more: remove it, so "
            "that a new one is made, or copy your team's."
        )
    return key
