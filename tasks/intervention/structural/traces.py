"""Traces: joint observations of the nodes of a causal graph, checked and ready for mechanisms."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from tasks.errors import InputError
from tasks.intervention.structural.causal_graph import CausalGraph
from tasks.intervention.structural.column_values import Column, column_values

FEWEST_ROWS = 100
INT32 = np.iinfo(np.int32)
MOST_NAMES = 5

Kind = Literal["continuous", "discrete", "categorical"]
Missing = Literal["error", "listwise"]


@dataclass(frozen=True)
class Traces:
    """Observations without missing values.

    Attributes
    ----------
    frame
        One column a node, in sorted order: float64 numbers, or labels as Python strings (dtype
        object) where the node is categorical. Truth values are the labels ``false`` and ``true``.
    kinds
        Of each node. A discrete node holds whole numbers of 32 bits.
    left_out
        Rows that were dropped because a value was missing.
    """

    frame: pd.DataFrame
    kinds: Mapping[str, Kind]
    left_out: int = 0


def make_traces(
    columns: Mapping[str, Column], graph: CausalGraph, missing: Missing = "error"
) -> Traces:
    """Check observations of a causal graph's nodes.

    Parameters
    ----------
    columns
        N values of each node: numbers, strings or truth values. None and NaN are missing.
    graph
        Its nodes are the names of the columns.
    missing
        ``error`` refuses missing values; ``listwise`` leaves out each row that misses a value.

    Returns
    -------
    Traces
        The complete rows, in their order.

    Raises
    ------
    InputError
        If the columns are not those of the graph or differ in length; a column mixes types, holds
        an infinite number, takes one value only, or has labels for more than half of the rows;
        values are missing under ``error``; or fewer than 100 complete rows remain.

    Examples
    --------
    >>> graph = CausalGraph(("dose", "ok"), (("dose", "ok"),))
    >>> columns = {"ok": [True, False, False] * 40, "dose": [0.5, 1.5, 2.5] * 40}
    >>> dict(make_traces(columns, graph).kinds)
    {'dose': 'continuous', 'ok': 'categorical'}
    """
    check_names(columns, graph)
    values = {node: column_values(node, columns[node]) for node in graph.nodes}
    rows = common_length(values)
    is_missing = {node: np.asarray(pd.isna(column)) for node, column in values.items()}
    is_complete = ~np.logical_or.reduce(list(is_missing.values()))
    complete = int(is_complete.sum())
    holes = _listed(node for node in values if is_missing[node].any()) or "no column"
    if missing == "error" and complete < rows:
        raise InputError(
            f"Values are missing in {holes}, in {rows - complete} of {rows} rows: "
            "missing='listwise' leaves these rows out."
        )
    if complete < FEWEST_ROWS:
        raise InputError(
            f"Traces need at least {FEWEST_ROWS} rows without a missing value, "
            f"got {complete} among {rows} rows; values are missing in {holes}."
        )
    kept = {node: column[is_complete] for node, column in values.items()}
    for node, column in kept.items():
        if (column == column[0]).all():
            raise InputError(_why_constant(node, values[node], column[:1].tolist()[0], is_missing))
    return Traces(
        frame=pd.DataFrame(
            {n: pd.Series(column, dtype=column.dtype) for n, column in kept.items()}
        ),
        kinds={node: _kind_of(node, column) for node, column in kept.items()},
        left_out=rows - complete,
    )


def check_names(columns: Mapping[str, Column], graph: CausalGraph) -> None:
    """Refuse columns that are not those of the graph.

    Raises
    ------
    InputError
        If one is missing, or is no node.
    """
    if without := [node for node in graph.nodes if node not in columns]:
        raise InputError(
            f"Each node of the causal graph needs a column, got none for {_listed(without)}."
        )
    known = set(graph.nodes)
    if unknown := [name for name in columns if name not in known]:
        raise InputError(
            f"Each column must be a node of the causal graph, leave out {_listed(unknown)}."
        )


def common_length(values: Mapping[str, npt.NDArray[Any]]) -> int:
    """Number of rows of all columns.

    Raises
    ------
    InputError
        If they differ.
    """
    (first, rows), *others = ((node, len(column)) for node, column in values.items())
    for node, other in others:
        if other != rows:
            raise InputError(
                "All columns must be of one length, "
                f"got {rows} rows in {first!r} and {other} in {node!r}."
            )
    return rows


def _kind_of(node: str, column: npt.NDArray[Any]) -> Kind:
    """The kind of complete values; refused are labels that tell rows apart."""
    if column.dtype == np.float64:
        is_whole = (column == np.floor(column)) & (column >= INT32.min) & (column <= INT32.max)
        return "discrete" if is_whole.all() else "continuous"
    if 2 * (labels := len(pd.unique(column))) > len(column):
        raise InputError(
            f"Column {node!r} has {labels} labels in {len(column)} rows, more than half: "
            "it looks like an identifier, leave it out of the graph."
        )
    return "categorical"


def _why_constant(
    node: str,
    values: npt.NDArray[Any],
    only: object,
    is_missing: Mapping[str, npt.NDArray[np.bool_]],
) -> str:
    """Says whether a column took other values in the rows that were left out, and why they were."""
    sentence = f"Column {node!r} takes one value only, {only!r:.60}"
    differs = (values != only) & ~is_missing[node]
    if not differs.any():
        return f"{sentence}: there is nothing to learn from it, leave it out of the graph."
    holes = {name: missing[differs] for name, missing in is_missing.items()}
    causes = [name for name in holes if holes[name].all()] or [n for n in holes if holes[n].any()]
    return (
        f"{sentence}, because the {differs.sum()} rows with another value miss one in "
        f"{_listed(causes)} and were left out."
    )


def _listed(names: Iterable[str]) -> str:
    """Some names, and how many more there are."""
    quoted = [f"{name!r:.60}" for name in names]
    more = f" and {len(quoted) - MOST_NAMES} more" if len(quoted) > MOST_NAMES else ""
    return ", ".join(quoted[:MOST_NAMES]) + more
