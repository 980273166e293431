"""Whether units differ enough to be told apart, and whether complete pooling is honest of each."""

import numpy as np

from tasks.inference.comparison.draws import Draws
from tasks.inference.comparison.exploration import Exploration
from tasks.inference.comparison.findings import at_least, not_assessable
from tasks.inference.comparison.record import Finding
from tasks.inference.comparison.settings import ComparisonSettings

HETEROGENEITY = "heterogeneity"
UNIT_INTERVALS = "unit_intervals"


def heterogeneity_finding(draws: Draws, explored: Exploration) -> Finding:
    """Fail where the units' true effects differ by less than the pooled estimate is unsure.

    A model that fails is not wrong but richer than the data need: it gives way to complete pooling
    where that is adequate.
    """
    if not draws.tau.any():
        return not_assessable(HETEROGENEITY, 3, "The model has no tau.")
    spread = float(np.median(draws.theta.std(axis=-1, ddof=1)))
    return at_least(
        HETEROGENEITY,
        3,
        spread,
        explored.pooled_se,
        f"The median sd of the units' effects is {spread:.3g}, the pooled estimate's standard "
        f"error {explored.pooled_se:.3g}.",
    )


def unit_intervals_finding(
    draws: Draws, partial_pooling: Draws, settings: ComparisonSettings
) -> Finding:
    """Fail where complete pooling's 95 % interval misses effects that partial pooling allows.

    Its interval is that of the common effect: as narrow as if tau were known to be 0. Where the
    data leave room for a small tau, it would be too sure of every single unit.
    """
    if draws.tau.any():
        return not_assessable(UNIT_INTERVALS, 2, "The model does not pool completely.")
    low, high = np.quantile(draws.mu, [0.025, 0.975])
    theta = partial_pooling.theta
    share = float(((low <= theta) & (theta <= high)).mean())
    return at_least(
        UNIT_INTERVALS,
        2,
        share,
        settings.least_covered,
        f"By partial pooling its 95 % interval, that of the common effect, holds a unit's effect "
        f"with the probability {share:.2f}.",
    )
