"""Densities of a belief and of posteriors on one grid that shows them all."""

from collections.abc import Sequence

import numpy as np

from tasks.beliefs.belief import Belief
from tasks.beliefs.cut_law import Floats
from tasks.beliefs.jackknife import normalised
from tasks.beliefs.marginal_likelihood import MarginalLikelihood

LEVELS = 1 / (1 + np.exp(-np.linspace(-7.6, 7.6, 80)))
"""From 0.0005 to 0.9995."""
EVEN = 60


def density(belief: Belief, x: Floats) -> Floats:
    """Density of a belief at each value, shape (X,)."""
    return np.asarray(np.exp(belief.log_density(x)))


def posterior_density(likelihood: MarginalLikelihood, prior: Belief, x: Floats) -> Floats:
    """Density of a quantity's posterior under a prior at each value, shape (X,).

    It is 0 beyond the range where the likelihood is known.
    """
    nodes = likelihood.nodes
    is_known = (x >= nodes[0]) & (x <= nodes[-1])
    inside = np.clip(x, nodes[0], nodes[-1])
    logs = likelihood.at(inside)[0] + prior.log_density(inside)
    return np.where(is_known, np.exp(logs - _log_evidence(likelihood, prior)), 0.0)


def common_grid(
    beliefs: Sequence[Belief], posteriors: Sequence[tuple[MarginalLikelihood, Belief]]
) -> Floats:
    """Values at which all densities can be seen, however narrow: quantiles of each, and even steps.

    Parameters
    ----------
    beliefs
        Shown as they are.
    posteriors
        Likelihood and prior of each.
    """
    marks = [belief.law_quantiles(LEVELS).ravel() for belief in beliefs]
    for likelihood, prior in posteriors:
        logs = likelihood.at(likelihood.nodes)[0] + prior.log_density(likelihood.nodes)
        weights = np.exp(normalised(logs + likelihood.log_rule))
        marks.append(np.interp(LEVELS, np.cumsum(weights) - weights / 2, likelihood.nodes))
    shown = np.concatenate(marks)
    return np.unique(np.append(shown, np.linspace(shown.min(), shown.max(), EVEN)))


def _log_evidence(likelihood: MarginalLikelihood, prior: Belief) -> float:
    logs = likelihood.at(likelihood.nodes)[0] + prior.log_density(likelihood.nodes)
    return float(np.logaddexp.reduce(logs + likelihood.log_rule))
