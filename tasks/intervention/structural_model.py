"""Structural causal model: mechanisms assigned and fitted to traces, and held against others."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from dowhy import gcm
from dowhy.gcm.causal_mechanisms import FunctionalCausalModel
from dowhy.gcm.fitting_sampling import fit_causal_model_of_target
from dowhy.gcm.ml import PredictionModel

from tasks.cores import one_thread
from tasks.errors import InputError
from tasks.intervention.structural.candidates import require_quality
from tasks.intervention.structural.causal_graph import CausalGraph
from tasks.intervention.structural.race import Outcome
from tasks.intervention.structural.selection import Race, make_races, run_races
from tasks.intervention.structural.settings import FitSettings
from tasks.intervention.structural.time_budget import TimeBudget
from tasks.intervention.structural.traces import Kind, Traces
from tasks.intervention.structural.validation import Validation, held_out_r2
from tasks.progress import track
from tasks.seeds import generator


@dataclass(frozen=True)
class StructuralModel:
    """Fitted mechanisms.

    Attributes
    ----------
    graph
        Causes and effects.
    kinds
        Kind of each node's values.
    causal_model
        DoWhy's model; invertible unless a node with parents is categorical. Of a root the
        mechanism is an `EmpiricalDistribution`, of a number with parents a
        (discrete) additive noise model whose noise is an `EmpiricalDistribution`, of a category
        with parents a `ClassifierFCM`.
    train
        The rows to which the mechanisms were fitted, as `Traces.frame`.
    """

    graph: CausalGraph
    kinds: Mapping[str, Kind]
    causal_model: gcm.StructuralCausalModel
    train: pd.DataFrame


@dataclass(frozen=True)
class FittedModel:
    """A model and how it came about.

    Attributes
    ----------
    model
        The mechanisms.
    validation
        The verdict on them.
    races
        Of each node with parents: the loss of each candidate.
    foreseen_seconds
        Of the whole fit, as foreseen after its first nodes.
    """

    model: StructuralModel
    validation: Validation
    races: Mapping[str, Outcome]
    foreseen_seconds: float


def fit_structural_model(
    graph: CausalGraph, traces: Traces, settings: FitSettings, workers: int = 1
) -> FittedModel:
    """Choose, fit and test a mechanism for every node.

    Mechanisms are chosen and fitted on part of the rows, with which the model is kept; their R² is
    that of the other rows.

    Parameters
    ----------
    graph
        Causes and effects.
    traces
        Joint observations of its nodes.
    settings
        Quality, test and limits.
    workers
        Number of processes; the result does not depend on it.

    Raises
    ------
    InputError
        If a node takes one value in the rows to fit, or the quality is ``best``.
    RunError
        If the fit is foreseen to take, or takes, longer than its time limit.
    """
    require_quality(settings.quality)
    train, test = split_rows(traces.frame, settings)
    _require_variation(train)
    invertible = all(traces.kinds[node] != "categorical" for node in graph.mechanisms)
    kind = gcm.InvertibleStructuralCausalModel if invertible else gcm.StructuralCausalModel
    causal_model = kind(graph.digraph.copy())
    for node in set(graph.nodes) - set(graph.mechanisms):
        causal_model.set_causal_mechanism(node, gcm.EmpiricalDistribution())
        fit_causal_model_of_target(causal_model, node, train)
    budget = TimeBudget(len(graph.mechanisms), settings.time_limit, workers)
    races: dict[str, Outcome] = {}
    scores: dict[str, float] = {}
    chosen = _choices(graph, train, traces.kinds, settings, budget)
    with one_thread():
        for node, model, outcome in track(chosen, "mechanisms", len(graph.mechanisms)):
            mechanism = _mechanism(model, traces.kinds[node])
            causal_model.set_causal_mechanism(node, mechanism)
            fit_causal_model_of_target(causal_model, node, train)
            parents = test[list(graph.parents(node))].to_numpy()
            scores[node] = held_out_r2(mechanism, parents, test[node].to_numpy())
            races[node] = outcome
            budget.tick()
    return FittedModel(
        StructuralModel(graph, traces.kinds, causal_model, train),
        Validation(scores, settings.r2_threshold, settings.scope),
        races,
        budget.foreseen or budget.seconds,
    )


def _choices(
    graph: CausalGraph,
    train: pd.DataFrame,
    kinds: Mapping[str, Kind],
    settings: FitSettings,
    budget: TimeBudget,
) -> Iterator[tuple[str, PredictionModel, Outcome]]:
    """Models that are not fitted, by node in causal order; the first are chosen in this process."""
    races = make_races(graph, train, kinds, settings.quality, settings.seed)
    for race in races:
        yield _choice(race, race.run(budget.deadline), budget)
        if budget.foreseen is not None:
            break
    for race, outcome in run_races(races, budget.deadline, budget.useful_workers):
        yield _choice(race, outcome, budget)


def _choice(
    race: Race, outcome: Outcome, budget: TimeBudget
) -> tuple[str, PredictionModel, Outcome]:
    if outcome.winner is None:
        raise budget.refuse()
    return race.node, race.model(outcome.winner), outcome


def _mechanism(model: PredictionModel, kind: Kind) -> FunctionalCausalModel:
    if kind == "categorical":
        return gcm.ClassifierFCM(model)
    return (
        gcm.DiscreteAdditiveNoiseModel(model)
        if kind == "discrete"
        else gcm.AdditiveNoiseModel(model)
    )


def split_rows(frame: pd.DataFrame, settings: FitSettings) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows to fit and rows held out, the same for all nodes, each in their order."""
    rows = generator(settings.seed, "held-out rows").permutation(len(frame))
    held_out = np.sort(rows[: round(settings.test_size * len(frame))])
    kept = np.sort(rows[len(held_out) :])
    return frame.iloc[kept].reset_index(drop=True), frame.iloc[held_out].reset_index(drop=True)


def _require_variation(train: pd.DataFrame) -> None:
    for node in train.columns:
        if train[node].nunique() == 1:
            raise InputError(
                f"{node} takes one value in all {len(train)} rows to which mechanisms are fitted: "
                "its mechanism cannot be told; leave it out of the graph, or bring other rows."
            )
