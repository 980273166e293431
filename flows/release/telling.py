"""What a release tells on the terminal: a line a step, with its seconds."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Tell = Callable[[str], None]


@contextmanager
def timed(tell: Tell, step: str) -> Iterator[None]:
    """Tell that what happens inside the block was done, and how long it took.

    Parameters
    ----------
    tell
        Is given the line.
    step
        What happens, in words.
    """
    began = time.monotonic()
    try:
        yield
    except BaseException:
        tell(f"  FAILED  {step}")
        raise
    tell(f"  {time.monotonic() - began:6.1f} s  {step}")
