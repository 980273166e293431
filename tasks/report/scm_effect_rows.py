"""Effects of actions on the nodes of a structural causal model, one row a number or label."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tasks.report.comparison_numerals import LARGEST, SMALLEST, significant
from tasks.report.numerals import decimals_for, fixed

Record = Mapping[str, Any]

DIGITS = 100
"""A change is given with at most two digits more than this part of it has."""
RELATIVE = 1e-6
"""Error below which no value before or after is given."""


@dataclass(frozen=True)
class EffectRow:
    """Effect on the mean of a number, or on the share of units with a label, in per cent.

    Attributes
    ----------
    node
        Its name.
    label
        None where the node holds numbers.
    before, after, change
        Without and with the actions, and the difference.
    low, high
        95 % interval of the change.
    unit_low, unit_high
        Between them lie 95 % of the changes of single units; None for a label.
    """

    node: str
    label: str | None
    before: float
    after: float
    change: float
    low: float
    high: float
    unit_low: float | None = None
    unit_high: float | None = None

    @property
    def name(self) -> str:
        """Of the node, with the label if there is one."""
        return self.node if self.label is None else f"{self.node} = {self.label}"

    @property
    def is_changed(self) -> bool:
        """Whether the actions reach it."""
        return any((self.change, self.low, self.high, self.unit_low, self.unit_high))

    @property
    def is_sure(self) -> bool:
        """Whether the interval of the change leaves out 0."""
        return self.low > 0 or self.high < 0

    @property
    def error(self) -> float:
        """Half of the interval's width, or a hundredth of the change where that is more."""
        return max((self.high - self.low) / 2, abs(self.change) / DIGITS)


def effect_rows(record: Record) -> tuple[EffectRow, ...]:
    """All rows, nodes in causal order.

    Parameters
    ----------
    record
        Of a query.
    """
    return tuple(row for effect in record["effects"] for row in _rows_of(effect))


def changed_rows(record: Record) -> tuple[EffectRow, ...]:
    """Rows of the nodes that the actions reach, all labels of such a node."""
    rows = effect_rows(record)
    reached = nodes_of(row for row in rows if row.is_changed)
    return tuple(row for row in rows if row.node in reached)


def nodes_of(rows: Iterable[EffectRow]) -> frozenset[str]:
    """Nodes to which rows belong."""
    return frozenset(row.node for row in rows)


def level_text(row: EffectRow, value: float) -> str:
    """Give what was before or is after.

    Examples
    --------
    >>> level_text(EffectRow("Y", None, 0.01, 2.013, 2.003, 1.9, 2.1), 2.013)
    '2.01'
    """
    if row.label is not None:
        return fixed(value, 1)
    if abs(value) >= LARGEST:
        return significant(value)
    error = row.error or abs(value) / DIGITS
    return fixed(value, decimals_for(max(error, RELATIVE * abs(value), SMALLEST)))


def change_text(row: EffectRow) -> str:
    """Give the change with the digits that its interval admits.

    Examples
    --------
    >>> change_text(EffectRow("Y", None, 0.01, 2.013, 2.003, 1.9, 2.1))
    '+2.00'
    """
    return (
        fixed(row.change, 1, signed=True)
        if row.label is not None
        else _signed(row.change, row.error)
    )


def interval_text(row: EffectRow) -> str:
    """Give the 95 % interval of the change.

    Examples
    --------
    >>> interval_text(EffectRow("Y", "a", 10, 30, 20, 10, 30.04))
    '[+10.0, +30.0]'
    """
    ends = row.low, row.high
    if row.label is not None:
        low, high = (fixed(end, 1, signed=True) for end in ends)
    else:
        low, high = (_signed(end, row.error) for end in ends)
    return f"[{low}, {high}]"


def units_text(row: EffectRow) -> str:
    """Give the range of the changes of 95 % of the units; a hyphen for a label."""
    if row.unit_low is None or row.unit_high is None:
        return "-"
    largest = max(abs(row.unit_low), abs(row.unit_high))
    error = max((row.unit_high - row.unit_low) / 2, largest / DIGITS)
    return f"[{_signed(row.unit_low, error)}, {_signed(row.unit_high, error)}]"


def _rows_of(effect: Record) -> Iterator[EffectRow]:
    if "shares" not in effect:
        units = {part: effect[part] for part in ("unit_low", "unit_high")}
        yield EffectRow(effect["node"], None, **_values(effect["mean"], 1), **units)
        return
    for label, share in effect["shares"].items():
        yield EffectRow(effect["node"], label, **_values(share, 100))


def _values(change: Record, scale: float) -> dict[str, float]:
    return {part: scale * change[part] for part in ("before", "after", "change", "low", "high")}


def _signed(value: float, error: float) -> str:
    if value == 0:
        return "0"
    if error >= SMALLEST and abs(value) < LARGEST:
        return fixed(value, decimals_for(error), signed=True)
    return f"{'+' if value > 0 else ''}{significant(value)}"
