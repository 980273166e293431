"""The race for a mechanism: DoWhy's choice, losses, who drops out, and processes."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from dowhy import gcm
from dowhy.gcm import config
from dowhy.gcm.auto import assign_causal_mechanisms
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression
from sklearn.metrics import log_loss
from sklearn.tree import DecisionTreeClassifier

from tasks.intervention.structural.causal_graph import CausalGraph, make_graph
from tasks.intervention.structural.folds import Fold, fitted_losses, label_probabilities
from tasks.intervention.structural.foresight import is_behind, resembles_the_rest
from tasks.intervention.structural.pilot import Pilot
from tasks.intervention.structural.race import race
from tasks.intervention.structural.selection import make_races, run_races
from tasks.intervention.structural.traces import Kind

INF = float("inf")


def folds_of(x: np.ndarray, y: np.ndarray, count: int = 5) -> list[Fold]:
    rows = np.arange(len(y))
    parts = [(rows % count != part, rows % count == part) for part in range(count)]
    return [Fold(x[train], y[train], x[test], y[test]) for train, test in parts]


@pytest.fixture
def one_process() -> Iterator[None]:
    """DoWhy's own processes would take seconds to start."""
    before = config.default_n_jobs
    config.set_default_n_jobs(1)
    yield
    config.set_default_n_jobs(before)


def one_mechanism(seed: int) -> tuple[CausalGraph, pd.DataFrame, dict[str, Kind]]:
    """Two parents and their child: linear, curved, wavy, or a category; some close calls."""
    rng = np.random.default_rng(seed)
    a, b, noise = rng.normal(size=(3, 150))
    number = (a - b, a + b**2, np.sin(3 * a) + b, a + b)[seed % 4] + rng.uniform(0.1, 1.5) * noise
    kinds: dict[str, Kind] = {"a": "continuous", "b": "continuous", "c": "continuous"}
    frame = pd.DataFrame({"a": a, "b": b, "c": number})
    if seed % 4 == 3:
        kinds["c"] = "categorical"
        frame["c"] = pd.Series(np.where(number > 0, "high", "low"), dtype=object)
    return make_graph(["a", "b", "c"], [("a", "c"), ("b", "c")]), frame, kinds


@pytest.mark.parametrize("seed", range(8))
def test_the_choice_is_that_of_dowhy_under_the_same_seed(seed: int, one_process: None) -> None:
    graph, frame, kinds = one_mechanism(seed)
    model = gcm.StructuralCausalModel(graph.digraph.copy())
    state = np.random.get_state()
    np.random.seed(seed)
    assign_causal_mechanisms(model, frame)
    np.random.set_state(state)
    mechanism = model.causal_mechanism("c")
    theirs = (
        mechanism.classifier_model if kinds["c"] == "categorical" else mechanism.prediction_model
    )
    (one,) = make_races(graph, frame, kinds, "good", seed)
    outcome = one.run(INF)
    assert outcome.winner is not None
    assert str(one.factories[outcome.winner]()) == str(theirs)


def test_those_that_stay_have_the_loss_of_a_full_cross_validation() -> None:
    graph, frame, kinds = one_mechanism(0)
    (one,) = make_races(graph, frame, kinds, "good", 3)
    outcome = one.run(INF)
    for place, estimator in enumerate(one.estimators()):
        full = np.mean([fitted_losses(estimator, fold, False).mean() for fold in one.folds])
        if outcome.folds[place] == 5:
            assert outcome.losses[place] == pytest.approx(full)
    assert outcome.folds.count(5) >= 2


def test_boosting_runs_only_where_it_may_win() -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(size=(600, 1))
    models = [LinearRegression(), HistGradientBoostingRegressor()]
    straight = race(models, (1, 2), folds_of(x, x[:, 0] + rng.normal(size=600)), False)
    wavy = race(
        models, (1, 2), folds_of(x, np.sin(4 * x[:, 0]) + 0.1 * rng.normal(size=600)), False
    )
    assert (straight.winner, straight.folds[1]) == (0, 0)
    assert (wavy.winner, wavy.folds[1]) == (1, 0)


def test_a_close_call_is_run_to_the_end() -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=(500, 1))
    y = x[:, 0] + 0.2 * np.sin(6 * x[:, 0]) + 0.3 * rng.normal(size=500)
    models = [LinearRegression(), HistGradientBoostingRegressor()]
    outcome = race(models, (1, 2), folds_of(x, y), False)
    assert outcome.folds == (5, 5)
    losses = [loss for loss in outcome.losses if loss is not None]
    assert outcome.winner == np.argmin(losses)


