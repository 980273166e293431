"""The models of a comparison side by side: estimates, prediction, every criterion."""

import math
from collections.abc import Sequence

from tasks.inference.comparison.record import Comparison, Finding, ModelName, ModelRecord
from tasks.report.comparison_numerals import criterion_number, interval_text
from tasks.report.numerals import fixed
from tasks.report.section import Section, Table, table

SHORT: dict[ModelName, str] = {
    "hierarchical_noncentered": "partial",
    "hierarchical_skeptical": "skeptical",
    "hierarchical_adaptive": "adaptive",
    "complete_pooling": "complete",
    "precision_regression": "precision",
    "hierarchical_covariates": "covariates",
    "hierarchical_student_t": "Student-t",
    "empirical_bayes": "emp. Bayes",
}
"""Headings of columns."""

MOST_COLUMNS = 5
"""Models side by side."""
NOTHING = "-"


def models_section(comparison: Comparison) -> Section:
    """Estimates, computation and prediction of every model."""
    told = (
        "mu is the mean of the units' true effects, tau their standard deviation; 95 % intervals "
        "in brackets. ELPD: expected log predictive density of the units, each left out in turn; "
        "behind: by how much the best model that stages 1 and 2 leave is ahead; weight: by "
        "stacking, among all.",
    )
    coefficients = table(
        ("model", "coefficient", ">estimate"),
        (
            (model.title, name, interval_text(beta))
            for model in comparison.models
            for name, beta in model.beta.items()
        ),
        "Per standard deviation of the regressor",
    )
    return Section(
        "Models", told, (*_estimates(comparison), *_prediction(comparison), *coefficients)
    )


def criteria_section(comparison: Comparison) -> Section:
    """All criteria by model: passed, failed, or without meaning there, with the number."""
    groups = _groups(comparison.models)
    told = (f"'{NOTHING}': the criterion says nothing of this model.",)
    return Section("Criteria", told, tuple(of for group in groups for of in _criteria(group)))


def failures_section(comparison: Comparison) -> Section:
    """What every failure means, and which models are left in spite of theirs."""
    told = [
        f"{model.title}, {of.check} (must be {of.rule}): {of.sentence}"
        for model in comparison.models
        for of in model.failures
    ]
    left = comparison.stages[-1].left if comparison.stages else ()
    told += [
        f"No stage rejects {model.title} for what it fails; the conclusion says why."
        for model in comparison.models
        if model.failures and model.name in left
    ]
    return Section("Failures", tuple(told) or ("None.",))


def _estimates(comparison: Comparison) -> tuple[Table, ...]:
    head = ("model", ">mu", ">tau", ">ESS of tau", ">divergences")
    rows = (
        (
            of.title,
            interval_text(of.mu),
            interval_text(of.tau) if of.tau else NOTHING,
            f"{of.ess_tau:,.0f}" if of.ess_tau is not None else NOTHING,
            f"{fixed(100 * of.divergences, 1)} %" if of.divergences is not None else NOTHING,
        )
        for of in comparison.models
    )
    return table(head, rows)


def _prediction(comparison: Comparison) -> tuple[Table, ...]:
    head = ("model", ">ELPD ± se", ">behind ± se", ">weight", "fails")
    rows = (
        (
            of.title,
            f"{fixed(of.elpd, 1)} ± {fixed(of.elpd_se, 1)}",
            f"{fixed(of.elpd_difference, 1)} ± {fixed(of.elpd_difference_se, 1)}",
            fixed(of.weight, 2),
            ", ".join(failure.check for failure in of.failures) or "nothing",
        )
        for of in comparison.models
    )
    return table(head, rows)


def _groups(models: Sequence[ModelRecord]) -> list[Sequence[ModelRecord]]:
    """As few groups as fit into the width, of about the same size."""
    if not models:
        return []
    size = math.ceil(len(models) / math.ceil(len(models) / MOST_COLUMNS))
    return [models[start : start + size] for start in range(0, len(models), size)]


def _criteria(models: Sequence[ModelRecord]) -> tuple[Table, ...]:
    checks = dict.fromkeys(of.check for model in models for of in model.findings)
    by_model = [{of.check: of for of in model.findings} for model in models]
    rows = []
    for check in checks:
        found = [findings.get(check) for findings in by_model]
        rules = dict.fromkeys(of.rule for of in found if of and of.rule)
        rows.append((check, " or ".join(rules) or NOTHING, *map(_cell, found)))
    return table(("criterion", "must be", *(f">{SHORT[of.name]}" for of in models)), rows)


def _cell(of: Finding | None) -> str:
    if of is None or of.status == "not assessable":
        return NOTHING
    return of.status if of.value is None else f"{of.status} {criterion_number(of.value)}"
