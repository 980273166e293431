"""Which rows keys lead to, and which events of a key lie before a time."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

IntArray = npt.NDArray[np.int64]
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

    rows: IntArray
    keys: pl.Series
    times: IntArray
    ranks: IntArray

    def first(self, groups: IntArray) -> IntArray:
        """Place of the first event of each group."""
        return np.searchsorted(self.ranks, groups * len(self.times))

    def end(self, groups: IntArray, times: IntArray) -> IntArray:
        """Place after the last event of each group strictly before a time.

        The only way from a row to events: nothing at or after its own time can pass it.
        """
        earlier = np.searchsorted(self.times, times, side="left")
        return np.searchsorted(self.ranks, groups * len(self.times) + earlier)

    def running_sums(self, values: pl.Series) -> tuple[FloatArray, FloatArray]:
        """Sum and number of the known values of a key up to and with each event.

        Those of one key do not depend on the values of others, not even in the last bit.

        Parameters
        ----------
        values
            Numbers or Booleans, one for each row of the table.

        Returns
        -------
        tuple of numpy.ndarray
            Each of shape (M,).
        """
        value, group = pl.col("value"), pl.col("rank") // max(len(self.times), 1)
        ordered = pl.DataFrame({"value": values.gather(self.rows), "rank": self.ranks})
        sums = ordered.select(
            value.cast(pl.Float64).fill_null(0).cum_sum().over(group).alias("sum"),
            value.is_not_null().cast(pl.Float64).cum_sum().over(group).alias("known"),
        )
        return sums["sum"].to_numpy(), sums["known"].to_numpy()


def order_events(keys: pl.Series, times: pl.Series) -> EventOrder:
    """Sort a table's rows as events; rows without a key or a time are none."""
    is_event = keys.is_not_null() & times.is_not_null()
    rows = is_event.arg_true().to_numpy().astype(np.int64)
    distinct = keys.gather(rows).unique(maintain_order=True)
    groups = find_rows(keys.gather(rows), distinct).to_numpy().astype(np.int64)
    distinct_times, time_ranks = np.unique(_microseconds(times)[rows], return_inverse=True)
    ranks = groups * len(distinct_times) + time_ranks
    order = np.argsort(ranks, kind="stable")
    return EventOrder(rows[order], distinct, distinct_times, ranks[order])


@dataclass(frozen=True)
class Past:
    """The events before each of N rows: those at the places from `first` to before `end`.

    Attributes
    ----------
    order
        The events.
    first, end
        Places in it, shape (N,); equal where there is no event.
    recent
        Place of the first event that is recent, shape (N,).
    last
        Row of the last event in its table; null where there is none.
    days
        Days since the last event; null where there is none.
    """

    order: EventOrder
    first: IntArray
    recent: IntArray
    end: IntArray
    last: pl.Series
    days: pl.Series

    def take(self, chosen: npt.NDArray[np.intp]) -> "Past":
        """The past of some of the N rows."""
        places = (self.first[chosen], self.recent[chosen], self.end[chosen])
        return Past(self.order, *places, self.last.gather(chosen), self.days.gather(chosen))

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

        Parameters
        ----------
        values
            Numbers or Booleans, one for each row of the table.

        Returns
        -------
        tuple of polars.Series
            N means each; null where no value is known.
        """
        total, known = (np.append(sums, 0) for sums in self.order.running_sums(values))
        now, past = self._last_place(self.end), self._last_place(self.recent)
        return (
            _ratio(total[now], known[now]),
            _ratio(total[now] - total[past], known[now] - known[past]),
        )

    def _last_place(self, end: IntArray) -> IntArray:
        """Place of the last event before `end`, or the place of a zero after all events."""
        return np.where(end > self.first, end - 1, len(self.order.rows))


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
    moments = _microseconds(times)
    first = order.first(groups)
    end = order.end(groups, moments)
    before = order.end(groups, moments - recent // timedelta(microseconds=1))
    nobody = found.is_null().to_numpy()
    end[nobody] = before[nobody] = first[nobody]
    some = pl.Series(end > first)
    places = pl.Series(end - 1).set(~some, None)
    last_ranks = pl.Series(order.ranks).gather(places)
    last_times = pl.Series(order.times).gather(last_ranks % max(len(order.times), 1))
    days = (pl.Series(moments) - last_times) // MICROSECONDS / SECONDS_A_DAY
    last = pl.Series(order.rows, dtype=pl.UInt32).gather(places)
    return Past(order, first, before, end, last, days)


def _microseconds(times: pl.Series) -> IntArray:
    return times.cast(pl.Datetime("us")).to_physical().fill_null(0).to_numpy()


def _ratio(total: FloatArray, known: FloatArray) -> pl.Series:
    mean = np.divide(total, known, out=np.zeros_like(total), where=known > 0)
    return pl.Series(mean).set(pl.Series(known == 0), None)
