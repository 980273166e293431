"""How many threads a fit or a prediction takes."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager

from threadpoolctl import threadpool_limits

PIECES_A_CORE = 4


def one_thread() -> AbstractContextManager[object]:
    """Keep scikit-learn's OpenMP to one thread; processes are what runs in parallel.

    Where other work holds a core, a team of OpenMP threads waits for its slowest, spinning: small
    trees were seen to take a hundred times as long. Sums do not depend on the number of cores
    either.
    """
    limits: AbstractContextManager[object] = threadpool_limits(1, user_api="openmp")
    return limits


def usable_cores() -> int:
    """Number of cores that this process may use."""
    return len(os.sched_getaffinity(0))


def over_rows(work: Callable[[slice], None], n_rows: int, least: int) -> None:
    """Do some work on all rows, in pieces on all cores.

    Threads of Python wait without spinning, so that a busy core does not hold up the others.

    Parameters
    ----------
    work
        On some of the rows; releases the interpreter's lock.
    n_rows
        N.
    least
        Rows that are worth a piece of their own.
    """
    n_pieces = min(n_rows // least, PIECES_A_CORE * usable_cores())
    if n_pieces < 2:
        work(slice(0, n_rows))
        return
    bounds = [n_rows * piece // n_pieces for piece in range(n_pieces + 1)]
    with ThreadPoolExecutor(usable_cores()) as pool:
        for _ in pool.map(work, map(slice, bounds[:-1], bounds[1:])):
            pass
