"""Rows in which the mechanism of a column can be seen.

A node of a causal graph is a column, ``table.column``. The unit of a mechanism is a row of the
table that holds the effect: its own columns, and those of the rows that its keys lead to, may be
causes. A row counts once, however many rows of other tables lead to it: repeated, it would stand
both among the rows to which a mechanism is fitted and among those that test it.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from tasks.intervention.causal_reach import key_path, node_of
from tasks.intervention.faulty_database import FaultyDatabase
from tasks.intervention.predictors import pointed_to
from tasks.intervention.repairs import NUMBERS
from tasks.intervention.structural.causal_graph import CausalGraph, make_graph
from tasks.intervention.structural.column_values import Column
from tasks.intervention.structural.traces import Traces, make_traces

MOST_ROWS = 2000


def node_values(
    database: FaultyDatabase, known: Mapping[str, pl.DataFrame], table: str, names: Sequence[str]
) -> pl.DataFrame:
    """Values of columns for each row of a table, read along its keys.

    Parameters
    ----------
    database
        Whose keys are followed.
    known
        The tables whose values are read: those of `FaultyDatabase.known_tables`, as they are or
        changed.
    table
        Which.
    names
        Columns of the table itself and of tables that its keys lead to.

    Returns
    -------
    polars.DataFrame
        A row for each of the table's, a column for each name: Float64, String or Boolean.
    """
    columns = []
    for name in names:
        node, at = node_of(name), table
        rows = pl.int_range(database.tables[table].height, dtype=pl.UInt32, eager=True)
        for key in key_path(database.contract, table, node.table) or ():
            rows = pointed_to(database, at, key, rows)
            at = database.contract.tables[at].foreign_keys[key]
        values = known[node.table][node.column].gather(rows)
        number = database.contract.tables[node.table].columns[node.column].type in NUMBERS
        columns.append((values.cast(pl.Float64) if number else values).alias(name))
    return pl.DataFrame(columns)


def mechanism_traces(
    database: FaultyDatabase, graph: CausalGraph, name: str, rng: np.random.Generator
) -> tuple[CausalGraph, Traces]:
    """Rows in which a column and its causes are seen together.

    They are rows of the column's table: no repeated ones, from before the task's validation date
    where the table has a time, none with a value that is missing or breaks a rule; at most 2000.

    Parameters
    ----------
    database
        The database before.
    graph
        Causes and effects.
    name
        The column, which has causes.
    rng
        Chooses the rows where there are more.

    Returns
    -------
    tuple of CausalGraph and Traces
        The column with its causes alone, and their values.

    Raises
    ------
    InputError
        If fewer than 100 rows are complete, or a column takes one value in them.
    """
    causes, node = graph.parents(name), node_of(name)
    star = make_graph([*causes, name], [(cause, name) for cause in causes])
    values = node_values(database, database.known_tables, node.table, star.nodes)
    seen = values.filter(database.donors(node.table, node.column)).drop_nulls()
    if seen.height > MOST_ROWS:
        chosen = np.sort(rng.choice(seen.height, MOST_ROWS, replace=False))
        seen = seen[chosen]
    return star, make_traces(trace_columns(seen), star)


def trace_columns(values: pl.DataFrame) -> Mapping[str, Column]:
    """Columns as `make_traces` takes them."""
    return {
        name: values[name].to_numpy() if dtype.is_numeric() else values[name].to_list()
        for name, dtype in values.schema.items()
    }
