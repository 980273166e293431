"""A model comparison as one HTML page that needs nothing else."""

from collections.abc import Mapping

import arviz as az
from markupsafe import Markup

from tasks.inference.comparison.record import Comparison, ModelName
from tasks.report.comparison_figures import ComparisonPicture, comparison_figures
from tasks.report.comparison_sections import (
    comparison_sections,
    critical_sentences,
    headline,
)
from tasks.report.drawing import as_svg
from tasks.report.page import TEMPLATES, inline_svg

CAPTIONS: dict[ComparisonPicture, str] = {
    "prior_predictive": "What each prior expects of the estimates before they are seen. An "
    "estimate outside speaks against the prior; intervals very much wider than the data speak of "
    "one that says nothing.",
    "trace": "Chains that mix look like one band; one that stays apart or sticks is not to be "
    "trusted.",
    "pairs": "Divergent transitions that crowd, as in the neck of a funnel, mean that part of the "
    "posterior was not reached.",
    "energy": "Transitions much narrower than the energy itself mean slow chains; E-BFMI should "
    "not be below 0.3.",
    "shrinkage": "What pooling does: each unit is drawn from its estimate towards the others, the "
    "more so the less precise it is.",
    "posterior_predictive": "An adequate model expects nearly all estimates inside.",
    "loo": "Beyond the limit, the prediction of a unit from the others is not known from these "
    "draws.",
    "weights": "A model with weight adds something to the prediction that the others lack.",
    "sensitivity": "What changes along an axis is told by the prior, not by the data.",
}

PLACES: dict[str, tuple[ComparisonPicture, ...]] = {
    "Models": ("weights",),
    "Criteria": ("trace", "pairs", "energy", "posterior_predictive", "loo"),
    "Sensitivity": ("sensitivity",),
    "Units": ("shrinkage",),
    "Priors": ("prior_predictive",),
}
"""Figures by the section in which they stand."""


def comparison_page(
    title: str, comparison: Comparison, fits: Mapping[ModelName, az.InferenceData]
) -> str:
    """Give a comparison as a page; names are escaped, figures lie inside.

    Parameters
    ----------
    title
        Of the comparison.
    comparison
        What was found.
    fits
        Draws of each of its models.
    """
    drawn = comparison_figures(comparison, fits)
    return TEMPLATES.get_template("comparison.html.j2").render(
        title=title,
        comparison=comparison,
        headline=headline(comparison),
        warnings=critical_sentences(comparison),
        sections=comparison_sections(comparison),
        places=PLACES,
        captions=CAPTIONS,
        figures={name: Markup(inline_svg(as_svg(of), name)) for name, of in drawn.items()},  # noqa: S704
    )
