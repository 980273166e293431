"""When the rows of a table became known, by their times and the names of these."""

from collections.abc import Mapping, Sequence

import polars as pl

from tasks.relations.profiling.columns import ColumnProfile
from tasks.relations.profiling.foreign_keys import ForeignKey
from tasks.relations.profiling.names import words_of

LIFE = frozenset({"birth", "born", "dob", "birthday", "death", "died", "dod"})
"""Words of times at which a person, not a row, came to be or ended."""
LATER = frozenset(
    {"modified", "modify", "updated", "update", "changed", "edited", "edit", "deleted", "closed"}
    | {"end", "ended", "due", "until", "expiry", "expires", "expired", "last", "finish", "finished"}
)
"""Words of times that come after a row's first."""
LEAST_KNOWN = 0.95
"""Share of the rows that must have the time."""

Columns = Mapping[str, ColumnProfile]


def own_time(columns: Columns) -> str:
    """The time column that tells when a table's rows became known; empty where none does.

    It is the earliest of those that nearly all rows have, by the median, which are no later time
    of the row by their name and no time of somebody's life.
    """
    medians = {
        name: profile.values.median()
        for name, profile in columns.items()
        if profile.type == "time"
        and not LIFE & set(words_of(name))
        and not LATER & set(words_of(name))
        and profile.values.is_not_null().mean() >= LEAST_KNOWN  # type: ignore[operator]
    }
    return min(medians, key=lambda name: medians[name], default="")  # type: ignore[arg-type,return-value]


def table_times(
    tables: Mapping[str, Columns], keys: Sequence[ForeignKey], declared: Mapping[str, str]
) -> dict[str, str]:
    """When each table's rows became known, as a contract has it, where that is known.

    Parameters
    ----------
    tables
        Columns of each table.
    keys
        Foreign keys.
    declared
        Time columns that the database declares itself.

    Returns
    -------
    dict of str to str
        A column of the table, or ``key.column`` of the parent that a row belongs to: the latest of
        those that have a time, as a row cannot be there before them.
    """
    own = {name: declared.get(name) or own_time(columns) for name, columns in tables.items()}
    found = {name: time for name, time in own.items() if time}
    for name in tables:
        if name in found:
            continue
        beyond = {
            f"{key.column}.{own[key.parent]}": _median(tables[key.parent][own[key.parent]].values)
            for key in keys
            if key.table == name and own[key.parent]
        }
        if beyond:
            found[name] = max(beyond, key=lambda time: beyond[time])
    return found


def _median(values: pl.Series) -> float:
    middle = values.drop_nulls().to_physical().median()
    return float(middle)  # type: ignore[arg-type]
