"""Noise and what the mechanisms of a structural model make of it, with and without actions."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from tasks.errors import InputError
from tasks.intervention.structural.action import NodeAction
from tasks.intervention.structural.causal_graph import CausalGraph
from tasks.intervention.structural_model import StructuralModel

Columns = Mapping[str, npt.NDArray[Any]]

LARGEST = float(np.finfo(np.float32).max)
"""What the mechanisms compute with: trees hold numbers of 32 bits."""


def draw_noise(model: StructuralModel, n: int, rng: np.random.Generator) -> Columns:
    """Draw the noise of n units, independently for each node.

    That of a root is its value, drawn from the training rows; that of an additive noise model is
    drawn from the residuals; that of a category with parents is uniform on [0, 1].
    """
    noise = {}
    for node in model.graph.order:
        mechanism = model.causal_model.causal_mechanism(node)
        if not model.graph.parents(node):
            noise[node] = _draw(mechanism.data, n, rng)
        elif model.kinds[node] == "categorical":
            noise[node] = rng.random(n)
        else:
            noise[node] = _draw(mechanism.noise_model.data, n, rng).astype(np.float64)
    return noise


def _draw(data: npt.NDArray[Any], n: int, rng: np.random.Generator) -> npt.NDArray[Any]:
    drawn: npt.NDArray[Any] = data[rng.integers(len(data), size=n), 0]
    return drawn


def recomputed_nodes(graph: CausalGraph, actions: Sequence[NodeAction]) -> tuple[str, ...]:
    """Nodes whose mechanisms answer to the actions: some parent is affected, and none is set."""
    affected = graph.affected_by(action.node for action in actions)
    is_set = {action.node for action in actions if action.kind == "set"}
    return tuple(
        node
        for node in graph.mechanisms
        if node not in is_set and not affected.isdisjoint(graph.parents(node))
    )


@np.errstate(over="ignore")
def propagate(
    model: StructuralModel,
    noise: Columns,
    actions: Sequence[NodeAction],
    factual: Columns | None = None,
) -> Columns:
    """Values of all nodes, from the noise and under actions.

    Parameters
    ----------
    model
        Fitted mechanisms.
    noise
        Of each node that is computed, shape (n,).
    actions
        On different nodes.
    factual
        Values of all nodes under the same noise without actions: nodes that the actions do not
        reach through their parents are taken from it. By default all nodes are computed.

    Raises
    ------
    InputError
        If a number grows too large to compute with.
    """
    action_on = {action.node: action for action in actions}
    if factual is None:
        given, computed = noise, set(model.graph.mechanisms)
    else:
        given, computed = factual, set(recomputed_nodes(model.graph, actions))
    values: dict[str, npt.NDArray[Any]] = {}
    for node in model.graph.order:
        natural = _evaluate(model, values, node, noise[node]) if node in computed else given[node]
        values[node] = action_on[node].apply(natural) if node in action_on else natural
        if model.kinds[node] != "categorical":
            _require_computable(node, values[node])
    return values


def _evaluate(
    model: StructuralModel, values: Columns, node: str, noise: npt.NDArray[Any]
) -> npt.NDArray[Any]:
    """Values that a node's mechanism gives to those of its parents."""
    mechanism = model.causal_model.causal_mechanism(node)
    parents = parent_values(model, values, node)
    # of a discrete node, a prediction beyond 32 bits would wrap round
    invalid: Literal["raise", "warn"] = "raise" if model.kinds[node] == "discrete" else "warn"
    try:
        with np.errstate(invalid=invalid):
            computed: npt.NDArray[Any] = mechanism.evaluate(parents, noise).reshape(-1)
    except FloatingPointError:
        raise _too_large(node) from None
    return computed


def parent_values(model: StructuralModel, values: Columns, node: str) -> npt.NDArray[Any]:
    """Values of a node's parents in sorted order, shape (n, parents); objects if any is a label."""
    parents = model.graph.parents(node)
    has_labels = any(model.kinds[parent] == "categorical" for parent in parents)
    matrix = np.empty(
        (len(values[parents[0]]), len(parents)), dtype=object if has_labels else float
    )
    for place, parent in enumerate(parents):
        matrix[:, place] = values[parent]
    return matrix


def _require_computable(node: str, values: npt.NDArray[Any]) -> None:
    if not (np.abs(values) <= LARGEST).all():
        raise _too_large(node)


def _too_large(node: str) -> InputError:
    return InputError(
        f"Under the actions the values of {node} grow too large to compute with: choose smaller "
        "changes."
    )
