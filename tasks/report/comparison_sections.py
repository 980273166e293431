"""What a model comparison tells before and beside its models, for text and page alike."""

from collections.abc import Sequence

from tasks.inference.comparison.candidates import CANDIDATES
from tasks.inference.comparison.record import Comparison, ModelName, ModelRecord
from tasks.report.comparison_models import (
    criteria_section,
    failures_section,
    models_section,
)
from tasks.report.comparison_numerals import criterion_number, measured, significant
from tasks.report.comparison_units import sensitivity_section, units_section
from tasks.report.numerals import fixed
from tasks.report.section import Section, table

NONE_ADEQUATE = "No model is adequate"
UNIT_RULE = "the larger of the estimates' standard deviation and the median standard error, over 11"
LENGTHS = ("mu_sd", "tau_scale", "skeptical_mean", "skeptical_sd", "skeptical_tau_scale")
"""Settings that follow from the data's unit where they are not given."""


def recommended_model(comparison: Comparison) -> ModelRecord | None:
    """The recommended model's record, if there is one."""
    return next((of for of in comparison.models if of.name == comparison.recommended), None)


def headline(comparison: Comparison) -> str:
    """What to use, in a few words."""
    model = recommended_model(comparison)
    return NONE_ADEQUATE if model is None else f"Use {model.title}"


def critical_sentences(comparison: Comparison) -> tuple[str, ...]:
    """A warning where the prior of tau decides the answer; else nothing."""
    if not comparison.sensitivity_is_critical:
        return ()
    return (
        f"Sensitivity to the prior of tau is critical: medians of tau differ "
        f"{comparison.tau_ratio:.2f}-fold between the competing models.",
    )


def comparison_sections(comparison: Comparison) -> tuple[Section, ...]:
    """Every section but the conclusion, in the order of reading."""
    return (
        stages_section(comparison),
        exploration_section(comparison),
        models_section(comparison),
        criteria_section(comparison),
        failures_section(comparison),
        flags_section(comparison),
        sensitivity_section(comparison),
        units_section(comparison, recommended_model(comparison)),
        priors_section(comparison),
    )


def stages_section(comparison: Comparison) -> Section:
    """Which models each stage of the decision leaves, and on what the others failed."""
    sentences = []
    for number, stage in enumerate(comparison.stages, start=1):
        told = [f"{number}. {stage.name.capitalize()} leaves {_titles(stage.left)}."]
        if stage.rejected:
            told.append(f"It rejects {_titles(tuple(stage.rejected))}.")
        sentences.append(" ".join(told))
    return Section("Stages", tuple(sentences))


def exploration_section(comparison: Comparison) -> Section:
    """Statistics of heterogeneity that need no model."""
    of = comparison.exploration
    rows = (
        ("units", f"{of.n_units:,}"),
        ("pooled estimate if all effects are equal", measured(of.pooled, of.pooled_se)),
        ("standard deviation of the estimates", significant(of.spread)),
        ("Cochran's Q", f"{significant(of.q)} with {of.n_units - 1:,} degrees of freedom"),
        ("its p-value if all effects are equal", criterion_number(of.q_p_value)),
        ("I², variation beyond the standard errors", f"{fixed(100 * of.i_squared, 0)} %"),
        ("tau by DerSimonian and Laird", significant(of.tau_squared**0.5)),
    )
    return Section("Exploration", tables=table(("statistic", "value"), rows))


def flags_section(comparison: Comparison) -> Section:
    """Red flags: raised or not, on which evidence, and what was fitted because of them."""
    raised = tuple(
        f"Raised: {of.name}. {of.evidence} So {CANDIDATES[of.pivot].title} was fitted."
        for of in comparison.flags
        if of.is_raised
    )
    rows = (
        (of.name, "raised" if of.is_raised else "not raised", CANDIDATES[of.pivot].title)
        for of in comparison.flags
    )
    head = ("red flag", "state", "turns to")
    return Section("Red flags", raised or ("None is raised.",), table(head, rows))


def priors_section(comparison: Comparison) -> Section:
    """Priors as used, and which of them follow from the data."""
    of = comparison.priors
    number = significant
    rows = (
        ("mu", f"normal({number(of.mu_mean)}, {number(of.mu_sd)})"),
        ("tau", f"half-Cauchy({number(of.tau_scale)})"),
        ("mu, skeptical", f"normal({number(of.skeptical_mean)}, {number(of.skeptical_sd)})"),
        ("tau, skeptical", f"half-normal({number(of.skeptical_tau_scale)})"),
        ("adaptive scale", f"threshold {number(of.threshold)}, below it {number(of.sigma_pooled)}"),
        ("coefficients", f"normal(0, {number(of.beta_sd)})"),
    )
    return Section("Priors", _scaling(comparison), table(("parameter", "prior"), rows))


def _scaling(comparison: Comparison) -> tuple[str, ...]:
    settings, unit = comparison.settings, significant(comparison.priors.unit)
    free = [name for name in LENGTHS if getattr(settings, name) is None]
    source = f"from the data: {UNIT_RULE}" if settings.unit is None else "as given"
    sentences = [f"One unit is {unit}, {source}."]
    if free:
        sentences.append(
            f"Nothing was given for {', '.join(free)}: these priors scale with the data. Give "
            "them where you know more."
        )
    return tuple(sentences)


def _titles(names: Sequence[ModelName]) -> str:
    return "; ".join(CANDIDATES[name].title for name in names) or "none"
