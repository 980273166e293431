"""The figures of a model comparison, by name."""

from collections.abc import Mapping
from typing import Literal

import arviz as az
from matplotlib.figure import Figure

from tasks.inference.comparison.record import Comparison, ModelName
from tasks.report.comparison_energy_figure import energy_figure
from tasks.report.comparison_loo_figure import loo_figure
from tasks.report.comparison_pairs_figure import pairs_figure
from tasks.report.comparison_predictive_figure import (
    posterior_predictive_figure,
    prior_predictive_figure,
)
from tasks.report.comparison_sensitivity_figure import sensitivity_figure
from tasks.report.comparison_shrinkage_figure import shrinkage_figure
from tasks.report.comparison_trace_figure import trace_figure
from tasks.report.comparison_weights_figure import weights_figure

ComparisonPicture = Literal[
    "prior_predictive",
    "trace",
    "pairs",
    "energy",
    "shrinkage",
    "posterior_predictive",
    "loo",
    "weights",
    "sensitivity",
]


def comparison_figures(
    comparison: Comparison, fits: Mapping[ModelName, az.InferenceData]
) -> dict[ComparisonPicture, Figure]:
    """Draw every figure that the comparison has something for, in the order of the protocol.

    Parameters
    ----------
    comparison
        What was found.
    fits
        Draws of each of its models, those from the prior in the group ``prior_predictive``.

    Returns
    -------
    dict of str to matplotlib.figure.Figure
        A panel a model; models without a prior, a Markov chain or tau are left out where these
        are shown.
    """
    models = comparison.models
    with_prior = [of for of in models if "prior_predictive" in fits[of.name].groups()]
    with_chain = [of for of in models if "sample_stats" in fits[of.name].groups()]
    with_funnel = [of for of in with_chain if of.tau is not None]
    figures: dict[ComparisonPicture, Figure] = {}
    if with_prior:
        figures["prior_predictive"] = prior_predictive_figure(with_prior, fits)
    if with_chain:
        figures["trace"] = trace_figure(with_chain, fits)
    if with_funnel:
        figures["pairs"] = pairs_figure(with_funnel, fits)
    if with_chain:
        figures["energy"] = energy_figure(with_chain, fits)
    if models:
        settings = comparison.settings
        figures["shrinkage"] = shrinkage_figure(models)
        figures["posterior_predictive"] = posterior_predictive_figure(models)
        figures["loo"] = loo_figure(models, settings.most_pareto_k)
        figures["weights"] = weights_figure(models, settings.most_elpd_behind)
    if comparison.sensitivity:
        figures["sensitivity"] = sensitivity_figure(comparison)
    return figures
