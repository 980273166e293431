"""What Prefect's page shows of a main job: its answer, the leading shares and interventions."""

import shlex
from itertools import groupby, islice

from flows.analysis_names import DRAFT
from flows.page_artifacts import Page
from flows.parameters import AnalysisParameters
from tasks.report.answer import answer, error_of
from tasks.report.numerals import ends_of, mean_of, percentage, probability
from tasks.report.schema import Report, Share
from tasks.report.section import Table
from tasks.report.share_sections import best_effect
from tasks.report.wording import action_sentence

LEADING = 5
"""Shares of each level that are shown."""
TOP = 10
"""Interventions that are shown."""
FIGURES = ("shares", "effects")
SHARE_HEAD = (
    "level",
    "part",
    "share of U, %",
    "best intervention",
    "effect, %",
    "95 % interval",
)
INTERVENTION_HEAD = (
    "rank",
    "action",
    "effect, %",
    "95 % interval",
    "P(< 0), %",
    "per cost",
    "confidence",
    "retrained",
)
NOTHING = "\N{EN DASH}"


def analysis_page(report: Report, parameters: AnalysisParameters) -> Page:
    """What to show of a run.

    Parameters
    ----------
    report
        Of the run.
    parameters
        That it was made with.
    """
    return Page(
        title=f"{report.title}: {report.task}",
        answer=answer(report).lines,
        tables={"shares": share_table(report), "interventions": intervention_table(report)},
        figures=FIGURES,
        command=command_of(parameters),
    )


def share_table(report: Report) -> Table:
    """The largest shares of each level, each with the best that can be done there."""
    by_level = groupby(report.shares, key=lambda share: share.node.level)
    leading = [share for _, level in by_level for share in islice(level, LEADING)]
    return Table(
        SHARE_HEAD,
        tuple(_share_row(report, share) for share in leading),
        (False, False, True, False, True, True),
        f"The {LEADING} largest shares of epistemic uncertainty U of each level, ± standard error, "
        "and what is best done there: its effect with the members as they are, not fitted anew",
    )


def intervention_table(report: Report) -> Table:
    """The first of the ranking."""
    rows = [
        (
            str(entry.rank),
            action_sentence(entry.effect),
            mean_of(entry.effect.counted),
            ends_of(entry.effect.counted),
            probability(entry.p_reduces),
            mean_of(entry.per_cost),
            entry.confidence,
            "yes" if entry.effect.retrained else "no",
        )
        for entry in report.ranking[:TOP]
    ]
    return Table(
        INTERVENTION_HEAD,
        tuple(rows),
        (True, False, True, True, True, True, False, False),
        f"The first {len(rows)} of {len(report.ranking)} by expected effect per unit of cost; an "
        "effect is the change of U in per cent, of members fitted anew (retrained) where that was "
        "tried; P(< 0) is the probability that it lowers U",
    )


def command_of(parameters: AnalysisParameters) -> str:
    """The command that makes the same run again.

    Examples
    --------
    >>> command_of(AnalysisParameters(domain="f1", target="driver-dnf", members=32, budget=10))
    'whence run f1 --target driver-dnf --set members=32 --set budget=10.0'
    >>> command_of(AnalysisParameters(domain="draft", source="a folder", target="sales.amount"))
    "whence run --source 'a folder' --target sales.amount"
    """
    given = parameters.model_dump(exclude_defaults=True, exclude={"domain"})
    words = [] if parameters.domain == DRAFT else [parameters.domain]
    for name, value in given.items():
        own = name in ("source", "target", "seed")
        words += [f"--{name}", str(value)] if own else ["--set", f"{name}={value}"]
    return shlex.join(["whence", "run", *words])


def _share_row(report: Report, share: Share) -> tuple[str, ...]:
    node, effect = share.node, best_effect(report.effects, share.node)
    told = (NOTHING,) * 3
    if effect is not None:
        told = (effect.intervention, mean_of(effect.effect), ends_of(effect.effect))
    return node.level, str(node), percentage(share.fraction, error_of(share)), *told
