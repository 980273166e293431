"""What is shown on a terminal steers none: names from data may hold its control characters."""

import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Control characters but the tab and the end of a line, and marks of direction."""


def harmless(text: str) -> str:
    r"""Tell the characters that steer a terminal by their number, as JSON does.

    Examples
    --------
    >>> print(harmless("a\x1b[2Jb"))
    a\u001b[2Jb
    """
    return STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


class HarmlessLines(logging.Formatter):
    """Messages as they may be shown."""

    def format(self, record: logging.LogRecord) -> str:
        """The message of a record, and its traceback."""
        return harmless(super().format(record))


@contextmanager
def harmless_output() -> Iterator[None]:
    """Show what is printed inside the block as it may be shown."""
    kept = sys.stdout
    sys.stdout = cast(TextIO, _Harmless(kept))
    try:
        yield
    finally:
        sys.stdout = kept


class _Harmless:
    """A stream of text; all but the writing of texts is left to it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(harmless(text))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
