"""Red flags, and the model that each turns to."""

from collections.abc import Sequence

from tasks.inference.comparison.judging import Judged
from tasks.inference.comparison.record import Flag, ModelName
from tasks.inference.comparison.units import LOG_PRECISION

TREND = "trend:"


def red_flags(competing: Sequence[Judged]) -> tuple[Flag, ...]:
    """Look for every reason to turn away from the competing models.

    A flag is raised by a criterion that all of them fail; of those whose chains cannot be trusted
    nothing but that is asked.

    Parameters
    ----------
    competing
        The judged models.
    """
    computed = [of for of in competing if of.is_left(1)]
    covariates = [of.check for of in competing[0].findings if of.check.startswith(TREND)]
    return (
        _flag("no chain can be trusted", competing, [], "empirical_bayes"),
        _flag("no model predicts the data", computed, ["coverage"], "hierarchical_student_t"),
        _flag("outliers", computed, ["outliers"], "hierarchical_student_t"),
        _flag("tau has collapsed", computed, ["tau_collapsed"], "complete_pooling"),
        _flag("units do not differ", computed, ["heterogeneity"], "complete_pooling"),
        _flag(
            "effects change with precision",
            computed,
            [TREND + LOG_PRECISION, "shrinkage_order"],
            "precision_regression",
        ),
        *(
            _flag(
                f"effects change with {check.removeprefix(TREND)}",
                computed,
                [check],
                "hierarchical_covariates",
            )
            for check in covariates
            if check != TREND + LOG_PRECISION
        ),
    )


def _flag(name: str, models: Sequence[Judged], checks: Sequence[str], pivot: ModelName) -> Flag:
    """Raised where all models fail one of the criteria; without criteria, stage 1."""
    for check in checks:
        failed = [
            of
            for model in models
            for of in model.findings
            if of.check == check and of.status == "fail"
        ]
        if models and len(failed) == len(models):
            return Flag(name=name, is_raised=True, evidence=failed[0].sentence, pivot=pivot)
    if not checks and not any(model.is_left(1) for model in models):
        return Flag(
            name=name, is_raised=True, evidence="Every fit fails its diagnostics.", pivot=pivot
        )
    return Flag(name=name, is_raised=False, evidence="", pivot=pivot)