@pytest.mark.parametrize("row", [3, 4])
def test_one_row_that_weighs_more_than_all_others_decides_wherever_it_is(row: int) -> None:
    """In all other rows the line is better; in this one it is far off, and trees are not."""
    rng = np.random.default_rng(10)
    x = rng.normal(size=(500, 1))
    x[row] = 4000.0
    y = 0.02 * np.minimum(x[:, 0], 3.0) + 0.3 * rng.normal(size=500)
    folds = folds_of(x, y)
    models = [LinearRegression(), HistGradientBoostingRegressor()]
    full = [
        np.mean([fitted_losses(model, fold, False).mean() for fold in folds]) for model in models
    ]
    line, trees = (fitted_losses(model, folds[0], False).mean() for model in models)
    assert line < trees
    assert full[1] < full[0]
    assert race(models, (1, 2), folds, False).winner == 1


def test_what_is_seen_tells_only_of_what_resembles_it() -> None:
    x = np.zeros((10, 1))
    folds = folds_of(x, np.array([1.0, -1] * 5))
    even = [np.ones(2)] * 5
    assert resembles_the_rest(folds, even, 1)
    assert not resembles_the_rest(folds, [*even[:4], np.array([1.0, 20.0])], 3)
    assert resembles_the_rest(folds, [np.array([1.0, 20.0]), *even[1:]], 3)
    assert not resembles_the_rest(folds_of(x, np.array([1.0, -1] * 4 + [1.0, 9.0])), even, 3)
    assert resembles_the_rest(folds, [*even[:4], np.array([1.0, 20.0])], 5)


def test_a_pilot_foresees_the_long_run() -> None:
    rng = np.random.default_rng(6)
    x = rng.normal(size=(800, 2))
    y = 5 + np.sin(3 * x[:, 0]) * x[:, 1]
    fold = folds_of(x, y)[0]
    model = HistGradientBoostingRegressor()
    pilot = Pilot(model)
    pilot.run(fold)
    long_run = fitted_losses(HistGradientBoostingRegressor(), fold, False).mean()
    short, promised = pilot.losses[0].mean(), pilot.promised[0].mean()
    assert promised < short
    assert promised == pytest.approx(long_run, rel=0.6)
    assert not hasattr(model, "n_iter_")


def test_who_is_clearly_behind_is_told_and_who_leads_is_not() -> None:
    rng = np.random.default_rng(7)
    wrong = 0
    for _ in range(400):
        differences = rng.normal(0.0, 1.0, 500)
        if is_behind(differences[:100], 500):
            wrong += differences.mean() <= 0
    assert wrong <= 400 * 0.025
    assert is_behind(np.full(50, 0.1) + rng.normal(0, 0.1, 50), 500)
    assert not is_behind(-np.full(50, 0.1), 500)


def test_log_losses_are_those_of_scikit_learn_and_finite_for_unknown_labels() -> None:
    rng = np.random.default_rng(8)
    x = rng.normal(size=(200, 1))
    y = np.where(x[:, 0] + rng.normal(size=200) > 0, "a", "b").astype(object)
    fold = folds_of(x, y)[0]
    tree = DecisionTreeClassifier(max_depth=2, random_state=0)
    losses = fitted_losses(tree, fold, True)
    expected = log_loss(fold.y_test, tree.predict_proba(fold.x_test), labels=["a", "b"])
    assert losses.mean() == pytest.approx(expected)
    unknown = np.array(["c", "a"], dtype=object)
    assert label_probabilities(["a", "b"], np.array([[0.5, 0.5]] * 2), unknown).tolist() == [0, 0.5]
    assert np.isfinite(fitted_losses(tree, Fold(x, y, x[:2], unknown), True)).all()


def test_processes_change_no_outcome() -> None:
    rng = np.random.default_rng(9)
    x = rng.normal(size=200)
    columns = {f"n{place}": np.sin(place * x) + rng.normal(0, 0.3, 200) for place in range(6)}
    graph = make_graph(list(columns), [("n0", name) for name in columns if name != "n0"])
    frame = pd.DataFrame({"n0": x} | {name: columns[name] for name in sorted(columns)[1:]})
    kinds: dict[str, Kind] = dict.fromkeys(columns, "continuous")
    here, there = (
        list(run_races(make_races(graph, frame, kinds, "good", 1), INF, workers))
        for workers in (1, 2)
    )
    assert [one.node for one, _ in here] == [one.node for one, _ in there] == sorted(columns)[1:]
    assert [outcome for _, outcome in here] == [outcome for _, outcome in there]


def test_a_race_stops_when_the_time_is_up() -> None:
    x = np.arange(50.0)[:, None]
    outcome = race([LinearRegression()], (1,), folds_of(x, x[:, 0]), False, deadline=0.0)
    assert outcome.winner is None
