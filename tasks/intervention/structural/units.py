"""Units about which a structural model is asked: rows that know a value for every node."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from tasks.errors import InputError
from tasks.intervention.structural.column_values import Column, column_values
from tasks.intervention.structural.traces import check_names, common_length
from tasks.intervention.structural_model import StructuralModel

KINDS = {True: "labels", False: "numbers"}


def make_units(columns: Mapping[str, Column], model: StructuralModel) -> pd.DataFrame:
    """Check units against a model.

    Parameters
    ----------
    columns
        Values of each node, as `make_traces` takes them.
    model
        Fitted mechanisms.

    Returns
    -------
    DataFrame
        In the form of `Traces.frame`.

    Raises
    ------
    InputError
        If the columns are not the nodes of the model, there is no row, a value is missing, or one
        is of another kind than those to which the model was fitted, or an unknown label.
    """
    check_names(columns, model.graph)
    values = {node: column_values(node, columns[node]) for node in model.graph.nodes}
    if not common_length(values):
        raise InputError("A counterfactual is that of given units: the data must have a row.")
    for node, column in values.items():
        _check(node, column, model)
    return pd.DataFrame(
        {node: pd.Series(column, dtype=column.dtype) for node, column in values.items()}
    )


def _check(node: str, column: npt.NDArray[Any], model: StructuralModel) -> None:
    missing = np.flatnonzero(pd.isna(column))
    if len(missing):
        raise InputError(
            f"The noise of a unit is told by its values at all nodes: {node!r} misses the one in "
            f"row {missing[0]} (counted from 0), and {len(missing)} in all; leave these rows out."
        )
    kind = model.kinds[node]
    if (column.dtype == object) != (kind == "categorical"):
        raise InputError(
            f"The model knows {KINDS[kind == 'categorical']} at {node!r}, "
            f"got {KINDS[column.dtype == object]}."
        )
    if kind == "categorical":
        if unknown := sorted(set(column) - set(model.train[node])):
            raise InputError(f"The model has not seen the label {unknown[0]!r:.60} at {node!r}.")
    elif kind == "discrete" and (column != np.floor(column)).any():
        raise InputError(f"The model knows whole numbers at {node!r}, got others.")
