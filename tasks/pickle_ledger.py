"""Pickles that only the installation which wrote them loads.

Loading a pickle runs the code that it names. Whoever made a file can also make whatever lies
beside it, so no manifest can vouch for a pickle: a ledger outside of all runs does.
"""

import os
import pickle
import re
import uuid
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from tasks.errors import InputError
from tasks.locations import data_folder, private_folder

T = TypeVar("T")
PROTOCOL = 5
OTHERS_MAY_WRITE = 0o022


def write_pickle(content: object, path: Path) -> str:
    """Write a pickle, whole or not at all, once the ledger holds its digest.

    Parameters
    ----------
    content
        Anything that can be pickled.
    path
        In a folder that exists; an older file there is replaced.

    Returns
    -------
    str
        SHA-256 of the bytes, 64 hexadecimal digits.

    Raises
    ------
    InputError
        If others may write to the ledger.

    References
    ----------
    The Python documentation of `pickle`: "Only unpickle data you trust".
    """
    data = pickle.dumps(content, PROTOCOL)
    digest = sha256(data).hexdigest()
    remember(digest)
    unfinished = path.with_name(f".{uuid.uuid4().hex}.unfinished")
    try:
        unfinished.write_bytes(data)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return digest


def remember(digest: str) -> None:
    """Let a pickle be loaded here: this installation wrote it, or one that shares its key.

    Parameters
    ----------
    digest
        SHA-256 that a sealed result names, in hexadecimal digits.

    Raises
    ------
    InputError
        If it is no digest, or others may write to the ledger.
    """
    ledger = private_folder(_ledger())
    _check_owner(ledger)
    if not _is_digest(digest):
        raise InputError(
            f"A pickle is known by its SHA-256 in hexadecimal digits, got {digest!r:.60}."
        )
    (ledger / digest).touch(mode=0o600)


def read_pickle(path: Path, kind: type[T]) -> T:
    """Load a pickle that this installation wrote; nothing of any other is run.

    Parameters
    ----------
    path
        Read once: the bytes that are checked are those that are loaded.
    kind
        What it must hold.

    Raises
    ------
    InputError
        If the ledger does not know the bytes, others may write to the ledger, or the pickle holds
        something else.
    """
    data = path.read_bytes()
    digest = sha256(data).hexdigest()
    if not is_known(digest):
        raise InputError(
            f"{path.name} (SHA-256 {digest[:12]}) was not written by this installation, and "
            "loading a pickle runs code that its maker chose: fit the model again, with --refresh."
        )
    _check_owner(_ledger())
    content = pickle.loads(data)  # noqa: S301 (the ledger knows these bytes)
    if not isinstance(content, kind):
        raise InputError(
            f"{path.name} must hold {kind.__name__}, got {type(content).__name__}: "
            "name a file of that kind."
        )
    return content


def _is_digest(text: str) -> bool:
    return re.fullmatch("[0-9a-f]{64}", text) is not None


def is_known(digest: str) -> bool:
    """Whether this installation wrote the pickle with this SHA-256, in hexadecimal digits."""
    return _is_digest(digest) and (_ledger() / digest).is_file()


def _ledger() -> Path:
    """Folder of one empty file for each pickle written, named by its digest."""
    return data_folder() / "pickles"


def _check_owner(ledger: Path) -> None:
    status = ledger.stat()
    if status.st_uid != os.getuid() or status.st_mode & OTHERS_MAY_WRITE:
        raise InputError(
            f"{ledger} says which pickles may be loaded, so it must be yours and writable by "
            "nobody else: remove it, or set WHENCE_DATA to a folder of your own."
        )
