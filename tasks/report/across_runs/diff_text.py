"""What changed between two runs, in words and tables."""

from collections.abc import Sequence

from tasks.report.across_runs.changed_effects import ChangedEffect
from tasks.report.across_runs.changed_shares import ChangedShare
from tasks.report.across_runs.diff import RunDiff, Side
from tasks.report.across_runs.what_changed import Difference
from tasks.report.numerals import (
    NOT_ASSESSABLE,
    count,
    decimals_for,
    ends_of,
    estimate,
    fixed,
    mean_of,
    number,
    percentage,
    probability,
)
from tasks.report.section import Section, Table, table
from tasks.report.verdict_text import verdict_text
from tasks.report.wording import score_name

TOP = 15
"""How many effects and shares of a level are listed."""
MOST_DETAILS = 6
LIKELY = 0.95
"""Probability from which an effect is told to have changed."""
ABSENT = "-"


def diff_text(diff: RunDiff) -> str:
    """Give a comparison of two runs as text, at most 100 columns wide."""
    return verdict_text(f"{diff.title} ({diff.task})", sentences(diff), diff_sections(diff))


def sentences(diff: RunDiff) -> tuple[str, ...]:
    """The comparison in short."""
    return (
        f"From run {_name(diff.before)} to run {_name(diff.after)}.",
        *cause(diff),
        effects_told(diff),
        f"U: {number(diff.before.uncertainty)} -> {number(diff.after.uncertainty)}; "
        f"{_scores(diff)}.",
    )


def diff_sections(diff: RunDiff) -> tuple[Section, ...]:
    """The evidence."""
    return (
        Section("What changed", tuple(f"{of.kind}: {told(of)}" for of in diff.differences)),
        _share_section(diff.shares),
        _effect_section(diff.effects),
        _ranking_section(diff),
    )


def told(difference: Difference) -> str:
    """What differs, as a phrase."""
    if not difference.details:
        return "nothing" if difference.recorded else "not recorded"
    shown, others = difference.details[:MOST_DETAILS], difference.details[MOST_DETAILS:]
    return "; ".join([*shown, *([f"{len(others)} more"] if others else [])])


def _name(side: Side) -> str:
    return side.run.partition("/")[2]


def _scores(diff: RunDiff) -> str:
    before, after = diff.before.score, diff.after.score
    if before is None or after is None:
        return f"held-out scores {NOT_ASSESSABLE}"
    told = (estimate(of.value, of.standard_error) for of in (before, after))
    return f"held-out {score_name(after)}: {' -> '.join(told)}"


def cause(diff: RunDiff) -> list[str]:
    """What is known without any estimate: that both are the same, or that only the seed changed."""
    if diff.same:
        return ["Both runs tell the very same: no effect changed, no share, no rank."]
    if diff.changed == ("seed",) and all(of.recorded for of in diff.differences):
        return [
            "Only the seed changed, so nothing real did: what differs is the chance of members, "
            "rows and draws."
        ]
    return []


def effects_told(diff: RunDiff) -> str:
    """Which effects changed, as a sentence."""
    if not diff.effects:
        return f"Which effects changed is {NOT_ASSESSABLE}: no intervention is in both runs."
    likely = [of for of in diff.effects if of.probability > LIKELY]
    total = count(len(diff.effects), "effect")
    if likely:
        names = ", ".join(of.name for of in sorted(likely, key=_order)[:3])
        return (
            f"{len(likely)} of {total} changed with a probability above {100 * LIKELY:g} %, first "
            f"of all {names}."
        )
    most = min(diff.effects, key=_order)
    if not most.probability:
        return f"None of {total} changed."
    return (
        f"None of {total} changed with a probability above {100 * LIKELY:g} %; the likeliest is "
        f"{most.name} with {probability(most.probability)} %."
    )


def _order(effect: ChangedEffect) -> tuple[float, float]:
    return -effect.probability, -abs(effect.difference) / effect.error


