"""Structural models with chosen mechanisms, fitted by DoWhy itself."""

from collections.abc import Mapping, Sequence
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
from dowhy import gcm
from dowhy.gcm import ml
from dowhy.gcm.fitting_sampling import fit_causal_model_of_target

from tasks.intervention.structural.causal_graph import make_graph
from tasks.intervention.structural.traces import Kind
from tasks.intervention.structural_model import StructuralModel

CHAIN = (("X", "Y"), ("Y", "Z"))
MIXED = (
    ("load", "errors"),
    ("load", "temperature"),
    ("site", "temperature"),
    ("site", "errors"),
    ("temperature", "alarm"),
    ("alarm", "delay"),
    ("errors", "delay"),
)


def hand_built(
    edges: Sequence[tuple[str, str]],
    columns: Mapping[str, Any],
    kinds: Mapping[str, Kind] | None = None,
    mechanisms: Mapping[str, Any] | None = None,
) -> StructuralModel:
    """Roots are empirical; numbers follow from linear, labels from logistic regression."""
    graph = make_graph(list(columns), edges)
    known: dict[str, Kind] = dict.fromkeys(graph.nodes, "continuous")
    known |= dict(kinds or {})
    train = pd.DataFrame(
        {
            node: pd.Series(columns[node], dtype=object if known[node] == "categorical" else float)
            for node in graph.nodes
        }
    )
    inverts = all(known[node] != "categorical" for node in graph.mechanisms)
    kind_of_model = gcm.InvertibleStructuralCausalModel if inverts else gcm.StructuralCausalModel
    causal_model = kind_of_model(nx.DiGraph(graph.digraph))
    for node in graph.nodes:
        mechanism = (mechanisms or {}).get(node) or _mechanism(known[node], graph.parents(node))
        causal_model.set_causal_mechanism(node, mechanism)
    for node in graph.nodes:
        fit_causal_model_of_target(causal_model, node, train)
    return StructuralModel(graph, known, causal_model, train)


def _mechanism(kind: Kind, parents: Sequence[str]) -> Any:
    if not parents:
        return gcm.EmpiricalDistribution()
    if kind == "categorical":
        return gcm.ClassifierFCM(ml.create_logistic_regression_classifier())
    if kind == "discrete":
        return gcm.DiscreteAdditiveNoiseModel(ml.create_linear_regressor())
    return gcm.AdditiveNoiseModel(ml.create_linear_regressor())


def chain(n: int = 200, seed: int = 0, noise: float = 0.0) -> StructuralModel:
    """X -> Y = 2 X -> Z = 3 Y, each with normal noise."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    y = 2 * x + noise * rng.normal(size=n)
    return hand_built(CHAIN, {"X": x, "Y": y, "Z": 3 * y + noise * rng.normal(size=n)})


def mixed(n: int = 400, seed: int = 1) -> StructuralModel:
    """Numbers, whole numbers and labels, as causes and as effects of each other."""
    rng = np.random.default_rng(seed)
    load = rng.uniform(10, 20, n)
    site = rng.choice(["north", "south", "west"], n)
    errors = np.round(0.5 * load + 4 * (site == "west") + rng.normal(size=n))
    temperature = 2 * load - 5 * (site == "north") + rng.normal(size=n)
    alarm = np.where(temperature + 4 * rng.normal(size=n) > 30, "true", "false")
    delay = 3 * (alarm == "true") + errors + rng.normal(size=n)
    return hand_built(
        MIXED,
        {
            "load": load,
            "site": site,
            "errors": errors,
            "temperature": temperature,
            "alarm": alarm,
            "delay": delay,
        },
        {"site": "categorical", "alarm": "categorical", "errors": "discrete"},
    )
