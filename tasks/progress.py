"""How far a long loop has come, told to whoever listens."""

from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from time import monotonic
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Progress:
    """State of a loop.

    Attributes
    ----------
    label
        What is done in it.
    done, total
        Passes made, and passes expected in all (None where nothing is known beforehand).
    seconds
        Since the loop began.
    """

    label: str
    done: int
    total: int | None
    seconds: float

    @property
    def fraction(self) -> float | None:
        """Part that is done; None where it is not known how much there is, or there is nothing.

        Examples
        --------
        >>> Progress("fits", 1, 4, 2.0).fraction
        0.25
        >>> Progress("fits", 0, 0, 0.0).fraction is None
        True
        """
        return self.done / self.total if self.total else None

    @property
    def seconds_left(self) -> float | None:
        """Time left if the passes to come take as long as those made; None before the first."""
        if not self.done or self.total is None:
            return None
        return self.seconds * max(self.total - self.done, 0) / self.done


Listener = Callable[[Progress], None]
_LISTENER: ContextVar[Listener | None] = ContextVar("whence_progress", default=None)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Call a function at each pass of every tracked loop inside the block."""
    token = _LISTENER.set(listener)
    try:
        yield
    finally:
        _LISTENER.reset(token)


def track(
    items: Iterable[T], label: str, total: int | Callable[[], int] | None = None
) -> Iterator[T]:
    """Go through a loop and tell how far it has come, before the first pass and after each.

    Parameters
    ----------
    items
        What to go through.
    label
        What is done in the loop, such as ``fitting members``.
    total
        Number of passes expected, or what gives it after each pass; that of the items if they have
        a length.

    Examples
    --------
    >>> with listening(lambda progress: print(progress.label, progress.done, progress.total)):
    ...     squares = [item**2 for item in track([1, 2], "squaring")]
    squaring 0 2
    squaring 1 2
    squaring 2 2
    """
    listener = _LISTENER.get()
    if listener is None:
        yield from items
        return
    if total is None and isinstance(items, Sized):
        total = len(items)
    began = monotonic()
    listener(Progress(label, 0, total() if callable(total) else total, 0.0))
    for done, item in enumerate(items, start=1):
        yield item
        expected = total() if callable(total) else total
        listener(Progress(label, done, expected, monotonic() - began))
