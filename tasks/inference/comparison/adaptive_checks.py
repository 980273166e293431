"""Stage 2, of the adaptive model alone: whether its change of scale is worth it and harmless."""

from collections.abc import Sequence

import arviz as az
import numpy as np

from tasks.inference.comparison.computation import Computation
from tasks.inference.comparison.draws import Draws
from tasks.inference.comparison.findings import at_least, at_most, not_assessable
from tasks.inference.comparison.record import Finding, ModelName, SensitivityRow
from tasks.inference.comparison.settings import ComparisonSettings, Priors
from tasks.inference.comparison.units import FloatArray

CHECKS = ("ess_gain", "time_gain", "bimodal_tau", "threshold_change")
OTHERWISE_SAMPLED = "The model without the change of scale had to be sampled in another way."
NEAR = (2.0, 4.0)
"""Thresholds between which the answer may not change, in units."""
GRID = 512


def adaptive_findings(
    name: ModelName,
    draws: Draws,
    computed: Computation | None,
    reference: Computation | None,
    grid: Sequence[SensitivityRow],
    priors: Priors,
    settings: ComparisonSettings,
) -> tuple[Finding, ...]:
    """Judge the adaptive model against the non-centred one, the `reference`.

    Time is told in evaluations of the gradient, of which one costs both models about the same:
    seconds are noise on a machine with other work, and differ from run to run.
    """
    if name != "hierarchical_adaptive" or computed is None or reference is None:
        return tuple(not_assessable(check, 2, "The model is not adaptive.") for check in CHECKS)
    if (computed.integrated, computed.adapt_delta) != (reference.integrated, reference.adapt_delta):
        gains = tuple(not_assessable(check, 2, OTHERWISE_SAMPLED) for check in CHECKS[:2])
    else:
        gains = gain_findings(computed, reference, settings)
    valley = valley_depth(draws.raw_tau.ravel(), priors.threshold)
    change = largest_change(grid, priors)
    return (
        *gains,
        at_most(
            "bimodal_tau",
            2,
            valley,
            settings.most_valley,
            f"The deepest valley of tau's density near the threshold takes {100 * valley:.0f} % "
            "off the lower of the modes beside it.",
        ),
        at_most(
            "threshold_change",
            2,
            change,
            settings.most_change,
            f"From threshold {NEAR[0] * priors.unit:.3g} to {NEAR[1] * priors.unit:.3g} the "
            f"answer changes by {100 * change:.0f} %.",
        ),
    )


def gain_findings(
    computed: Computation, reference: Computation, settings: ComparisonSettings
) -> tuple[Finding, ...]:
    """Judge how much better tau is sampled than in the non-centred model, the `reference`."""
    gain = computed.ess_tau / reference.ess_tau - 1
    per_gradient = (gain + 1) * reference.gradients / computed.gradients - 1
    return (
        at_least(
            "ess_gain",
            2,
            gain,
            settings.least_gain,
            f"The effective sample size of tau is {100 * gain:+.0f} % of that without the change "
            "of scale.",
        ),
        at_least(
            "time_gain",
            2,
            per_gradient,
            settings.least_gain,
            f"Per evaluation of the gradient it is {100 * per_gradient:+.0f} %.",
        ),
    )


def valley_depth(tau: FloatArray, threshold: float) -> float:
    """Part by which the density of tau sinks between two modes, near a threshold; 0 without one.

    Parameters
    ----------
    tau
        Draws, shape (S,), all above 0.
    threshold
        The valley is looked for from half of it to one and a half, within the central 95 % of the
        draws: farther out are too few for a mode.

    References
    ----------
    Silverman (1986), Density Estimation for Statistics and Data Analysis, 2.10 on bounds and 3.4
    on the bandwidth.
    """
    low, high, far = np.quantile(tau, [0.025, 0.975, 0.995])
    top = max(float(far), 2 * threshold)
    grid, density = az.kde(tau[tau <= top], bw="silverman", custom_lims=(0, top), grid_len=GRID)
    start, end = max(0.5 * threshold, low), min(1.5 * threshold, high)
    near = np.flatnonzero((start <= grid) & (grid <= end))
    before = np.maximum.accumulate(density)[near]
    after = np.maximum.accumulate(density[::-1])[::-1][near]
    return float(np.max(1 - density[near] / np.minimum(before, after), initial=0.0))


def largest_change(grid: Sequence[SensitivityRow], priors: Priors) -> float:
    """Largest change of the means of mu and tau between the thresholds of `NEAR`.

    A change of tau counts relative to its mean at the design's threshold, one of mu relative to
    its mean or its posterior sd, whichever is larger, as mu may be 0.
    """
    rows = [
        row
        for row in grid
        if row.varied == "threshold"
        and NEAR[0] * priors.unit <= row.value * (1 + 1e-9)
        and row.value <= NEAR[1] * priors.unit * (1 + 1e-9)
    ]
    middle = min(rows, key=lambda row: abs(row.value - priors.threshold))
    tau = [row.tau.mean for row in rows]
    mu = [row.mu.mean for row in rows]
    return max(
        float(np.ptp(tau)) / middle.tau.mean,
        float(np.ptp(mu)) / max(abs(middle.mu.mean), middle.mu.sd),
    )
