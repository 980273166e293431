"""Independent random numbers for each purpose from one seed."""

import numpy as np

from tasks.bayes.digests import digest_of


def child_seed(seed: int, purpose: str) -> np.random.SeedSequence:
    """A seed for one purpose: it depends on the seed and the purpose's name, on no other purpose.

    Examples
    --------
    >>> first = np.random.default_rng(child_seed(1, "blocks")).integers(1000)
    >>> first == np.random.default_rng(child_seed(1, "blocks")).integers(1000)
    np.True_
    >>> first == np.random.default_rng(child_seed(1, "donors")).integers(1000)
    np.False_
    """
    return np.random.SeedSequence([seed, int(digest_of(purpose)[:16], 16)])


def generator(seed: int, purpose: str) -> np.random.Generator:
    """A generator from `child_seed`."""
    return np.random.default_rng(child_seed(seed, purpose))
