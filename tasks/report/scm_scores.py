"""How well each mechanism of a structural causal model predicts its node on held-out rows."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tasks.report.comparison_numerals import significant
from tasks.report.layout import shorten
from tasks.report.numerals import MOST_DECIMALS, NOT_ASSESSABLE, fixed
from tasks.report.wording import printable

Record = Mapping[str, Any]

DECIMALS = 3
LONGEST = 100.0
"""An R² that is lower than minus that is given with four digits."""
MOST_NAMED, NAME = 10, 40
"""Nodes that a sentence names, and columns of the terminal of a name in it."""


@dataclass(frozen=True)
class NodeScore:
    """The test of a mechanism.

    Attributes
    ----------
    node
        Whose mechanism it is.
    r2
        Part of the node's variance on held-out rows that the mechanism explains; None where that
        cannot be told.
    holds
        Whether that is enough.
    """

    node: str
    r2: float | None
    holds: bool


def node_scores(record: Record) -> tuple[NodeScore, ...]:
    """Scores of all nodes with parents, in causal order.

    Parameters
    ----------
    record
        Of a fit.
    """
    validation = record["validation"]
    failed = set(validation["failed_nodes"])
    return tuple(
        NodeScore(node, None if r2 is None or math.isnan(r2) else r2, node not in failed)
        for node, r2 in validation["r2_scores"].items()
    )


def lowest_first(scores: Iterable[NodeScore]) -> tuple[NodeScore, ...]:
    """By R²; those that cannot be told come first."""
    return tuple(sorted(scores, key=lambda of: -math.inf if of.r2 is None else of.r2))


def r2_text(r2: float | None, threshold: float) -> str:
    """Give an R² with three decimals, and more where these would take it over the threshold.

    Examples
    --------
    >>> r2_text(0.98812, 0.7), r2_text(0.69996, 0.7), r2_text(-2.5e8, 0.7), r2_text(None, 0.7)
    ('0.988', '0.69996', '−2.5e+08', 'not assessable')
    """
    if r2 is None or math.isnan(r2):
        return NOT_ASSESSABLE
    if r2 < -LONGEST:
        return significant(r2)
    is_on_its_side = (
        decimals
        for decimals in range(DECIMALS, MOST_DECIMALS)
        if (round(r2, decimals) >= threshold) == (r2 >= threshold)
    )
    return fixed(r2, next(is_on_its_side, MOST_DECIMALS))


def named(scores: Iterable[NodeScore], threshold: float) -> str:
    """Name nodes with their R², the lowest first, and say how many more there are.

    Examples
    --------
    >>> named([NodeScore("Y", 0.61, False), NodeScore("Z", -0.2, False)], 0.7)
    'Z −0.200, Y 0.610'
    """
    ordered = lowest_first(scores)
    some = ", ".join(
        f"{short_name(of.node)} {r2_text(of.r2, threshold)}" for of in ordered[:MOST_NAMED]
    )
    left_out = len(ordered) - MOST_NAMED
    return f"{some} and {left_out:,} more" if left_out > 0 else some


def short_name(node: str) -> str:
    """Name of a node in a sentence."""
    return shorten(printable(node), NAME)
