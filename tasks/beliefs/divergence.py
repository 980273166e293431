"""How far a posterior lies from a belief: Kullback-Leibler divergence, 1-Wasserstein distance."""

import math

import numpy as np

from tasks.beliefs.belief import Belief
from tasks.beliefs.conflict_record import Number
from tasks.beliefs.cumulative import cumulative
from tasks.beliefs.cut_law import Floats
from tasks.beliefs.data_side import DataSide
from tasks.beliefs.jackknife import number
from tasks.beliefs.marginal_likelihood import MarginalLikelihood

NEGLIGIBLE = 1e-6
"""Probability outside of a belief's support that is let pass: the tail of a cut law, say."""
LOGITS = np.linspace(-30.0, 30.0, 1201)
GAUSS = np.array([0.5 - math.sqrt(1 / 12), 0.5 + math.sqrt(1 / 12)])


def kl_divergence(
    side: DataSide, rows: Floats, likelihood: MarginalLikelihood, client: Belief
) -> Number | None:
    """Kullback-Leibler divergence of the posterior under the reference prior from a belief, nats.

    The posterior's log density at a value is that of the reference prior plus the log likelihood,
    of draws as `marginal_likelihood` estimates it. The bias of that with 4000 draws is below 0.01
    for normal, beta, gamma, uniform and Student-t (5 degrees of freedom) likelihoods, at any
    autocorrelation up to 0.9.

    Parameters
    ----------
    side, rows
        The data's side and its `replicates`.
    likelihood
        Of the side.
    client
        The belief.

    Returns
    -------
    Number or None
        None where it is infinite: more than one part in a million of the posterior lies where the
        belief rules everything out.

    References
    ----------
    Kullback & Leibler (1951), On Information and Sufficiency, Annals of Mathematical Statistics 22.
    """
    weights = np.exp(rows)
    log_client = client.log_density(side.values)
    is_ruled_out = np.isneginf(log_client)
    if weights[0] @ is_ruled_out > NEGLIGIBLE:
        return None
    log_likelihood = side.log_likelihood if side.is_quadrature else likelihood.at(side.values)
    prior_ratio = side.reference.log_density(side.values) - np.where(is_ruled_out, 0.0, log_client)
    found = number((weights * (prior_ratio + log_likelihood)).sum(axis=1))
    return found.model_copy(update={"value": max(found.value, 0.0)})


def wasserstein(side: DataSide, rows: Floats, client: Belief) -> Number | None:
    """1-Wasserstein distance of the posterior under the reference prior from a belief.

    Parameters
    ----------
    side, rows
        The data's side and its `replicates`.
    client
        The belief.

    Returns
    -------
    Number or None
        In standard deviations of the belief; None where it has none.

    References
    ----------
    Vallender (1974), Calculation of the Wasserstein Distance between Probability Distributions on
    the Line, Theory of Probability and Its Applications 18, 784-786.
    """
    sd = client.sd()
    if not (math.isfinite(sd) and sd > 0):
        return None
    levels = 1 / (1 + np.exp(-LOGITS))
    ends = np.unique(np.concatenate([side.values, client.law_quantiles(levels).ravel()]))
    widths = np.diff(ends)
    inside = ends[:-1, None] + widths[:, None] * GAUSS
    apart = np.abs(cumulative(side, rows)(inside.ravel()) - client.cdf(inside.ravel()))
    areas = apart.reshape(len(rows), -1, len(GAUSS)).mean(axis=2) @ widths
    return number(areas / sd)
