"""How far each unit's effect is drawn towards the model's location, against its precision."""

import numpy as np
from scipy import stats

from tasks.inference.comparison.draws import Draws
from tasks.inference.comparison.findings import at_most, not_assessable
from tasks.inference.comparison.record import Finding
from tasks.inference.comparison.units import FloatArray, Units

LEAST_DISTANCE = 0.5
"""Of an estimate from the location, in standard errors: nearer ones do not tell a shrinkage."""
LEAST_UNITS = 4
"""Whose shrinkage can be told: fewer have no order worth a name."""


def shrinkage(draws: Draws, units: Units) -> FloatArray:
    """Part of the way from y to the location that the mean of theta has gone, shape (J,).

    With theta ~ N(mu, tau) it is about sigma^2 / (sigma^2 + tau^2), which falls with the precision.
    NaN where y lies within half a standard error of the location.
    """
    location = draws.location.mean(axis=(0, 1))
    distance = units.y - location
    gone = units.y - draws.theta.mean(axis=(0, 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        part = gone / distance
    return np.where(np.abs(distance) >= LEAST_DISTANCE * units.sigma, part, np.nan)


def shrinkage_finding(draws: Draws, units: Units) -> Finding:
    """Fail where precise units are drawn in more than imprecise ones: Spearman's rho above 0."""
    part = shrinkage(draws, units)
    told = np.isfinite(part)
    if not draws.tau.any():
        return not_assessable("shrinkage_order", 2, "Complete pooling draws in all units wholly.")
    if told.sum() < LEAST_UNITS or np.ptp(units.sigma[told]) == 0:
        return not_assessable(
            "shrinkage_order",
            2,
            f"Of {told.sum()} units alone the shrinkage can be told, or all are as precise.",
        )
    rho = float(stats.spearmanr(part[told], -units.sigma[told]).statistic)
    return at_most(
        "shrinkage_order",
        2,
        rho,
        0.0,
        f"The rank correlation of shrinkage with precision is {rho:+.2f} over {told.sum()} units; "
        "precise units should be drawn in less.",
    )
