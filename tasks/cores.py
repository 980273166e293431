"""How many cores there are, and on how many of them a library computes."""

import os
from contextlib import AbstractContextManager
from functools import cache

from threadpoolctl import ThreadpoolController


def usable_cores() -> int:
    """Number of cores that this process may use."""
    return len(os.sched_getaffinity(0))


def one_thread() -> AbstractContextManager[object]:
    """Keep scikit-learn's OpenMP to one thread where the calling thread computes.

    Where other work holds a core, a team of OpenMP threads waits for its slowest, spinning: small
    trees were seen to take a hundred times as long. Sums do not depend on the number of cores
    either. OpenMP keeps this number for each thread of Python, so that none disturbs another.
    """
    limits: AbstractContextManager[object] = _libraries().limit(limits=1, user_api="openmp")
    return limits


def one_blas_thread() -> AbstractContextManager[object]:
    """Keep linear algebra to one thread, in all threads of this process.

    The last digits of sums depend on the number of threads that they are shared out to.
    """
    limits: AbstractContextManager[object] = _libraries().limit(limits=1, user_api="blas")
    return limits


@cache
def _libraries() -> ThreadpoolController:
    """The libraries, which take some milliseconds to find, once they are all loaded."""
    import scipy.linalg  # noqa: F401
    import sklearn.utils._openmp_helpers  # noqa: F401

    return ThreadpoolController()
