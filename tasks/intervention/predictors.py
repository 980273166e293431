"""Columns of a table and of its parents as numbers, for trees to split on and to predict."""

from collections.abc import Iterable, Iterator

import numpy as np
import polars as pl

from tasks.domain import Column
from tasks.intervention.faulty_database import FaultyDatabase
from tasks.intervention.replicate_cells import FloatArray
from tasks.relations.as_of import SECONDS_A_DAY, find_rows
from tasks.relations.feature_values import usable_columns

MOST_LEVELS = 10
MICROSECONDS_A_DAY = SECONDS_A_DAY * 1_000_000

Known = tuple[Column, pl.Series]
"""What a column holds, and its value for each of N rows."""


def known_columns(
    database: FaultyDatabase, name: str, rows: pl.Series, but: str = ""
) -> Iterator[Known]:
    """Columns of rows of a table, of their parents, and of theirs in turn.

    Parameters
    ----------
    database
        Values that break the contract are taken as missing. The task's target is never told, nor
        what leaks.
    name, rows
        The table and N row numbers in it; null gives null.
    but
        A column of the table that is left out, with what lies behind it where it is a key.
    """
    frame = database.known_tables[name]
    left_out = {but, database.target[1] if name == database.target[0] else ""}
    for column, entry in usable_columns(database.contract, database.task, name).items():
        if column not in left_out:
            yield entry, frame[column].gather(rows)
    for key, parent in database.contract.tables[name].foreign_keys.items():
        if key not in left_out:
            yield from known_columns(database, parent, pointed_to(database, name, key, rows))


def pointed_to(database: FaultyDatabase, name: str, key: str, rows: pl.Series) -> pl.Series:
    """Row of the parent that each of some rows of a table points to; null for an orphan."""
    parent = database.contract.tables[name].foreign_keys[key]
    (primary,) = database.contract.tables[parent].primary_key
    keys = database.known_tables[name][key].gather(rows)
    return find_rows(keys, database.tables[parent][primary])


def predictor_matrix(columns: Iterable[Known], n_rows: int) -> FloatArray:
    """Columns as numbers, NaN where missing, shape (n_rows, q), q >= 1.

    Times are days; a category is an indicator for each of its 10 most frequent values.
    """
    return np.column_stack([np.zeros(n_rows), *(_numbers(*known) for known in columns)])


def response_matrix(columns: Iterable[Known], n_rows: int) -> FloatArray:
    """Columns as numbers of equal weight, shape (n_rows, q), q >= 1.

    Each column has mean 0 and variance 1 over the rows, the indicators of a category together; a
    missing value is 0.
    """
    blocks = []
    for known in columns:
        block = _numbers(*known)
        if not np.isnan(block).all():
            block = block - np.nanmean(block, axis=0)
            spread = np.sqrt(np.nanvar(block, axis=0).sum())
            blocks.append(np.nan_to_num(block / (spread or 1.0)))
    return np.column_stack([np.zeros(n_rows), *blocks])


def _numbers(entry: Column, values: pl.Series) -> FloatArray:
    """One column as numbers, shape (N, 1), or (N, number of levels) for a category."""
    if entry.type == "category":
        levels = values.drop_nulls().value_counts(name="(rows)")
        levels = levels.sort("(rows)", values.name, descending=[True, False])
        columns = [values == level for level in levels[values.name].head(MOST_LEVELS)]
    elif entry.type == "time":
        columns = [values.cast(pl.Datetime("us")).to_physical() / MICROSECONDS_A_DAY]
    else:
        columns = [values]
    if not columns:
        return np.empty((len(values), 0))
    return np.column_stack([column.cast(pl.Float64).to_numpy() for column in columns])
