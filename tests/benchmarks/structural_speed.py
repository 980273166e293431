"""Speed and agreement of our fit of a structural model against plain DoWhy's, in one run.

    python tests/benchmarks/structural_speed.py [NODES ...]      # default: 3 30 100 500

Both choose among the same candidates (quality "good") from the same 800 of 1000 rows under the same
seed, and fit the same rows. DoWhy's evaluation of mechanisms (five-fold) is timed apart; ours is
the R² of the other 200 rows. Agreement: nodes with the same model, largest difference of R².
"""

import sys
from time import perf_counter

import networkx as nx
import numpy as np
import pandas as pd
from dowhy import gcm
from dowhy.gcm import config
from dowhy.gcm.auto import assign_causal_mechanisms

from tasks.cores import usable_cores
from tasks.intervention.structural.causal_graph import CausalGraph, make_graph
from tasks.intervention.structural.settings import FitSettings
from tasks.intervention.structural.traces import make_traces
from tasks.intervention.structural.validation import held_out_r2
from tasks.intervention.structural_model import FittedModel, fit_structural_model, split_rows

ROWS = 1000


def generated(nodes: int, seed: int) -> tuple[CausalGraph, dict[str, np.ndarray]]:
    """A random graph, 1 to 3 parents a node; a third linear, a third curved, a third wavy."""
    rng = np.random.default_rng(seed)
    edges, columns = [], {}
    for place in range(nodes):
        noise = rng.normal(size=ROWS)
        parents = rng.choice(place, size=min(place, rng.integers(1, 4)), replace=False)
        value = np.zeros(ROWS)
        for parent in parents:
            cause = columns[f"n{parent:03d}"]
            cause = (cause - cause.mean()) / cause.std()
            shape = (cause, cause**2, np.sin(2 * cause))[place % 3]
            value += rng.choice([-1, 1]) * rng.uniform(0.8, 2.0) * shape
        columns[f"n{place:03d}"] = value + rng.uniform(0.2, 1.0) * noise
        edges += [[f"n{parent:03d}", f"n{place:03d}"] for parent in parents]
    return make_graph(list(columns), edges), columns


def plain(graph: CausalGraph, train: pd.DataFrame, seed: int) -> tuple[object, float, float]:
    """DoWhy's model, and seconds of assignment with fit, and of evaluation."""
    model = gcm.InvertibleStructuralCausalModel(nx.DiGraph(graph.digraph))
    np.random.seed(seed)
    began = perf_counter()
    assign_causal_mechanisms(model, train)
    gcm.fit(model, train)
    fitted = perf_counter() - began
    began = perf_counter()
    gcm.evaluate_causal_model(
        model,
        train,
        compare_mechanism_baselines=False,
        evaluate_invertibility_assumptions=False,
        evaluate_overall_kl_divergence=False,
        evaluate_causal_structure=False,
    )
    return model, fitted, perf_counter() - began


def name_of(mechanism: object) -> str:
    return type(mechanism.prediction_model.sklearn_model).__name__


def compare(nodes: int, seed: int) -> None:
    graph, columns = generated(nodes, seed)
    traces = make_traces(columns, graph)
    settings = FitSettings(seed=seed, time_limit=3600)
    began = perf_counter()
    ours: FittedModel = fit_structural_model(graph, traces, settings, usable_cores())
    seconds = perf_counter() - began
    train, test = split_rows(traces.frame, settings)
    model, fitted, evaluated = plain(graph, train, seed)
    same, gaps = 0, []
    for node in graph.mechanisms:
        theirs = model.causal_mechanism(node)
        own = ours.model.causal_model.causal_mechanism(node)
        same += name_of(theirs) == name_of(own)
        r2 = held_out_r2(theirs, test[list(graph.parents(node))].to_numpy(), test[node].to_numpy())
        gaps.append(abs(r2 - ours.validation.r2_scores[node]))
    print(
        f"{nodes:5d} nodes: plain {fitted:7.1f} s, evaluation {evaluated:6.1f} s; ours "
        f"{seconds:6.1f} s (foreseen {ours.foreseen_seconds:.1f}): {fitted / seconds:5.1f} times "
        f"as fast, with evaluation {(fitted + evaluated) / seconds:5.1f}; same model "
        f"{same} of {len(gaps)} ({same / len(gaps):.1%}), largest gap of R² {max(gaps):.5f}",
        flush=True,
    )


if __name__ == "__main__":
    config.disable_progress_bars()
    for count in [int(word) for word in sys.argv[1:]] or [3, 30, 100, 500]:
        compare(count, seed=1)
