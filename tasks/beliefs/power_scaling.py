"""Sensitivity of a posterior to its prior and to its likelihood, each raised to a power near 1."""

import math

import numpy as np
from scipy.special import xlogy

from tasks.beliefs.belief import Belief
from tasks.beliefs.conflict_record import Number, Sensitivity
from tasks.beliefs.cumulative import cumulative, moments
from tasks.beliefs.cut_law import Floats
from tasks.beliefs.data_side import DataSide
from tasks.beliefs.jackknife import normalised, number

ALPHAS = (0.99, 1.01)
THRESHOLD = 0.05
REACH = 3.662
"""Quantile 7999/8000 of a standard normal: half of what 4000 draws span."""
CELLS = 2000


def power_scaling(
    side: DataSide, rows: Floats, prior: Belief, ends: tuple[float, float]
) -> tuple[Number, Number]:
    """Sensitivity of a posterior to its prior and to its likelihood.

    The distance between the posterior and that with the prior (the likelihood) raised to a power
    is the cumulative Jensen-Shannon distance, the larger of those of the quantity and of its
    negative; sensitivity is its mean over the powers 0.99 and 1.01, per doubling of the power.
    Errors are those of the weights; of reweighted draws they are rough, since smoothed weights
    vary less than the jackknife supposes. The distance depends on the range that it is taken
    over: as published that of the draws. Nodes and reweighted draws have no range of their own,
    and that of draws is a matter of chance; `ends_of_draws` gives what 4000 draws reach.

    Parameters
    ----------
    side
        Whose values are weighted.
    rows
        Log weights of the posterior under `prior`, as of `replicates`.
    prior
        What is raised to a power, on the quantity alone.
    ends
        Of the range.

    Returns
    -------
    prior_sensitivity, likelihood_sensitivity

    References
    ----------
    Kallioinen, Paananen, Bürkner & Vehtari (2024), Detecting and Diagnosing Prior and Likelihood
    Sensitivity with Power-Scaling, Statistics and Computing 34, 57.

    Nguyen & Vreeken (2015), Non-parametric Jensen-Shannon Divergence, ECML PKDD 2015, LNCS 9285,
    173-189.
    """
    log_prior = prior.log_density(side.values)
    points, widths = _cells(side, ends)
    base = cumulative(side, rows)(points)

    def sensitivity(component: Floats) -> Number:
        distances = np.zeros(len(rows))
        for alpha in ALPHAS:
            scaled = normalised(rows + (alpha - 1) * component)
            distances += _distance(base, cumulative(side, scaled)(points), widths)
        return number(distances / (2 * math.log2(ALPHAS[1])))

    # Where the prior is 0 so is the posterior's weight: its log may be anything there.
    return (
        sensitivity(np.where(np.isfinite(log_prior), log_prior, 0.0)),
        sensitivity(side.log_likelihood),
    )


def diagnosis(prior: Number, likelihood: Number) -> Sensitivity:
    """What the two sensitivities say together.

    Examples
    --------
    >>> diagnosis(Number(value=0.05), Number(value=0.05))
    'prior-data conflict'
    >>> diagnosis(Number(value=0.2), Number(value=0.01))
    'strong prior or weak data'
    >>> diagnosis(Number(value=0.01), Number(value=0.2))
    'no concern'
    """
    if prior.value < THRESHOLD:
        return "no concern"
    is_conflict = likelihood.value >= THRESHOLD
    return "prior-data conflict" if is_conflict else "strong prior or weak data"


def ends_of_draws(side: DataSide, rows: Floats) -> tuple[float, float]:
    """How far 4000 draws of a normal posterior of this mean and standard deviation would reach."""
    mean, sd = moments(side.values, np.exp(rows[:1]))
    low, high = side.reference.support()
    return float(max(mean[0] - REACH * sd[0], low)), float(min(mean[0] + REACH * sd[0], high))


def _cells(side: DataSide, ends: tuple[float, float]) -> tuple[Floats, Floats]:
    """Where distribution functions are compared, and the width that each place stands for."""
    if side.is_quadrature:
        edges = np.linspace(*ends, CELLS + 1)
        return (edges[:-1] + edges[1:]) / 2, np.diff(edges)
    edges = np.unique(np.append(np.clip(side.values, *ends), ends))
    return edges[:-1], np.diff(edges)


def _distance(p: Floats, q: Floats, widths: Floats) -> Floats:
    """Cumulative Jensen-Shannon distance of distribution functions, each (R, G), as rows (R,)."""
    p, q = np.clip(p, 0.0, 1.0), np.clip(q, 0.0, 1.0)  # sums of weights end near 1
    divergences = [_divergence(p, q, widths), _divergence(1 - p, 1 - q, widths)]
    return np.asarray(np.sqrt(np.maximum(np.max(divergences, axis=0), 0.0)))


def _divergence(p: Floats, q: Floats, widths: Floats) -> Floats:
    """Symmetrised divergence over its upper bound; its linear terms cancel."""
    terms = xlogy(p, p) + xlogy(q, q) - xlogy(p + q, (p + q) / 2)
    bound = (p + q) @ widths
    return np.asarray((terms @ widths) / (math.log(2) * np.where(bound > 0, bound, 1.0)))
