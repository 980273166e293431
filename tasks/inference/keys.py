"""Importance of the foreign keys from their replicate cells, with credible intervals of shares."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tasks.attribution.fractions import fractions_of_cells
from tasks.bayes.conjugate import variance_reduction
from tasks.bayes.importance_shares import share_interval
from tasks.bayes.interval import intervals
from tasks.bayes.key_importance import draw_importance, importance_posterior
from tasks.errors import InputError

PRIOR_SHAPE, PRIOR_SCALE = 1.0, 0.05
"""Of sigma2_FK, for importances as fractions of the whole: 90 % of it is 0.13 to 1 as an sd."""
DRAWS = 10_000
LEAST_ERROR2 = 1e-16
"""Squared error of a fraction taken for 0, which that of a key that no member uses is."""


@dataclass(frozen=True)
class KeyShare:
    """Share of one foreign key in the importance of all.

    Attributes
    ----------
    mean
        Its fraction of the gains.
    share
        Posterior mean and 95 % interval of its share; None where shares are not assessable.
    reduction
        Part of the posterior variance of its importance that as many replicates again would take
        away.
    """

    key: str
    mean: float
    share: dict[str, float] | None
    reduction: float


def key_shares(
    keys: Sequence[str], cells: npt.NDArray[np.float64], rng: np.random.Generator
) -> tuple[KeyShare, ...]:
    """Shares of the foreign keys by the hierarchical normal model of their importances.

    Parameters
    ----------
    keys
        K names.
    cells
        Gain of each key in each replicate cell, shape (K, J, V).
    rng
        Source of randomness.

    Returns
    -------
    tuple of KeyShare
        In the order given. A key's observations are its J V cells; how many independent ones they
        are worth follows from the standard error of its fraction, in which cells that share
        members or rows are not independent.

    Raises
    ------
    InputError
        As `fractions_of_cells`.
    """
    fractions = fractions_of_cells(cells)
    error2 = np.maximum(fractions.standard_errors**2, LEAST_ERROR2)
    n = np.full(len(keys), cells[0].size, dtype=np.float64)
    sigma2_obs = float((n * error2).max())
    worth = sigma2_obs / error2
    posterior = importance_posterior(fractions.values, worth, sigma2_obs, PRIOR_SHAPE, PRIOR_SCALE)
    draws = draw_importance(posterior, DRAWS, rng)[1]
    lam = sigma2_obs / float(np.exp(posterior.weights @ posterior.log_sigma2_fk))
    reductions = variance_reduction(worth, worth, lam)
    return tuple(
        KeyShare(key, float(mean), share, float(less))
        for key, mean, share, less in zip(
            keys, fractions.values, _shares(draws), reductions, strict=True
        )
    )


def _shares(draws: npt.NDArray[np.float64]) -> list[dict[str, float] | None]:
    """Mean and interval of each key's share, where shares are assessable.

    The importances are fractions of one whole whose error is in theirs. So they are divided by the
    mean of the draws' sums: divided by the sum of its own draw, a half of the whole would have an
    interval too short by a third, since the draws of the keys are independent.
    """
    try:
        share_interval(draws)
    except InputError:
        return [None] * draws.shape[1]
    gains = np.maximum(draws, 0.0)
    shares = np.minimum(gains / gains.sum(axis=1).mean(), 1.0)
    return [share.model_dump() for share in intervals(shares)]
