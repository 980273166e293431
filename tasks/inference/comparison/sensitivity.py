"""What the models say under other settings of their priors."""

import itertools
from collections.abc import Mapping

import arviz as az

from tasks.inference.comparison.candidates import COMPETING
from tasks.inference.comparison.draws import draws_of, estimate
from tasks.inference.comparison.fitting import Fit
from tasks.inference.comparison.record import ModelName, ModelRecord, SensitivityRow
from tasks.inference.comparison.settings import Priors

TAU_SCALES = (2.0, 5.0, 10.0)
THRESHOLDS = (1.0, 2.0, 3.0, 4.0, 5.0, 10.0)
"""Both in units."""


def sensitivity_fits(priors: Priors) -> tuple[Fit, ...]:
    """The fits of both grids."""
    scaled: tuple[ModelName, ...] = ("hierarchical_noncentered", "hierarchical_skeptical")
    return (
        *(
            Fit(name, tau_scale=scale * priors.unit)
            for name, scale in itertools.product(scaled, TAU_SCALES)
        ),
        *(Fit("hierarchical_adaptive", threshold=of * priors.unit) for of in THRESHOLDS),
    )


def sensitivity_rows(fits: Mapping[Fit, az.InferenceData]) -> tuple[SensitivityRow, ...]:
    """Posterior of mu and tau at every point of the grids."""
    return tuple(
        SensitivityRow(
            model=fit.model,
            varied=varied,
            value=value,
            mu=estimate(draws_of(fit.model, drawn).mu),
            tau=estimate(draws_of(fit.model, drawn).tau),
        )
        for fit, drawn in fits.items()
        for varied, value in fit.varied.items()
    )


def tau_ratio(models: Mapping[ModelName, ModelRecord]) -> float:
    """Largest median of tau over the smallest, among the competing models."""
    medians = [tau.median for name in COMPETING if (tau := models[name].tau)]
    return max(medians) / min(medians)
