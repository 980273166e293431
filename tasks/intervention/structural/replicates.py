"""Replicates of a bootstrap, each with random numbers of its own, on one core or several."""

import pickle
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from joblib import Parallel, delayed

from tasks.errors import InputError
from tasks.progress import track
from tasks.uncertainty.threads import one_thread

Statistics = dict[str, npt.NDArray[np.float64]]
Replicate = Callable[[np.random.Generator], Statistics]


def run_replicates(
    replicate: Replicate, rng: np.random.Generator, replicates: int, workers: int
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
        Number of processes.

    Raises
    ------
    InputError
        If there are too few replicates for a standard deviation.
    """
    if replicates < 2:
        raise InputError(f"An interval needs at least 2 replicates, got {replicates}.")
    runs = _run_all(replicate, rng.spawn(replicates), workers)
    return list(track(runs, "refitting mechanisms", replicates))


def _run_all(
    replicate: Replicate, children: Sequence[np.random.Generator], workers: int
) -> Iterator[Statistics]:
    if workers == 1:
        with one_thread():
            yield from map(replicate, children)
        return
    packed = pickle.dumps(replicate)  # once, not for each replicate
    yield from Parallel(n_jobs=workers, return_as="generator")(
        delayed(_run_packed)(packed, child) for child in children
    )


def _run_packed(packed: bytes, child: np.random.Generator) -> Statistics:
    with one_thread():
        return _unpack(packed)(child)


@lru_cache(maxsize=1)
def _unpack(packed: bytes) -> Replicate:
    replicate: Replicate = pickle.loads(packed)  # noqa: S301 (from the process that started this)
    return replicate