def _share_section(shares: Sequence[ChangedShare]) -> Section:
    told = (
        "Share of U in per cent, and the difference ± standard error (members and rows, the runs "
        "taken as independent). P: that the share really changed. Of value ranges the leading ones."
    )
    head = (">before", ">after", ">difference", ">P(changed), %")
    tables: list[Table] = []
    for level in ("table", "column", "range"):
        here = [share for share in shares if share.node.level == level]
        caption = f"The {TOP} largest of {len(here)}" if len(here) > TOP else ""
        rows = sorted(here, key=lambda share: -max(share.before or 0, share.after or 0))[:TOP]
        tables += table((level, *head), map(_share_row, rows), caption)
    return Section("Shares", (told,) if tables else (f"{NOT_ASSESSABLE}.",), tuple(tables))


def _share_row(share: ChangedShare) -> tuple[str, ...]:
    before, after = (
        ABSENT if of is None else percentage(of, None) for of in (share.before, share.after)
    )
    difference = ABSENT
    if share.before is not None and share.after is not None:
        moved = 100 * (share.after - share.before)
        error = "" if share.error is None else f" ± {fixed(100 * share.error, 1)}"
        difference = fixed(moved, 1, signed=True) + error
    return str(share.node), before, after, difference, _probability(share.probability)


def _effect_section(effects: Sequence[ChangedEffect]) -> Section:
    if not effects:
        return Section("Effects", ("No intervention is in both runs.",))
    told = (
        "Change of U in per cent with 95 % interval, of members fitted anew where both runs did "
        "that (retrained), and the difference ± standard error, the runs taken as independent. P: "
        "that the effect really changed, beyond the chance of members, rows and draws; many looks "
        "are allowed for (two-groups model)."
    )
    shown = list(enumerate(sorted(effects, key=_order)[:TOP], start=1))
    left = (f"The {TOP} likeliest of {len(effects)} are listed.",) if len(effects) > TOP else ()
    return Section(
        "Effects",
        (told, *left),
        (
            *table(
                (">#", "action", ">difference, %", ">P(changed), %"),
                ((str(place), *_difference_row(of)) for place, of in shown),
            ),
            *table(
                (">#", *(f">{name}, %" for name in ("before", "after", "expected change"))),
                ((str(place), *_interval_row(of)) for place, of in shown),
                "With 95 % intervals",
            ),
        ),
    )


def _difference_row(effect: ChangedEffect) -> tuple[str, ...]:
    decimals = decimals_for(effect.error, least=1)
    error = fixed(effect.error, decimals)
    return (
        effect.name + (" (retrained)" if effect.reading == "retrained" else ""),
        f"{fixed(effect.difference, decimals, signed=True)} ± {error}",
        _probability(effect.probability),
    )


def _interval_row(effect: ChangedEffect) -> tuple[str, ...]:
    decimals = decimals_for(effect.error, least=1)
    change = effect.change
    mean, low, high = (fixed(of, decimals, True) for of in (change.mean, change.low, change.high))
    told = (f"{mean_of(of)} {ends_of(of)}" for of in (effect.before, effect.after))
    return *told, f"{mean} [{low}, {high}]"


def _ranking_section(diff: RunDiff) -> Section:
    ranked = [of for of in diff.effects if of.rank_before or of.rank_after]
    rows = sorted(ranked, key=lambda of: (of.rank_after or len(ranked) + 1, of.rank_before or 0))
    alone = [
        f"{what}: {', '.join(side.alone)}."
        for what, side in (
            ("Only in the earlier run", diff.before),
            ("Only in the later run", diff.after),
        )
        if side.alone
    ]
    return Section(
        "Ranking",
        (f"Before: {diff.before.repair}", f"After: {diff.after.repair}", *alone),
        table(
            ("action", ">rank before", ">rank after"),
            (
                (
                    of.name,
                    *(str(rank) if rank else ABSENT for rank in (of.rank_before, of.rank_after)),
                )
                for of in rows[:TOP]
            ),
        ),
    )


def _probability(value: float | None) -> str:
    if value is None:
        return NOT_ASSESSABLE
    return probability(value) if value else "0"
