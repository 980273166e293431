"""A function with its inputs, carried to the processes of a pool once, and not with every call."""

import mmap
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import cloudpickle

LARGE = 100_000
"""Bytes from which an array is not copied, but the same memory in all processes."""
ALIGNED = 64
"""Arrays begin at multiples of so many bytes, as NumPy's own do."""


@dataclass(frozen=True)
class Shipped:
    """A function in a file, called as the function itself; what it holds is read once a process.

    Attributes
    ----------
    path
        The file.
    parts
        Where its large arrays begin and end, and after them all the rest; in bytes.
    """

    path: str
    parts: tuple[tuple[int, int], ...]

    def __call__(self, item: Any) -> Any:
        """Call the function."""
        return _received(self)(item)


def ship(function: Callable[[Any], Any], path: Path) -> Shipped:
    """Write a function with all that it holds.

    Parameters
    ----------
    function
        Anything that can be pickled; functions of a script that is run go along whole.
    path
        A file that is not there yet, in a folder to which nobody else may write.
    """
    arrays: list[pickle.PickleBuffer] = []

    def stays_inside(array: pickle.PickleBuffer) -> bool:
        if array.raw().nbytes < LARGE:
            return True
        arrays.append(array)
        return False

    rest = cloudpickle.dumps(function, protocol=5, buffer_callback=stays_inside)
    parts = []
    with path.open("wb") as file:
        for content in (*(array.raw() for array in arrays), memoryview(rest)):
            file.write(bytes(-file.tell() % ALIGNED))
            parts.append((file.tell(), file.tell() + content.nbytes))
            file.write(content)
    return Shipped(str(path), tuple(parts))


@lru_cache(maxsize=1)
def _received(shipped: Shipped) -> Callable[[Any], Any]:
    """The function; its large arrays cannot be written to."""
    with Path(shipped.path).open("rb") as file:
        content = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    *arrays, rest = (content[begin:end] for begin, end in shipped.parts)
    function: Callable[[Any], Any] = pickle.loads(rest, buffers=arrays)  # noqa: S301 (see `ship`)
    return function
