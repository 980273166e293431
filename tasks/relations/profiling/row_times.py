"""When rows of a profiled database became known: how they are split, and what came later."""

from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from tasks.domain import Split
from tasks.errors import InputError
from tasks.relations.as_of import find_rows
from tasks.relations.profiling.profile import DatabaseProfile

TRAIN, VALIDATION = 0.6, 0.8
"""Shares of the rows before validation and before the test begin."""
LEAST_LATER = 0.05
"""Share of the rows from which a time that lies after its row's own counts as known later."""
LATER = timedelta(days=1)


@dataclass(frozen=True)
class LaterTime:
    """A time column that was filled in after its rows became known.

    Attributes
    ----------
    table, column
        Where it stands.
    share
        Of the rows that have it, those in which it lies more than a day after the row's own time.
    """

    table: str
    column: str
    share: float


def known_since(profile: DatabaseProfile, table: str) -> pl.Series:
    """When each row of a table that has a time became known; null where that is missing."""
    key, _, beyond = profile.times[table].partition(".")
    own = profile.tables[table][key].values
    if not beyond:
        return own
    parent = next(
        foreign.parent
        for foreign in profile.foreign_keys
        if (foreign.table, foreign.column) == (table, key)
    )
    (primary,) = profile.primary_keys[parent]
    there = profile.tables[parent]
    kind = there[primary].values.dtype
    return there[beyond].values.gather(
        find_rows(own.cast(kind, strict=False), there[primary].values)
    )


def later_times(profile: DatabaseProfile) -> tuple[LaterTime, ...]:
    """Time columns that tell what happened after their rows became known.

    What is filled in later, such as when an order was delivered or a user last seen, would tell
    the future to a model that reads it with the row.

    Parameters
    ----------
    profile
        Of a database.
    """
    found = []
    for table in profile.times:
        known = known_since(profile, table)
        for column, entry in profile.tables[table].items():
            if entry.type == "time" and column != profile.times[table]:
                share = ((entry.values - known) > LATER).drop_nulls().mean()
                if share is not None and share >= LEAST_LATER:  # type: ignore[operator]
                    found.append(LaterTime(table, column, float(share)))  # type: ignore[arg-type]
    return tuple(found)


def time_split(profile: DatabaseProfile, table: str) -> Split:
    """Days from which on rows are for validation and for the test, by the shares of rows.

    Raises
    ------
    InputError
        If the rows do not span enough days.
    """
    times = known_since(profile, table).drop_nulls().sort()
    days = [_day(times, share) + timedelta(days=1) for share in (TRAIN, VALIDATION)]
    if not times[0].date() < days[0] < days[1] <= times[-1].date():
        raise InputError(
            f"The rows of {table} cannot be split by time: they lie between "
            f"{times[0]:%Y-%m-%d} and {times[-1]:%Y-%m-%d}, and 40 % of them must be later than "
            "60 %, 20 % than 80 %."
        )
    return Split(validation=days[0], test=days[1])


def can_be_split(profile: DatabaseProfile, table: str) -> bool:
    """Whether `time_split` finds days for a table."""
    try:
        time_split(profile, table)
    except InputError:
        return False
    return True


def _day(times: pl.Series, share: float) -> date:
    day: date = times[int(share * len(times))].date()
    return day
