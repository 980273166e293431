"""Interventions made to the training rows too: what they do once members are fitted anew."""

from tasks.report.effect_record import Change, Effect, Retrained
from tasks.report.numerals import ends_of, estimate, mean_of, percentage
from tasks.report.schema import Report
from tasks.report.section import Section, table
from tasks.report.wording import action_sentence


def retrained_section(report: Report) -> Section:
    """Effects scored again beside those of members fitted anew, with held-out scores."""
    tried = [(e, e.retrained) for e in (*report.effects, *report.placebo) if e.retrained]
    if not tried:
        return Section("Retrained", ("No intervention was tried by fitting members anew.",))
    listed = sorted(tried, key=lambda pair: pair[1].effect.mean)
    rows = report.retraining
    return Section(
        "Retrained",
        (
            "Made to the training rows, with members fitted anew to "
            f"{rows['training_rows']:,} of them and compared on {rows['held_out_rows']:,} "
            "held-out rows that are complete and unchanged. This effect counts for the ranking. "
            "Changes of held-out scores are per row, ± standard error; negative is better. Too "
            "sure: by how much, before and after.",
        ),
        (
            *table(
                ["action", ">re-scored, %", ">retrained, %", ">95 % interval", "verdict"],
                (
                    [
                        action_sentence(effect),
                        mean_of(effect.effect),
                        mean_of(found.effect),
                        ends_of(found.effect),
                        verdict(effect, found),
                    ]
                    for effect, found in listed
                ),
                "Effects",
            ),
            *table(
                ["node", ">NLL change", ">CRPS change", ">too sure, %"],
                (
                    [
                        str(effect.node),
                        _change(found.nll),
                        _change(found.crps),
                        _gap(found),
                    ]
                    for effect, found in listed
                ),
                "Quality",
            ),
        ),
    )


def verdict(effect: Effect, found: Retrained) -> str:
    """Say whether what scoring again promised comes true."""
    if effect.illusory:
        return "illusory gain"
    if found.effect.low <= 0 <= found.effect.high:
        return "open: the interval holds 0"
    return "less uncertainty" if found.effect.mean < 0 else "more uncertainty"


def _gap(found: Retrained) -> str:
    return f"{percentage(found.gap_before, None)} to {percentage(found.gap_after, None)}"


def _change(change: Change) -> str:
    return estimate(change.value, change.error)
