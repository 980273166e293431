"""Where the uncertainty comes from: tables, their columns, the columns' ranges; foreign keys."""

from collections.abc import Sequence

from tasks.bayes.interval import Interval
from tasks.domain import Level, Node
from tasks.intervention.replicate_cells import DO
from tasks.report.answer import error_of
from tasks.report.effect_record import Effect
from tasks.report.numerals import NOT_ASSESSABLE, count, ends_of, fixed, mean_of, percentage
from tasks.report.schema import Report, Share
from tasks.report.section import Picture, Section, Table, table

TOP = 3
"""How many tables are opened to their columns, and how many columns to their ranges."""

MOST_ROWS = 12
"""Of a table of shares; the others are summed."""


def level_sections(report: Report) -> tuple[Section, ...]:
    """The three levels, each within the largest parts of the one above."""
    tables = [share.node for share in children(report, None)[:TOP]]
    columns = [share.node for share in report.shares if share.node.level == "column"][:TOP]
    return (
        _section(report, "Level 1: tables", "table", [None], "shares"),
        _section(report, "Level 2: columns within the top tables", "column", tables),
        _section(report, "Level 3: value ranges within the top columns", "range", columns),
    )


def key_section(report: Report) -> Section:
    """Importance of the foreign keys."""
    if not report.key_importance:
        return Section("Importance of foreign keys", ("Not assessable: there is no foreign key.",))
    return Section(
        "Importance of foreign keys",
        (
            "Gain is the part of the posterior variance of a key's importance that as many "
            "replicates again would take away.",
        ),
        table(
            ["key", ">share, %", ">95 % interval", ">gain, %"],
            (
                [key.key, *_share_cells(key.share), percentage(key.reduction, None)]
                for key in report.key_importance
            ),
        ),
    )


def interaction_sections(report: Report) -> tuple[Section, ...]:
    """Interactions between tables, where they were asked for."""
    if not report.interactions:
        return ()
    shown, others = report.interactions[:MOST_ROWS], report.interactions[MOST_ROWS:]
    rows = [[" x ".join(of.tables), percentage(of.fraction, of.monte_carlo_error)] for of in shown]
    if others:
        rows.append([f"{count(len(others), 'other')}, nearer to 0", ""])
    return (
        Section(
            "Interactions between tables",
            (
                "Shapley interaction index over the total effect of all features ± Monte Carlo "
                "error. Above 0 two tables act together; below 0 one stands for the other.",
            ),
            table(["tables", ">index, %"], rows),
        ),
    )


def children(report: Report, parent: Node | None) -> list[Share]:
    """Shares of the parts of a node (of the tables for None), from large to small."""
    return [share for share in report.shares if share.node.parent == parent]


def best_effect(effects: Sequence[Effect], node: Node) -> Effect | None:
    """Give the repair at a node that lowers U most and is not illusory, if any."""
    here = [
        effect
        for effect in effects
        if effect.node == node and effect.intervention != DO and not effect.illusory
    ]
    return min(here, key=lambda effect: effect.effect.mean, default=None)


def _section(
    report: Report,
    title: str,
    level: Level,
    parents: Sequence[Node | None],
    picture: Picture | None = None,
) -> Section:
    tables = tuple(
        made for parent in parents for made in _share_table(report, children(report, parent))
    )
    if not tables:
        return Section(title, (f"Not assessable: there are no shares of a {level}.",))
    error = (
        "Monte Carlo error alone"
        if level == "range"
        else "standard error (Monte Carlo, members and rows, where it was assessed)"
    )
    outside = (
        " Outside: permuted rows that lie outside the data, so that the share is extrapolated."
        if level == "column"
        else ""
    )
    return Section(title, (f"Share of U now ± {error}.{outside}",), tables, picture)


def _share_table(report: Report, shares: Sequence[Share]) -> tuple[Table, ...]:
    if not shares:
        return ()
    level, parent = shares[0].node.level, shares[0].node.parent
    extrapolated = level == "column"
    shown, others = shares[:MOST_ROWS], shares[MOST_ROWS:]
    rows = [_row(report, share, extrapolated) for share in shown]
    if others:
        rest = percentage(sum(share.fraction for share in others), None)
        rows.append([count(len(others), "other"), rest, *[""] * (len(rows[0]) - 2)])
    outside = [">outside, %"] if extrapolated else []
    head = [level, ">share, %", *outside, "best intervention", ">effect, %", ">95 % interval"]
    return table(head, rows, "" if parent is None else f"{level.capitalize()}s of {parent}")


def _row(report: Report, share: Share, extrapolated: bool) -> list[str]:
    node = share.node
    name = node.range or node.column or node.table
    outside = "-" if share.extrapolated is None else percentage(share.extrapolated, None)
    effect = best_effect(report.effects, node)
    return [
        name,
        percentage(share.fraction, error_of(share)),
        *([outside] if extrapolated else []),
        *(
            ["-", "-", "-"]
            if effect is None
            else [effect.intervention, mean_of(effect.effect), ends_of(effect.effect)]
        ),
    ]


def _share_cells(share: Interval | None) -> list[str]:
    if share is None:
        return [NOT_ASSESSABLE, "-"]
    mean, low, high = (fixed(100 * part, 1) for part in (share.mean, share.low, share.high))
    return [mean, f"[{low}, {high}]"]
