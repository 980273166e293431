"""Means and rates of a contract's columns as the data's side of beliefs on them."""

from collections.abc import Mapping
from datetime import date

import polars as pl

from tasks.beliefs.belief import Belief
from tasks.beliefs.data_side import DataSide, from_log_likelihood
from tasks.beliefs.quantities import Quantity, parse_quantity
from tasks.beliefs.statistics import log_likelihood_of, reference_prior, sufficient_statistics
from tasks.domain import Domain
from tasks.errors import InputError

NUMBERS = ("integer", "number")
KINDS = {"mean": NUMBERS, "rate": ("boolean",)}
"""Types of the columns that a quantity of a kind may speak of."""


def column_side(
    contract: Domain,
    frames: Mapping[str, pl.LazyFrame],
    quantity: str,
    belief: Belief,
    period: tuple[int, date | None] | None,
) -> DataSide:
    """The data's side of the mean or rate of a column, exact by quadrature.

    Parameters
    ----------
    contract
        Names tables, columns and their types.
    frames
        Every table, by name; it is streamed.
    quantity
        Such as ``mean[orders.weight]``.
    belief
        That the side must cover.
    period
        Months back from the last day of the table's time column, and the last day to count (None
        for that of the data). Without a period, or a time column, the whole table is taken.

    Raises
    ------
    InputError
        If the contract has no such column, or it cannot be assessed.
    """
    parsed = parse_quantity(quantity)
    table, column = _column(contract, parsed)
    rows, time = frames[table], contract.tables[table].time
    since, until = _period(rows, time, period) if time and period else (None, None)
    (moments,) = sufficient_statistics(
        rows, [column], time=time or None, since=since, until=until
    ).values()
    low, high = belief.low, belief.high
    return from_log_likelihood(
        log_likelihood_of(moments), reference_prior(moments, low, high), [belief]
    )


def _column(contract: Domain, quantity: Quantity) -> tuple[str, str]:
    table, _, column = quantity.of.partition(".")
    types = KINDS.get(quantity.kind)
    if types is None:
        raise InputError(
            f"The statistics of {contract.name} know mean[table.column] and rate[table.column], "
            f"got {str(quantity)!r}."
        )
    if table not in contract.tables or column not in contract.tables[table].columns:
        raise InputError(f"{quantity.of!r} is no table.column of {contract.name}.")
    found = contract.tables[table].columns[column].type
    if found not in types:
        raise InputError(
            f"{quantity.kind}[...] is that of a column of type {' or '.join(types)}; "
            f"{quantity.of} is of type {found}."
        )
    return table, column


def _period(rows: pl.LazyFrame, time: str, period: tuple[int, date | None]) -> tuple[date, date]:
    """First and last day of so many months."""
    months, until = period
    days = pl.col(time).cast(pl.Date)
    known = rows if until is None else rows.filter(days <= until)
    last = known.select(days.max()).collect(engine="streaming").item()
    if last is None:
        raise InputError(f"There is no row by {until or 'any day'}.")
    day_after = pl.Series([last]).dt.offset_by("1d")
    return day_after.dt.offset_by(f"-{months}mo").item(), last
