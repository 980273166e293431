"""Work on all rows, on all cores."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tasks.cores import usable_cores

PIECES_A_CORE = 4


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
