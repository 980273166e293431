"""Replicates of a bootstrap, each with random numbers of its own, on one core or several."""

from collections.abc import Callable, Iterator, Sequence
from time import monotonic

import numpy as np
import numpy.typing as npt

from tasks.errors import InputError
from tasks.parallel import spread
from tasks.progress import track

WORTH_PROCESSES = 15.0
"""Seconds of work from which processes pay, each of which imports DoWhy."""

Statistics = dict[str, npt.NDArray[np.float64]]
Replicate = Callable[[np.random.Generator], Statistics]


def run_replicates(
    replicate: Replicate,
    rng: np.random.Generator,
    replicates: int,
    workers: int,
    worth_processes: float = WORTH_PROCESSES,
) -> list[Statistics]:
    """Run a replicate again and again.

    Parameters
    ----------
    replicate
        Gives statistics by name.
    rng
        Each run has a child of its own, so that nothing depends on the number of processes.
    replicates
        How many; at least 2.
    workers
        Most processes.
    worth_processes
        Seconds of work from which they are started, as the first run lets foresee.

    Raises
    ------
    InputError
        If there are too few replicates for a standard deviation.
    """
    if replicates < 2:
        raise InputError(f"An interval needs at least 2 replicates, got {replicates}.")
    runs = _run_all(replicate, rng.spawn(replicates), workers, worth_processes)
    return list(track(runs, "refitting mechanisms", replicates))


def _run_all(
    replicate: Replicate,
    children: Sequence[np.random.Generator],
    workers: int,
    worth_processes: float,
) -> Iterator[Statistics]:
    first, *others = children
    began = monotonic()
    yield from spread(replicate, [first], workers=1)
    is_worth = (monotonic() - began) * len(others) >= worth_processes
    yield from spread(replicate, others, workers=workers if is_worth else 1)
