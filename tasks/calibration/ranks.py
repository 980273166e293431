"""Rank of a true value among posterior draws, with ties broken at random."""

import numpy as np
import numpy.typing as npt

from tasks.calibration.simulations import FloatArray
from tasks.errors import InputError

IntArray = npt.NDArray[np.int32]


def rank_of(truth: FloatArray, draws: FloatArray, rng: np.random.Generator) -> IntArray:
    """Rank of each true value among its posterior draws.

    If the truth comes from the prior and the draws are independent draws from the posterior, then
    the rank is uniform on 0..L, also where values are discrete.

    Parameters
    ----------
    truth
        True values of Q quantities, shape (Q,).
    draws
        L posterior draws, shape (L, Q).
    rng
        Breaks ties.

    Returns
    -------
    ndarray of shape (Q,)
        Number of draws strictly below the truth, and a uniform integer from 0 to the number of
        draws that equal it.

    Raises
    ------
    InputError
        If shapes do not fit, there is no draw, or a value is not finite.

    References
    ----------
    Talts, Betancourt, Simpson, Vehtari & Gelman (2018), Validating Bayesian inference algorithms
    with simulation-based calibration, arXiv:1804.06788.
    Modrák, Moon, Kim, Bürkner, Huurre, Faltejsková, Gelman & Vehtari (2025), Bayesian Analysis 20,
    461-488, for ties and for quantities that depend on the data.

    Examples
    --------
    >>> draws = np.array([[1.0, 5.0], [2.0, 6.0], [3.0, 7.0]])
    >>> rank_of(np.array([2.5, 9.0]), draws, np.random.default_rng(1)).tolist()
    [2, 3]
    """
    if truth.ndim != 1 or draws.shape[1:] != truth.shape or not len(draws):
        raise InputError(
            f"A rank needs true values (Q,) and draws (L, Q) with L >= 1, got {truth.shape} and "
            f"{draws.shape}."
        )
    _check_finite("true value", truth)
    _check_finite("draw", draws)
    below = (draws < truth).sum(axis=0)
    ties = (draws == truth).sum(axis=0)
    ranks: IntArray = (below + rng.integers(0, ties + 1)).astype(np.int32)
    return ranks


def check_ranks(ranks: IntArray, n_ranks: int) -> None:
    """Refuse what is no table of ranks.

    Parameters
    ----------
    ranks
        Ranks of N simulations, shape (N,) or (N, Q).
    n_ranks
        L + 1: a rank is one of 0..L.

    Raises
    ------
    InputError
        If there are fewer than two ranks to take, no simulation, or a rank outside of 0..L.
    """
    if n_ranks < 2:
        raise InputError(f"The number of ranks, L + 1, must be >= 2, got {n_ranks}.")
    if ranks.ndim not in (1, 2) or not ranks.size:
        raise InputError(f"Ranks must have shape (N,) or (N, Q) and no side 0, got {ranks.shape}.")
    if ranks.min() < 0 or ranks.max() >= n_ranks:
        raise InputError(
            f"A rank must be one of 0..{n_ranks - 1}, got {ranks.min()} to {ranks.max()}: leave "
            "out the fits that failed."
        )


def _check_finite(what: str, values: FloatArray) -> None:
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        index = tuple(bad[0].tolist())
        place = index[0] if len(index) == 1 else index
        raise InputError(f"A rank needs finite numbers, but {what} {place} is {values[index]}.")
