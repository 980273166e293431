"""Units as the recommended model sees them, and what other priors would say."""

from collections.abc import Sequence

from tasks.inference.comparison.candidates import CANDIDATES
from tasks.inference.comparison.record import Comparison, ModelRecord, UnitRecord
from tasks.report.comparison_models import NOTHING
from tasks.report.comparison_numerals import interval_text, measured, significant
from tasks.report.numerals import fixed
from tasks.report.section import Section, table

MOST_ROWS = 40
"""Units in a table; the record for JSON has all."""

VARIED = {"tau_scale": "scale of tau's prior", "threshold": "threshold"}


def units_section(comparison: Comparison, model: ModelRecord | None) -> Section:
    """Every unit's estimate and its true effect under the recommended model.

    Parameters
    ----------
    comparison
        With as many units as its exploration counts.
    model
        The recommended one; None where there is none.
    """
    if model is None:
        return Section("Units", ("As no model is adequate, no unit's true effect is told.",))
    shown = most_surprising(model.units)
    told = (
        f"Under {model.title}. theta: true effect, with its 95 % interval; shrinkage: part of the "
        "way from y to the model's location, not told where y is close to it; Pareto k beyond "
        f"{comparison.settings.most_pareto_k:g}: the prediction of this unit from the others is "
        "not known.",
    )
    is_cut = len(shown) < len(model.units)
    caption = f"{len(shown)} of {len(model.units):,} units: those that the others predict worst"
    rows = (
        (
            of.label,
            measured(of.y, of.sigma),
            interval_text(of.theta),
            NOTHING if of.shrinkage is None else fixed(of.shrinkage, 2),
            fixed(of.pareto_k, 2),
        )
        for of in shown
    )
    head = ("unit", ">y ± sigma", ">theta", ">shrinkage", ">Pareto k")
    return Section("Units", told, table(head, rows, caption if is_cut else ""))


def most_surprising(units: Sequence[UnitRecord], most: int = MOST_ROWS) -> tuple[UnitRecord, ...]:
    """At most so many units, those farthest from what the others predict, in the data's order."""
    places = sorted(range(len(units)), key=lambda place: -abs(units[place].loo_z))
    return tuple(units[place] for place in sorted(places[:most]))


def sensitivity_section(comparison: Comparison) -> Section:
    """Posterior of mu and tau at every point of the grids, and whether it is critical."""
    limit = comparison.settings.most_tau_ratio
    verdict = "critical" if comparison.sensitivity_is_critical else "not critical"
    told = (
        f"The medians of tau differ {comparison.tau_ratio:.2f}-fold between the competing models; "
        f"beyond {limit:g} the prior decides: {verdict}.",
    )
    rows = (
        (
            CANDIDATES[row.model].title,
            VARIED[row.varied],
            significant(row.value),
            interval_text(row.mu),
            interval_text(row.tau),
        )
        for row in comparison.sensitivity
    )
    return Section("Sensitivity", told, table(("model", "varied", ">to", ">mu", ">tau"), rows))
