"""Names from data and parameters as names of folders, and paths that stay below a root."""

import re
from typing import Annotated

from pydantic import AfterValidator

from tasks.errors import InputError

NO_PART = re.compile(
    r"[/\\\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""What no name may hold: separators, control characters, marks that turn the direction of what
follows, and halves of characters."""
MOST_BYTES = 200
"""Of a name in UTF-8: file systems take 255, and names get endings."""


def folder_name(text: str) -> str:
    """A name as a folder can bear it; one that can bear it stays as it is.

    Parameters
    ----------
    text
        Any name.

    Examples
    --------
    >>> folder_name("상점"), folder_name("../하나"), folder_name("..")
    ('상점', '_하나', 'unnamed')
    """
    plain = NO_PART.sub("_", text).lstrip(".")
    return plain.encode()[:MOST_BYTES].decode(errors="ignore") or "unnamed"


def _is_folder_name(text: str) -> str:
    if folder_name(text) != text:
        raise ValueError(
            f"must be fit for the name of a folder: 1 to {MOST_BYTES} bytes, no slash or control "
            f"character, no dot at its beginning; got {text!r:.60}"
        )
    return text


FolderName = Annotated[str, AfterValidator(_is_folder_name)]
"""A name that a folder can bear."""


def inside(path: str) -> str:
    """A relative path, if it stays below where it begins.

    Raises
    ------
    InputError
        If it leads elsewhere, or is no path.

    Examples
    --------
    >>> inside("shop/2026-01-01/figures/shares.svg")
    'shop/2026-01-01/figures/shares.svg'
    """
    parts = path.split("/")
    if "\0" in path or any(part in ("", ".", "..") for part in parts):
        raise InputError(f"A path must stay below the run root, got {path!r:.200}.")
    return path
