"""The weeks of a period as a media mix model needs them, or why they will not do."""

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import polars as pl

from tasks.domain import MediaMix
from tasks.errors import InputError

Floats = npt.NDArray[np.float64]
WEEK = timedelta(days=7)
FEWEST_WEEKS = 26
REMEMBERED_WEEKS = 13
"""Before a week, whose spends may still act in it."""


@dataclass(frozen=True)
class Weeks:
    """Sales, spends and controls of T weeks in a row.

    Attributes
    ----------
    begin
        First day of each week, shape (T,).
    sales
        Shape (T,), all above 0.
    spends
        Shape (13 + T, C): of the 13 weeks before the first one too, the mean of the known ones
        where they are not known.
    known_before
        How many of those 13 weeks are known.
    controls
        Shape (T, number of controls).
    """

    begin: npt.NDArray[np.datetime64]
    sales: Floats
    spends: Floats
    known_before: int
    controls: Floats


def weeks_of_period(
    frame: pl.DataFrame, block: MediaMix, *, months: int = 24, until: date | None = None
) -> Weeks:
    """Take the weeks of the last months.

    Parameters
    ----------
    frame
        The block's table, a row a week in any order; rows outside of the period may be bad.
    block
        Names its columns.
    months
        Calendar months, back from the end of the last week.
    until
        Last day on which a week may begin; that of the last row where nothing is given.

    Raises
    ------
    InputError
        If there are fewer than 26 weeks, a row is missing or repeated, rows are not 7 days apart, a
        value is missing, sales are not above 0, a spend is below 0, or a channel has no spend.
    """
    rows = frame.select(pl.col(block.time).cast(pl.Date), *block.numbers).sort(block.time)
    if rows[block.time].null_count():
        raise InputError(f"{block.table}.{block.time} must hold a day in every row.")
    rows = rows if until is None else rows.filter(pl.col(block.time) <= until)
    if rows.is_empty():
        raise InputError(f"{block.table} has no week that begins by {until or 'any day'}.")
    end = rows[block.time][-1] + WEEK
    start = pl.Series([end]).dt.offset_by(f"-{months}mo")[0]
    before = rows.filter(pl.col(block.time) < start)
    rows = rows.filter(pl.col(block.time) >= start)
    _check_steps(block, rows[block.time].to_list())
    for column in block.numbers:
        _check_numbers(block, rows, column)
    spends, known = _remembered(block, before, rows)
    return Weeks(
        begin=rows[block.time].to_numpy(),
        sales=rows[block.sales].to_numpy().astype(np.float64),
        spends=spends,
        known_before=known,
        controls=rows.select(block.controls).to_numpy().astype(np.float64).reshape(len(rows), -1),
    )


def _check_steps(block: MediaMix, days: list[date]) -> None:
    for day, following in pairwise(days):
        if following - day == WEEK:
            continue
        daily = ": sum daily rows to weeks first" if following - day == timedelta(days=1) else ""
        raise InputError(
            f"The rows of {block.table} must be 7 days apart, but {following} follows {day}{daily}."
        )
    if len(days) < FEWEST_WEEKS:
        raise InputError(
            f"A media mix model needs at least {FEWEST_WEEKS} weeks, got {len(days)} from "
            f"{days[0]} on."
        )


def _check_numbers(block: MediaMix, rows: pl.DataFrame, column: str) -> None:
    """Refuse a column by its first bad week."""
    values = rows[column].cast(pl.Float64)
    rules = [("present", values.is_finite().fill_null(value=False))]
    if column == block.sales:
        rules.append(("above 0", values > 0))
    if column in block.channels.values():
        rules.append(("at least 0", values >= 0))
    for rule, is_good in rules:
        bad = rows[block.time].filter(~is_good)
        if len(bad):
            raise InputError(
                f"{block.table}.{column} must be {rule} in every week; it is not in "
                f"{len(bad)} week(s), the first one from {bad[0]} on."
            )
    if column in block.channels.values() and not (values > 0).any():
        name = next(name for name, of in block.channels.items() if of == column)
        raise InputError(
            f"Channel {name} has no spend in any of the {len(rows)} weeks from "
            f"{rows[block.time][0]} on: leave it out, or choose another period."
        )


def _remembered(block: MediaMix, before: pl.DataFrame, rows: pl.DataFrame) -> tuple[Floats, int]:
    """Spends of the period with those of the weeks before it, and how many of these are known."""
    columns = list(block.channels.values())
    spends = rows.select(columns).to_numpy().astype(np.float64)
    known = dict(
        zip(before[block.time], before.select(columns).cast(pl.Float64).rows(), strict=True)
    )
    first = rows[block.time][0]
    earlier = [known.get(first - WEEK * lag) for lag in range(REMEMBERED_WEEKS, 0, -1)]
    told = np.array([row or [None] * len(columns) for row in earlier], dtype=np.float64)
    is_known = np.all(np.isfinite(told) & (told >= 0), axis=1, keepdims=True)
    usual = np.vstack([told[is_known[:, 0]], spends]).mean(axis=0)
    return np.vstack([np.where(is_known, told, usual), spends]), int(is_known.sum())
