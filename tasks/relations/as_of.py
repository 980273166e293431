"""Aggregates of events as of a row's time, by running sums and one as-of join."""

from datetime import timedelta

import polars as pl

from tasks.relations.events import TIME

ROW = "(row)"
KEY = "(key)"
EVENT_TIME = "(event time)"
COUNT = "(count)"
SUM = "(sum) "
KNOWN = "(known) "


def running_sums(events: pl.DataFrame, key: str, numeric: list[str]) -> pl.DataFrame:
    """Sort events by time; count and sum up, within each key, all up to and with each event.

    Parameters
    ----------
    events
        Rows with the columns `key` and `TIME`; rows without either are dropped.
    key
        The foreign key within which to sum.
    numeric
        Columns to sum; missing values count as nothing.
    """
    values = {column: pl.col(column).cast(pl.Float64).fill_null(0) for column in numeric}
    known = {column: pl.col(column).is_not_null().cast(pl.Int64) for column in numeric}
    return (
        events.drop_nulls([key, TIME])
        .sort(TIME, maintain_order=True)
        .with_columns(
            pl.int_range(1, pl.len() + 1).over(key).alias(COUNT),
            *(value.cum_sum().over(key).alias(SUM + column) for column, value in values.items()),
            *(
                is_known.cum_sum().over(key).alias(KNOWN + column)
                for column, is_known in known.items()
            ),
        )
        .rename({TIME: EVENT_TIME})
    )


def last_before(
    spine: pl.DataFrame, events: pl.DataFrame, key: str, lag: timedelta
) -> pl.DataFrame:
    """The last event of each row's key strictly before the row's time less a lag.

    The only place where rows meet events: nothing at or after a row's own time can pass it.

    Parameters
    ----------
    spine
        N rows with the columns `ROW` (0 to N - 1), `KEY` and `TIME`.
    events
        As `running_sums` gives them.
    key
        The events' foreign key.
    lag
        How much earlier than the row's time to look.

    Returns
    -------
    polars.DataFrame
        N rows in the order of `ROW`; null where there is no such event.
    """
    asked = spine.select(ROW, KEY, (pl.col(TIME) - lag).alias(TIME)).sort(TIME)
    return asked.join_asof(
        events,
        left_on=TIME,
        right_on=EVENT_TIME,
        by_left=KEY,
        by_right=key,
        strategy="backward",
        allow_exact_matches=False,
        check_sortedness=False,
        coalesce=False,
    ).sort(ROW)


def count_of(now: pl.DataFrame) -> pl.Series:
    """Number of events before."""
    return now[COUNT].fill_null(0).cast(pl.Float64)


def mean_of(column: str, now: pl.DataFrame, past: pl.DataFrame | None = None) -> pl.Series:
    """Mean of a column's known values over the events before, or those after `past`.

    Null where no value is known.
    """
    total, known = now[SUM + column].fill_null(0), now[KNOWN + column].fill_null(0)
    if past is not None:
        total = total - past[SUM + column].fill_null(0)
        known = known - past[KNOWN + column].fill_null(0)
    return (total / known).set(known == 0, None)
