"""Which rows keys lead to, and what of them is known at a time."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from tasks.relations.running_sums import sums_at

IntArray = npt.NDArray[np.int64]
RowArray = npt.NDArray[np.uint32]
FloatArray = npt.NDArray[np.float64]
SECONDS_A_DAY = 86400
MICROSECONDS = 1_000_000


def find_rows(keys: pl.Series, primary: pl.Series) -> pl.Series:
    """Row that each key points to: the first whose primary key it is.

    Parameters
    ----------
    keys
        Foreign keys, N of them.
    primary
        Primary keys of the table pointed to.

    Returns
    -------
    polars.Series
        N row numbers (UInt32); null where a key is missing or points to nothing.

    Examples
    --------
    >>> find_rows(pl.Series([5, 7, None]), pl.Series([4, 5, 5])).to_list()
    [1, None, None]
    """
    known = pl.DataFrame({"key": primary}).with_row_index("row").unique("key", keep="first")
    asked = pl.DataFrame({"key": keys})
    return asked.join(known, on="key", how="left", maintain_order="left")["row"]


def horizon(times: pl.Series, *, points_to_it: bool) -> IntArray:
    """Until when a row looks: it sees what became known before its horizon, and nothing else.

    This is the one place that says what a row may know of its database; `EventOrder.end`, the only
    way to child rows, and `known_rows`, the only way to rows that are pointed to, both ask here. A
    child row is seen if it became known strictly before the row's own time: at that very moment it
    may be what is to be predicted, or follow from it. A row that is pointed to may have become
    known at that very moment too, as an order is written with its items. What has no time in the
    contract counts as always known; a value that is filled in later than its row must stand among
    the contract's leaks.

    Parameters
    ----------
    times
        When each of N rows is predicted.
    points_to_it
        Whether a key of the row, or of one that it sees, points to what is looked at.

    Returns
    -------
    numpy.ndarray
        N times in microseconds.
    """
    return _microseconds(times) + points_to_it


def known_rows(rows: pl.Series, became_known: pl.Series, times: pl.Series) -> pl.Series:
    """Rows that are pointed to; null where one became known too late, or nobody knows when.

    Parameters
    ----------
    rows
        Row of a table that each of N rows points to.
    became_known
        When each row of that table did.
    times
        When each of the N rows is predicted.
    """
    when = became_known.gather(rows)
    is_known = pl.Series(_microseconds(when) < horizon(times, points_to_it=True))
    return rows.set(~(is_known & when.is_not_null() & times.is_not_null()), None)


@dataclass(frozen=True)
class EventOrder:
    """Events of one table, sorted within each key by time; those of one time stay as they were.

    Attributes
    ----------
    rows
        Row of each of the M events in its table.
    keys
        The distinct keys; the events of key g are group g.
    times
        The T distinct times, increasing, in microseconds.
    ranks
        ``group * T + rank of the time`` of each event, increasing, shape (M,).
    """

    rows: RowArray
    keys: pl.Series
    times: IntArray
    ranks: IntArray

    def first(self, groups: IntArray) -> IntArray:
        """Place of the first event of each group."""
        return np.searchsorted(self.ranks, groups * len(self.times))

    def end(self, groups: IntArray, until: IntArray) -> IntArray:
        """Place after the last event of each group that became known before a time.

        The only way from a row to events: nothing at or after its `horizon` can pass it.
        """
        earlier = np.searchsorted(self.times, until, side="left")
        return np.searchsorted(self.ranks, groups * len(self.times) + earlier)


def order_events(keys: pl.Series, times: pl.Series, asked: pl.Series) -> EventOrder:
    """Sort those rows of a table as events whose key is asked for.

    Parameters
    ----------
    keys, times
        Of the table's rows; those without a key or a time are no events.
    asked
        Keys whose events are wanted; nothing is lost by leaving out the others.
    """
    wanted = keys.is_in(asked.drop_nulls().unique().implode())
    rows = (wanted.fill_null(False) & times.is_not_null()).arg_true()
    own = keys.gather(rows)
    distinct = own.unique(maintain_order=True)
    groups = find_rows(own, distinct).to_numpy().astype(np.int64)
    moments = _microseconds(times.gather(rows))
    distinct_times = np.unique(moments)
    ranks = groups * len(distinct_times) + np.searchsorted(distinct_times, moments)
    order = np.argsort(ranks, kind="stable")
    return EventOrder(rows.to_numpy()[order], distinct, distinct_times, ranks[order])


@dataclass(frozen=True)
class Past:
    """The events before each of N rows: those at the places from `first` to before `end`.

    Attributes
    ----------
    events
        Row of each of the M events in its table, those of a key one after the other, shape (M,).
    first, end
        Places in it, shape (N,); equal where there is no event.
    recent
        Place of the first event that is recent, shape (N,).
    last
        Row of the last event in its table; null where there is none.
    days
        Days since the last event; null where there is none.
    """

    events: RowArray
    first: IntArray
    recent: IntArray
    end: IntArray
    last: pl.Series
    days: pl.Series

    def take(self, chosen: npt.NDArray[np.intp]) -> "Past":
        """The past of some of the N rows."""
        places = (self.first[chosen], self.recent[chosen], self.end[chosen])
        return Past(self.events, *places, self.last.gather(chosen), self.days.gather(chosen))

    @property
    def count(self) -> pl.Series:
        """Number of events."""
        return pl.Series(self.end - self.first)

    @property
    def recent_count(self) -> pl.Series:
        """Number of recent events."""
        return pl.Series(self.end - self.recent)

    def means(self, values: pl.Series) -> tuple[pl.Series, pl.Series]:
        """Mean of a column's known values over the events, and over the recent ones.

        What is summed up for one key does not depend on the values of others, not even in the last
        bit.

        Parameters
        ----------
        values
            Numbers or Booleans, one for each row of the table.

        Returns
        -------
        tuple of polars.Series
            N means each; null where no value is known.
        """
        first, end = np.tile(self.first, 2), np.concatenate([self.end, self.recent])
        sums, counts = sums_at(values, self.events, first, end)
        (total, past), (known, known_past) = np.split(sums, 2), np.split(counts, 2)
        return _ratio(total, known), _ratio(total - past, known - known_past)


def past_events(order: EventOrder, keys: pl.Series, times: pl.Series, recent: timedelta) -> Past:
    """Find the events of each row's key before the row's time.

    Parameters
    ----------
    order
        The events.
    keys, times
        Of N rows.
    recent
        Events of the time less this much, and later ones, are recent.
    """
    found = find_rows(keys, order.keys)
    groups = found.fill_null(0).to_numpy().astype(np.int64)
    until = horizon(times, points_to_it=False)
    first = order.first(groups)
    end = order.end(groups, until)
    before = order.end(groups, until - recent // timedelta(microseconds=1))
    nobody = found.is_null().to_numpy()
    end[nobody] = before[nobody] = first[nobody]
    some = pl.Series(end > first)
    places = pl.Series(end - 1).set(~some, None)
    last_ranks = pl.Series(order.ranks).gather(places)
    last_times = pl.Series(order.times).gather(last_ranks % max(len(order.times), 1))
    days = (pl.Series(until) - last_times) // MICROSECONDS / SECONDS_A_DAY
    last = pl.Series(order.rows, dtype=pl.UInt32).gather(places)
    return Past(order.rows, first, before, end, last, days)


def _microseconds(times: pl.Series) -> IntArray:
    return times.cast(pl.Datetime("us")).to_physical().fill_null(0).to_numpy()


def _ratio(total: FloatArray, known: FloatArray) -> pl.Series:
    mean = np.divide(total, known, out=np.zeros_like(total), where=known > 0)
    return pl.Series(mean).set(pl.Series(known == 0), None)
