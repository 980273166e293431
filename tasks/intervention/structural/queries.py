"""Queries to a structural model: samples under interventions, and counterfactuals."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from tasks.errors import InputError
from tasks.intervention.structural.action import NodeAction
from tasks.intervention.structural.propagation import (
    Columns,
    draw_noise,
    parent_values,
    propagate,
    recomputed_nodes,
)
from tasks.intervention.structural_model import StructuralModel


def interventional_samples(
    model: StructuralModel, actions: Sequence[NodeAction], n: int, rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw units without and with actions, both times under the same noise.

    Parameters
    ----------
    model
        Fitted mechanisms.
    actions
        On different nodes.
    n
        Number of units.
    rng
        Random numbers; the noise does not depend on the actions.

    Returns
    -------
    tuple of DataFrame
        Before and after, of shape (n, nodes): row i is the same unit in both.

    Raises
    ------
    InputError
        If a number grows too large to compute with.

    References
    ----------
    .. [1] J. Pearl, Causality, 2nd edition (2009), section 3.2.
    .. [2] P. Glasserman and D. D. Yao, "Some guidelines and guarantees for common random numbers",
       Management Science 38, 884-908 (1992).
    """
    noise = draw_noise(model, n, rng)
    before = propagate(model, noise, ())
    after = propagate(model, noise, actions, before)
    rows = pd.RangeIndex(n)
    return _as_frame(model, before, rows), _as_frame(model, after, rows)


def counterfactual_samples(
    model: StructuralModel, data: pd.DataFrame, actions: Sequence[NodeAction]
) -> pd.DataFrame:
    """What given units would have been under actions: abduction, action and prediction.

    Nodes that the actions do not reach keep their values.

    Parameters
    ----------
    model
        Fitted mechanisms.
    data
        Units as they are, one column a node as in `Traces.frame`.
    actions
        On different nodes.

    Raises
    ------
    InputError
        If the actions reach a categorical node through its parents, or a number grows too large to
        compute with.

    References
    ----------
    .. [1] J. Pearl, Causality, 2nd edition (2009), theorem 7.1.7.
    """
    after = counterfactual_values(model, as_columns(data), actions)
    return _as_frame(model, after, data.index)


def counterfactual_values(
    model: StructuralModel, factual: Columns, actions: Sequence[NodeAction]
) -> Columns:
    """As `counterfactual_samples`, on columns."""
    reached = recomputed_nodes(model.graph, actions)
    for node in reached:
        if model.kinds[node] == "categorical":
            raise InputError(
                f"The counterfactual of {node} is not identified: the actions reach it through its "
                "parents, and the mechanism of a category cannot be inverted to the noise of a "
                "unit; set its label as well, or ask with `do` for its interventional distribution."
            )
    noise = {
        node: model.causal_model.causal_mechanism(node)
        .estimate_noise(factual[node], parent_values(model, factual, node))
        .reshape(-1)
        for node in reached
    }
    return propagate(model, noise, actions, factual)


def as_columns(frame: pd.DataFrame) -> Columns:
    """Values of each column."""
    return {str(name): frame[name].to_numpy() for name in frame}


def _as_frame(model: StructuralModel, values: Columns, index: pd.Index) -> pd.DataFrame:
    dtypes = {
        node: object if model.kinds[node] == "categorical" else np.float64
        for node in model.train.columns
    }
    return pd.DataFrame(
        {node: pd.Series(values[node], index, dtype) for node, dtype in dtypes.items()}
    )
