"""Mechanisms fitted anew to resampled rows: what the training rows leave uncertain."""

from collections.abc import Collection, Sequence
from dataclasses import replace

import networkx as nx
import numpy as np
from dowhy import gcm

from tasks.errors import InputError
from tasks.intervention.structural.action import NodeAction
from tasks.intervention.structural.causal_graph import CausalGraph
from tasks.intervention.structural.propagation import Columns, parent_values
from tasks.intervention.structural.queries import as_columns
from tasks.intervention.structural.race import with_seed
from tasks.intervention.structural_model import StructuralModel

MOST_DRAWS = 20


def ancestral_model(model: StructuralModel, nodes: Collection[str]) -> StructuralModel:
    """The part of a model on which the joint distribution of some nodes depends.

    Parameters
    ----------
    model
        Fitted mechanisms.
    nodes
        These and all their ancestors are kept.
    """
    digraph = model.graph.digraph
    kept = set(nodes).union(*(nx.ancestors(digraph, node) for node in nodes))
    return replace(
        model,
        graph=CausalGraph(
            tuple(node for node in model.graph.nodes if node in kept),
            tuple(edge for edge in model.graph.edges if edge[1] in kept),
        ),
        causal_model=gcm.StructuralCausalModel(nx.DiGraph(model.causal_model.graph.subgraph(kept))),
        train=model.train[[node for node in model.train.columns if node in kept]],
    )


def refit_on_resample(
    model: StructuralModel,
    nodes: Sequence[str],
    actions: Sequence[NodeAction],
    rng: np.random.Generator,
) -> StructuralModel:
    """Fit some of the mechanisms to as many rows as there are, drawn with replacement.

    Parameters
    ----------
    model
        Fitted mechanisms; it is not changed.
    nodes
        Whose mechanisms are fitted; the others are those of `model`.
    actions
        The labels that they set must be among the rows drawn.
    rng
        Draws the rows and what the estimators draw when they are fitted.

    Returns
    -------
    StructuralModel
        With the training rows of `model`.

    Raises
    ------
    InputError
        If several draws in a row lack the labels that are needed.

    References
    ----------
    .. [1] B. Efron and R. J. Tibshirani, An Introduction to the Bootstrap (1993), section 7.3.
    """
    train, size = as_columns(model.train), len(model.train)
    for _ in range(MOST_DRAWS):
        drawn = rng.integers(size, size=size)
        rows = {node: values[drawn] for node, values in train.items()}
        try:
            return _refit(model, rows, nodes, actions, rng)
        except ValueError as error:
            failure = error
    raise InputError(
        f"The uncertainty of the mechanisms is not known: of {MOST_DRAWS} resamples of the "
        f"training rows none could be fitted, at last because of this: {failure} Give more rows of "
        "the rarest labels, or join them."
    ) from failure


def _refit(
    model: StructuralModel,
    rows: Columns,
    nodes: Sequence[str],
    actions: Sequence[NodeAction],
    rng: np.random.Generator,
) -> StructuralModel:
    for action in actions:
        if isinstance(action.value, str) and action.value not in rows[action.node]:
            raise ValueError(f"{action.node} is nowhere {action.value!r}.")
    refitted = gcm.StructuralCausalModel(nx.DiGraph(model.causal_model.graph))
    for node in nodes:
        mechanism = refitted.causal_mechanism(node).clone()
        refitted.set_causal_mechanism(node, mechanism)
        if not model.graph.parents(node):
            mechanism.fit(rows[node])
            continue
        if model.kinds[node] == "categorical":
            if (rows[node] == rows[node][0]).all():
                raise ValueError(f"{node} is everywhere {rows[node][0]!r}.")
            estimator = mechanism.classifier_model
        else:
            estimator = mechanism.prediction_model
        with_seed(estimator.sklearn_model, int(rng.integers(2**31)))
        mechanism.fit(parent_values(model, rows, node), rows[node])
    return replace(model, causal_model=refitted)
