"""Bags of rows: a Poisson bootstrap whose draw for an entity depends on its id alone."""

import numpy as np
import numpy.typing as npt
from scipy import stats

from tasks.errors import InputError
from tasks.uncertainty.protocol import IntArray, TargetArray

MOST_DRAWS = 1000
POISSON_CDF = stats.poisson.cdf(np.arange(18), 1)


def draw_bag(
    entities: IntArray, seed: np.random.SeedSequence, classes: TargetArray | None = None
) -> IntArray:
    """Draw how often each row is in one bag.

    The count of an entity is Poisson with mean 1, as in the limit of the ordinary bootstrap, and
    is a function of the seed and the entity's id alone. Hence a whole entity is in the bag or out
    of it, and rows that are added, dropped or changed leave the draw of all others as it was:
    fits before and after a repair have their random numbers in common.

    A bag is drawn anew until two rows are in it and two out of it, and until it holds each class.

    Parameters
    ----------
    entities
        Id of each row's entity, shape (N,).
    seed
        The member's own.
    classes
        Class code of each row, shape (N,), or None.

    Returns
    -------
    numpy.ndarray
        Counts, shape (N,); the rows with 0 are out of the bag.

    Raises
    ------
    InputError
        If 1000 draws gave no such bag.

    References
    ----------
    Oza & Russell (2001), Online bagging and boosting, AISTATS, for the Poisson bootstrap.
    """
    keys = np.random.default_rng(seed)
    labels = np.zeros(len(entities), dtype=np.int64) if classes is None else classes
    every_label = np.unique(labels)
    for _ in range(MOST_DRAWS):
        counts = poisson_counts(entities, keys.integers(2**64, dtype=np.uint64))
        inside = counts > 0
        holds_all = np.array_equal(np.unique(labels[inside]), every_label)
        if holds_all and inside.sum() >= 2 and (~inside).sum() >= 2:
            return counts
    raise InputError(
        f"A bag must hold rows of every class and leave rows out, got none in {MOST_DRAWS} draws: "
        "merge rare classes, or give more entities."
    )


def poisson_counts(entities: IntArray, key: np.uint64) -> IntArray:
    """Poisson(1) draws that are the same wherever the same id meets the same key.

    Parameters
    ----------
    entities
        Integer ids, shape (N,).
    key
        Names the stream.

    Returns
    -------
    numpy.ndarray
        Counts, shape (N,).

    Examples
    --------
    >>> few, many = (poisson_counts(np.arange(n), np.uint64(7)) for n in (5, 9))
    >>> np.array_equal(few, many[:5])
    True

    References
    ----------
    Steele, Lea & Flood (2014), Fast splittable pseudorandom number generators, OOPSLA, for the
    mixing function (SplitMix64).
    """
    bits = _mix(_mix(entities.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)) ^ key)
    uniforms = (bits >> np.uint64(11)) * 2.0**-53
    return np.searchsorted(POISSON_CDF, uniforms, side="right").astype(np.int64)


def _mix(z: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
