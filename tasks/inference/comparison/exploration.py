"""Statistics of heterogeneity without a model: what a meta-analysis reports first."""

import numpy as np
from pydantic import BaseModel, ConfigDict
from scipy import stats

from tasks.inference.comparison.units import FloatArray, Units


class Exploration(BaseModel):
    """Pooled estimate and heterogeneity of J units.

    Attributes
    ----------
    n_units
        J.
    pooled, pooled_se
        Precision-weighted mean and its standard error if all true effects are equal.
    q, q_p_value
        Cochran's Q, and the chance of a larger one if all true effects are equal.
    i_squared
        Part of the estimates' variation beyond their errors, max(0, (Q - (J - 1)) / Q).
    tau_squared
        DerSimonian and Laird's estimate of the variance between true effects.
    spread
        Standard deviation of the estimates.
    """

    model_config = ConfigDict(frozen=True)

    n_units: int
    pooled: float
    pooled_se: float
    q: float
    q_p_value: float
    i_squared: float
    tau_squared: float
    spread: float


def explore(units: Units) -> Exploration:
    """Compute the statistics.

    References
    ----------
    Cochran (1954), The combination of estimates from different experiments, Biometrics 10.
    DerSimonian & Laird (1986), Meta-analysis in clinical trials, Controlled Clinical Trials 7.
    Higgins & Thompson (2002), Quantifying heterogeneity, Statistics in Medicine 21, 1539-1558.

    Examples
    --------
    >>> explored = explore(Units(("a", "b", "c"), np.array([1.0, 2.0, 6.0]), np.ones(3)))
    >>> explored.pooled, explored.q, explored.tau_squared
    (3.0, 14.0, 6.0)
    """
    weights = units.sigma**-2.0
    pooled = weighted_mean(units.y, weights)
    q = float(weights @ np.square(units.y - pooled))
    freedom = len(units.y) - 1
    spare = max(q - freedom, 0.0)
    total = weights.sum()
    return Exploration(
        n_units=len(units.y),
        pooled=pooled,
        pooled_se=float(total**-0.5),
        q=q,
        q_p_value=float(stats.chi2.sf(q, freedom)),
        i_squared=spare / q if q > 0 else 0.0,
        tau_squared=float(spare / (total - np.square(weights).sum() / total)),
        spread=float(units.y.std(ddof=1)),
    )


def weighted_mean(values: FloatArray, weights: FloatArray) -> float:
    """Mean of values with weights that need not sum to 1."""
    return float(weights @ values / weights.sum())
