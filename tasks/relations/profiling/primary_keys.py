"""Which columns tell the rows of a table apart, by their values and names."""

from collections.abc import Mapping
from itertools import combinations

import polars as pl

from tasks.relations.profiling.columns import ColumnProfile
from tasks.relations.profiling.names import name_match, sounds_like_key

KEY_TYPES = ("integer", "category", "text")
MOST_COLUMNS = 4
"""Of a key."""
MOST_CANDIDATES = 10
"""Columns that a key of several is sought among."""


def primary_key(table: str, columns: Mapping[str, ColumnProfile]) -> tuple[str, ...]:
    """The column or columns that tell a table's rows apart; empty where none do.

    A column of that kind whose name sounds like a key is taken, that which sounds like the
    table's first; then one that comes first in the table; then the fewest columns that
    sound like keys, or are times or integers, together.

    Parameters
    ----------
    table
        Name of the table.
    columns
        By name, in the table's order.
    """
    unique = [
        name for name, found in columns.items() if found.is_unique and found.type in KEY_TYPES
    ]
    named = [name for name in unique if sounds_like_key(name) or name_match(name, table, "")]
    if named:
        return (max(named, key=lambda name: (name_match(name, table, ""), -unique.index(name))),)
    first = next(iter(columns), None)
    if first in unique and columns[first].type == "integer":
        return (first,)
    return _several(columns)


def _several(columns: Mapping[str, ColumnProfile]) -> tuple[str, ...]:
    whole = {name: found for name, found in columns.items() if found.values.null_count() == 0}
    keys = [name for name in whole if sounds_like_key(name)]
    others = [
        name
        for name, found in whole.items()
        if name not in keys and found.type in ("time", "integer")
    ]
    candidates = (keys + others)[:MOST_CANDIDATES]
    values = pl.DataFrame({name: whole[name].values for name in candidates})
    for size in range(2, MOST_COLUMNS + 1):
        for names in combinations(candidates, size):
            counts = 1.0
            for name in names:
                counts *= whole[name].distinct
            if counts >= values.height and values.select(names).n_unique() == values.height:
                return tuple(name for name in columns if name in names)
    return ()
