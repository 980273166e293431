"""How many threads a fit or a prediction takes."""

import os
from contextlib import AbstractContextManager

from threadpoolctl import threadpool_limits


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
