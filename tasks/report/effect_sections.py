"""What mending is worth: the ranking, illusory gains, confidence, the placebo."""

from collections import Counter
from collections.abc import Sequence
from typing import get_args

from tasks.report.answer import answer, holds_zero
from tasks.report.effect_record import Confidence, Effect, Ranked
from tasks.report.numerals import (
    NOT_ASSESSABLE,
    ends_of,
    estimate,
    mean_of,
    number,
    probability,
)
from tasks.report.schema import Report
from tasks.report.section import Section, table
from tasks.report.wording import action_sentence

TOP = 15
"""How many interventions are listed."""

MEANINGS: dict[Confidence, str] = {
    "high": "the interval excludes 0 and is narrower than half the mean's size",
    "medium": "the interval excludes 0",
    "needs more data": "the interval includes 0",
}


def intervention_section(report: Report) -> Section:
    """The ranking: effects, then what they give for their cost."""
    if not report.ranking:
        return Section("Top interventions", (answer(report).repair,))
    top = report.ranking[:TOP]
    told = (
        "By expected effect per unit of cost; an effect is the change of U in per cent, negative "
        "is less uncertainty, of members fitted anew (retrained) where that was tried. P(< 0): "
        "that it lowers U. P(best): of the whole list. Regret: what is lost, in per cent of U per "
        "unit of cost, by doing this first rather than the best."
    )
    return Section(
        "Top interventions",
        (told, *_left_out(len(report.ranking))),
        (
            *table(
                [">#", "action", ">effect, %", ">95 % interval", ">P(< 0), %", "reading"],
                (
                    [
                        *_numbered(entry),
                        *_effect(entry.effect),
                        probability(entry.p_reduces),
                        "retrained" if entry.effect.retrained else "re-scored",
                    ]
                    for entry in top
                ),
                "Effects",
            ),
            *table(
                [">#", "node", ">cost", ">effect/cost", ">95 % interval", ">P(best), %", ">regret"],
                (
                    [
                        str(entry.rank),
                        str(entry.effect.node),
                        number(entry.cost),
                        mean_of(entry.per_cost),
                        ends_of(entry.per_cost),
                        probability(entry.p_best),
                        number(entry.regret),
                    ]
                    for entry in top
                ),
                "Cost-effectiveness",
            ),
        ),
        "effects",
    )


def illusory_section(report: Report) -> Section:
    """Effects that lower U at the price of the predictions."""
    illusory = sorted(
        (effect for effect in report.effects if effect.illusory),
        key=lambda effect: effect.counted.mean,
    )
    if not illusory:
        return Section("Illusory gains", ("None found.",))
    return Section(
        "Illusory gains",
        (
            "Each promises to lower U but worsens held-out likelihood: not recommended. NLL "
            "change: of the mean held-out negative log likelihood, in nats a row, ± standard "
            "error; both of members fitted anew where that was tried.",
            *_left_out(len(illusory)),
        ),
        table(
            ["action", ">effect, %", ">95 % interval", ">NLL change"],
            (
                [
                    action_sentence(effect),
                    *_effect(effect),
                    _likelihood(effect),
                ]
                for effect in illusory[:TOP]
            ),
        ),
    )


def confidence_section(report: Report) -> Section:
    """How sure each effect of the ranking is, and what would settle the open ones."""
    counts = Counter(entry.confidence for entry in report.ranking)
    classes: Sequence[Confidence] = get_args(Confidence)
    told = [f"{name} ({counts[name]}): {MEANINGS[name]}." for name in classes if counts[name]]
    return Section(
        "Confidence assessment",
        (*(told or ["No effect is ranked."]), *_left_out(len(report.ranking))),
        table(
            [">#", "action", "confidence", ">further replicate cells"],
            (
                [*_numbered(entry), entry.confidence, _further(entry)]
                for entry in report.ranking[:TOP]
            ),
        ),
        "shrinkage" if report.effects else None,
    )


def placebo_section(report: Report) -> Section:
    """Effects on the column of pure noise."""
    return Section(
        "Placebo",
        (answer(report).placebo,),
        table(
            ["intervention", ">effect, %", ">95 % interval", "holds 0"],
            (
                [effect.intervention, *_effect(effect), "yes" if holds_zero(effect) else "NO"]
                for effect in report.placebo
            ),
        ),
    )


def _numbered(entry: Ranked) -> list[str]:
    return [str(entry.rank), action_sentence(entry.effect)]


def _effect(effect: Effect) -> list[str]:
    return [mean_of(effect.counted), ends_of(effect.counted)]


def _likelihood(effect: Effect) -> str:
    if effect.retrained:
        return estimate(effect.retrained.nll.value, effect.retrained.nll.error)
    if effect.nll_change is None or effect.nll_change_error is None:
        return "not assessable"
    return estimate(effect.nll_change, effect.nll_change_error)


def _further(entry: Ranked) -> str:
    if entry.confidence != "needs more data":
        return "-"
    further = entry.further_replicates
    return NOT_ASSESSABLE if further is None else f"{further:,}"


def _left_out(total: int) -> list[str]:
    return [f"The first {TOP} of {total} are listed."] if total > TOP else []
