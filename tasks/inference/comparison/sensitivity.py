"""What the models say under other settings of their priors."""

import itertools
from collections.abc import Mapping

from tasks.inference.comparison.candidates import COMPETING
from tasks.inference.comparison.exact_posterior import exact_posterior
from tasks.inference.comparison.record import ModelName, ModelRecord, SensitivityRow, Varied
from tasks.inference.comparison.settings import Priors
from tasks.inference.comparison.units import Units

TAU_SCALES = (2.0, 5.0, 10.0)
THRESHOLDS = (1.0, 2.0, 3.0, 4.0, 5.0, 10.0)
"""Both in units."""


def sensitivity(units: Units, priors: Priors) -> tuple[SensitivityRow, ...]:
    """Posterior of mu and tau at every point of the grids, exactly."""
    scaled: tuple[ModelName, ...] = ("hierarchical_noncentered", "hierarchical_skeptical")
    points: list[tuple[ModelName, Varied, float]] = [
        *((name, "tau_scale", scale) for name, scale in itertools.product(scaled, TAU_SCALES)),
        *(("hierarchical_adaptive", "threshold", threshold) for threshold in THRESHOLDS),
    ]
    rows = []
    for name, varied, in_units in points:
        value = in_units * priors.unit
        mu, tau = exact_posterior(name, units, priors, **{varied: value})
        rows.append(SensitivityRow(model=name, varied=varied, value=value, mu=mu, tau=tau))
    return tuple(rows)


def tau_ratio(models: Mapping[ModelName, ModelRecord]) -> float:
    """Largest median of tau over the smallest, among the competing models."""
    medians = [tau.median for name in COMPETING if (tau := models[name].tau)]
    return max(medians) / min(medians)
