"""What a budget buys: the repairs to make together, and the sets that come next."""

from collections.abc import Sequence

from tasks.bayes.interval import Interval
from tasks.intervention.budget_record import BudgetRecord
from tasks.report.effect_record import Effect
from tasks.report.numerals import count, ends_of, fixed, mean_of, number
from tasks.report.section import Section, table
from tasks.report.wording import action_sentence

TITLE = "Best use of the budget"


def budget_section(record: BudgetRecord, effects: Sequence[Effect]) -> Section:
    """The set of repairs to pay, its effect beside the single ones, and the next best sets.

    Parameters
    ----------
    record
        What was found.
    effects
        Those of a report, the candidates' among them.
    """
    of_action = {(effect.node, effect.intervention): effect for effect in effects}
    return Section(
        TITLE,
        (_found(record), *_compared(record), *_considered(record)),
        (
            *table(
                ["action", ">cost", ">effect alone, %"],
                (
                    [
                        action_sentence(of_action[one.node, one.intervention]),
                        number(one.cost),
                        fixed(one.effect, 1, signed=True),
                    ]
                    for one in record.chosen
                ),
                "Repairs to make",
            ),
            *table(
                ["repairs", ">cost", ">effect together, %"],
                (
                    [" + ".join(one.actions), number(one.cost), fixed(one.effect, 1, signed=True)]
                    for one in record.next_best
                ),
                "Next best sets, means as simulated",
            ),
        ),
    )


def _found(record: BudgetRecord) -> str:
    if record.effect is None:
        return record.reason
    repairs = count(len(record.chosen), "repair")
    return (
        f"Of a budget of {number(record.budget)} spend {number(record.cost)} on {repairs}; "
        f"{number(record.left)} is left. The expected change of U is {_with_ends(record.effect)}, "
        "corrected for the choice of the best of several sets."
    )


def _compared(record: BudgetRecord) -> list[str]:
    if record.interaction is None or record.sum_of_singles is None:
        return []
    difference = record.interaction
    if difference.low <= 0 <= difference.high:
        verdict = "no clear difference"
    else:
        verdict = "they do more together" if difference.mean < 0 else "they do less together"
    return [
        f"The single effects sum to {fixed(record.sum_of_singles, 1, signed=True)} %; made "
        f"together the repairs differ from that by {_with_ends(difference)}: {verdict}."
    ]


def _considered(record: BudgetRecord) -> list[str]:
    told = []
    if record.considered:
        extent = (
            "all that the candidates and the budget admit"
            if record.exhaustive
            else "the most promising of more"
        )
        simulated = count(record.considered, "set was", "sets were")
        told.append(f"{simulated} simulated, {extent}, the repairs of each made together.")
    if record.passed_over and record.considered:
        told.append(f"Not combined: {', '.join(record.passed_over)}.")
    return told


def _with_ends(interval: Interval) -> str:
    return f"{mean_of(interval)} % {ends_of(interval)}"
