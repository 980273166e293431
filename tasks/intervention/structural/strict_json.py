"""Text and JSON from outside, read strictly: what is ambiguous or broken is refused."""

import json
from pathlib import Path
from typing import Any

from tasks.errors import InputError


def read_bytes(path: Path) -> bytes:
    """Read a file that somebody named.

    Raises
    ------
    InputError
        If there is no such file or it may not be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error


def decode_utf8(data: bytes, what: str) -> str:
    r"""Text in UTF-8; a byte order mark is left out.

    Parameters
    ----------
    data
        Any bytes.
    what
        Names the data at the start of an error's sentence.

    Raises
    ------
    InputError
        If the bytes are not UTF-8. The message says which byte, counted from 0.

    Examples
    --------
    >>> decode_utf8(b"\xef\xbb\xbfa", "The request")
    'a'
    """
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{what} must be in UTF-8, byte {error.start} (counted from 0) is not: {error.reason}."
        ) from error


def parse_json(data: bytes, what: str = "The request") -> object:
    r"""Parse JSON in UTF-8.

    ``NaN``, ``Infinity`` and ``-Infinity`` pass as floats: whoever uses the numbers can name the
    place where they stand.

    Parameters
    ----------
    data
        One JSON value.
    what
        Names the data at the start of an error's sentence.

    Returns
    -------
    object
        Dictionaries, lists, strings, numbers, truth values and None.

    Raises
    ------
    InputError
        If the data are not UTF-8, are not JSON, hold a key twice in one object, are nested too
        deeply, hold a whole number of more digits than Python reads, or escape half a character.

    References
    ----------
    RFC 8259, The JavaScript Object Notation (JSON) Data Interchange Format, sections 4, 8 and 9.

    Examples
    --------
    >>> parse_json(b'{"a": 1, "a": 2}')
    Traceback (most recent call last):
    ...
    tasks.errors.InputError: The request holds the key 'a' twice in one object.
    """
    text = decode_utf8(data, what)

    def object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for key in found if keys.count(key) > 1)
            raise InputError(f"{what} holds the key {twice!r:.60} twice in one object.")
        return found

    try:
        content: object = json.loads(text, object_pairs_hook=object_of)
        if "\\u" in text:
            json.dumps(content, ensure_ascii=False).encode()
    except InputError:
        raise
    except json.JSONDecodeError as error:
        raise InputError(
            f"{what} must be JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from error
    except RecursionError as error:
        raise InputError(f"{what} is nested too deeply to be read.") from error
    except UnicodeEncodeError as error:
        half = f"\\u{ord(error.object[error.start]):04x}"
        raise InputError(f"{what} must escape whole characters, {half} is half of one.") from error
    except ValueError as error:
        raise InputError(f"{what} holds a whole number of too many digits to be read.") from error
    return content


def read_json(path: Path) -> object:
    """Parse a JSON file; refused is what `read_bytes` or `parse_json` refuses."""
    return parse_json(read_bytes(path), str(path))
