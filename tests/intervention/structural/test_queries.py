"""Queries against chains solved by hand, and against DoWhy's own."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
import pytest
from dowhy import gcm
from dowhy.gcm import ml
from scipy import stats

from tasks.errors import InputError
from tasks.intervention.structural.action import NodeAction
from tasks.intervention.structural.action_grammar import parse_actions
from tasks.intervention.structural.propagation import draw_noise, propagate
from tasks.intervention.structural.queries import counterfactual_samples, interventional_samples
from tasks.intervention.structural_model import StructuralModel

from .hand_built import chain, hand_built, mixed

ACTIONS: dict[str, tuple[list[str], dict[str, Callable[[Any], Any]]]] = {
    "set": (["X=1.5"], {"X": lambda x: 1.5}),
    "shift": (["Y+=2"], {"Y": lambda y: y + 2}),
    "scale two": (["X*=3", "Y-=1"], {"X": lambda x: 3 * x, "Y": lambda y: y - 1}),
    "shift and set": (["X=+1", "Y=4"], {"X": lambda x: x + 1, "Y": lambda y: 4.0}),
    "leaf": (["Z=0"], {"Z": lambda z: 0.0}),
}
"""As whence reads them and as DoWhy takes them."""

EVERY_ACTION = pytest.mark.parametrize("name", ACTIONS)


@contextmanager
def global_seed(seed: int) -> Iterator[None]:
    """DoWhy draws from NumPy's global state."""
    state = np.random.get_state()
    np.random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(state)


@pytest.fixture(scope="module")
def mix() -> StructuralModel:
    return mixed()


@pytest.fixture(scope="module")
def numbers() -> StructuralModel:
    """Invertible: a curve, whole numbers, and a label among the causes."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=300)
    site = rng.choice(["north", "south"], 300)
    y = x**2 + (site == "south") + 0.3 * rng.normal(size=300)
    z = np.round(2 * y - x + rng.normal(size=300))
    return hand_built(
        [("X", "Y"), ("site", "Y"), ("X", "Z"), ("Y", "Z")],
        {"X": x, "site": site, "Y": y, "Z": z},
        {"site": "categorical", "Z": "discrete"},
        {"Y": gcm.AdditiveNoiseModel(ml.create_polynom_regressor())},
    )


def test_a_chain_without_noise_follows_its_equations() -> None:
    model = chain()
    actions = (NodeAction("X", "set", 1.75),)
    _, after = interventional_samples(model, actions, 50, np.random.default_rng(0))
    np.testing.assert_allclose(after.to_numpy(), np.tile([1.75, 3.5, 10.5], (50, 1)), rtol=1e-12)


def test_a_counterfactual_keeps_the_noise_of_each_unit() -> None:
    model = chain(noise=1.0)
    slope_y, slope_z = (
        float(model.causal_model.causal_mechanism(node).prediction_model.sklearn_model.coef_[0])
        for node in ("Y", "Z")
    )
    data = pd.DataFrame({"X": [0.0, 1.0], "Y": [5.0, -4.0], "Z": [0.0, 9.0]}, index=[7, 3])
    after = counterfactual_samples(model, data, (NodeAction("X", "shift", 2.0),))
    assert after.index.tolist() == [7, 3]
    np.testing.assert_allclose(after["X"], [2, 3])
    np.testing.assert_allclose(after["Y"], data["Y"] + 2 * slope_y)
    np.testing.assert_allclose(after["Z"], data["Z"] + 2 * slope_y * slope_z)


@EVERY_ACTION
def test_counterfactuals_are_those_of_dowhy(numbers: StructuralModel, name: str) -> None:
    texts, functions = ACTIONS[name]
    data = numbers.train.iloc[:60]
    after = counterfactual_samples(numbers, data, parse_actions(texts, numbers))
    assert (after["Z"] % 1 == 0).all()
    theirs = gcm.counterfactual_samples(numbers.causal_model, functions, observed_data=data)
    for node in ("X", "Y", "Z"):
        np.testing.assert_allclose(after[node], theirs[node].astype(float), atol=1e-9)
    assert after["site"].tolist() == theirs["site"].tolist()


@EVERY_ACTION
def test_samples_under_an_intervention_have_the_law_of_dowhy(
    numbers: StructuralModel, name: str
) -> None:
    texts, functions = ACTIONS[name]
    actions = parse_actions(texts, numbers)
    _, after = interventional_samples(numbers, actions, 4000, np.random.default_rng(5))
    with global_seed(6):
        theirs = gcm.interventional_samples(
            numbers.causal_model, functions, num_samples_to_draw=4000
        )
    for node in ("X", "Y", "Z"):
        values = theirs[node].to_numpy().astype(float)
        assert stats.ks_2samp(after[node], values).pvalue > 0.001, node
    # the same samples do not have the law without the actions
    with global_seed(7):
        untouched = gcm.draw_samples(numbers.causal_model, 4000)["Z"].to_numpy().astype(float)
    assert stats.ks_2samp(after["Z"], untouched).pvalue < 1e-6


def test_labels_have_the_law_of_dowhy_under_an_intervention(mix: StructuralModel) -> None:
    actions = parse_actions(["site=north", "load=+1"], mix)
    _, after = interventional_samples(mix, actions, 4000, np.random.default_rng(5))
    functions = {"site": lambda site: "north", "load": lambda load: load + 1}
    with global_seed(6):
        theirs = gcm.interventional_samples(mix.causal_model, functions, num_samples_to_draw=4000)
    table = [
        [(frame["alarm"] == label).sum() for label in ("false", "true")]
        for frame in (after, theirs)
    ]
    assert stats.chi2_contingency(table).pvalue > 0.001
    for node in ("errors", "temperature", "delay"):
        values = theirs[node].to_numpy().astype(float)
        assert stats.ks_2samp(after[node], values).pvalue > 0.001, node


def test_a_unit_without_action_is_the_unit(numbers: StructuralModel, mix: StructuralModel) -> None:
    for model in (numbers, mix):
        pd.testing.assert_frame_equal(counterfactual_samples(model, model.train, ()), model.train)
    nothing = (NodeAction("X", "shift", 0.0),)
    after = counterfactual_samples(numbers, numbers.train, nothing)
    pd.testing.assert_frame_equal(after, numbers.train, rtol=0, atol=1e-12)
    before, after = interventional_samples(mix, (), 30, np.random.default_rng(0))
    pd.testing.assert_frame_equal(before, after)


def test_frames_have_the_columns_and_types_of_the_training_rows(mix: StructuralModel) -> None:
    actions = parse_actions(["load=12", "alarm=true"], mix)
    frames = [
        *interventional_samples(mix, actions, 25, np.random.default_rng(0)),
        counterfactual_samples(mix, mix.train.iloc[5:9], actions),
    ]
    for frame, rows in zip(frames, (25, 25, 4), strict=True):
        assert len(frame) == rows
        pd.testing.assert_series_equal(frame.dtypes, mix.train.dtypes)
        assert {type(label) for node in ("alarm", "site") for label in frame[node]} == {str}
        assert (frame["errors"] % 1 == 0).all()


def test_noise_is_common_so_that_only_affected_nodes_change(mix: StructuralModel) -> None:
    actions = parse_actions(["temperature=+3"], mix)
    before, after = interventional_samples(mix, actions, 500, np.random.default_rng(1))
    for node in ("load", "site", "errors"):
        assert before[node].equals(after[node])
    np.testing.assert_allclose(after["temperature"] - before["temperature"], 3)
    # a warmer unit is never less alarming, as its uniform noise is the same
    assert set(zip(before["alarm"], after["alarm"], strict=True)) == {
        ("false", "false"),
        ("false", "true"),
        ("true", "true"),
    }
    other, _ = interventional_samples(
        mix, parse_actions(["load=15"], mix), 500, np.random.default_rng(1)
    )
    pd.testing.assert_frame_equal(before, other)


def test_all_nodes_from_noise_are_those_from_factual_values(mix: StructuralModel) -> None:
    noise = draw_noise(mix, 200, np.random.default_rng(2))
    actions = parse_actions(["load*=1.2", "alarm=false", "errors+=2"], mix)
    anew = propagate(mix, noise, actions)
    reused = propagate(mix, noise, actions, propagate(mix, noise, ()))
    for node in mix.graph.nodes:
        assert anew[node].tolist() == reused[node].tolist()


def test_noise_is_drawn_from_roots_residuals_and_the_uniform_law(mix: StructuralModel) -> None:
    noise = draw_noise(mix, 4000, np.random.default_rng(3))
    residuals = mix.causal_model.causal_mechanism("delay").noise_model.data[:, 0]
    assert set(noise["load"]) <= set(mix.train["load"])
    assert set(noise["site"]) == set(mix.train["site"])
    assert set(noise["delay"]) <= set(residuals)
    assert len(set(noise["delay"])) > 0.99 * len(set(residuals))
    assert stats.kstest(noise["alarm"], "uniform").pvalue > 0.001
    row_of_load = pd.Series(range(400), mix.train["load"])[noise["load"]].to_numpy()
    row_of_delay = pd.Series(range(400), residuals)[noise["delay"]].to_numpy()
    # the rows of two independent noises agree by chance alone: Poisson with mean 4000 / 400
    assert np.sum(row_of_load == row_of_delay) < 25


def test_a_category_reached_through_its_parents_has_no_counterfactual(
    mix: StructuralModel,
) -> None:
    with pytest.raises(InputError, match=r"counterfactual of alarm is not identified.*`do`"):
        counterfactual_samples(mix, mix.train, parse_actions(["load=+1"], mix))


def test_a_category_that_is_set_or_not_reached_does_not_stand_in_the_way(
    mix: StructuralModel,
) -> None:
    both = parse_actions(["load=+1", "alarm=true"], mix)
    after = counterfactual_samples(mix, mix.train, both)
    assert set(after["alarm"]) == {"true"}
    was_false = mix.train["alarm"] == "false"
    only_alarm = counterfactual_samples(mix, mix.train, parse_actions(["alarm=true"], mix))
    change = only_alarm["delay"] - mix.train["delay"]
    np.testing.assert_allclose(change[~was_false], 0, atol=1e-9)
    np.testing.assert_allclose(change[was_false], change[was_false].iloc[0])
    assert change[was_false].iloc[0] == pytest.approx(3, abs=0.5)
    errors_only = counterfactual_samples(mix, mix.train, parse_actions(["errors+=2"], mix))
    assert errors_only["alarm"].equals(mix.train["alarm"])
    # numbers under a label's change, with a category that nothing reaches
    assert errors_only["delay"].sub(mix.train["delay"]).mean() == pytest.approx(2, abs=0.3)


def test_what_is_given_and_global_random_state_stay_as_they_are(mix: StructuralModel) -> None:
    data, train = mix.train.copy(), mix.train.copy()
    numpy_state, state = np.random.get_state(), random.getstate()
    actions = parse_actions(["load=+1", "alarm=true"], mix)
    interventional_samples(mix, actions, 100, np.random.default_rng(0))
    counterfactual_samples(mix, data, actions)
    pd.testing.assert_frame_equal(data, train)
    pd.testing.assert_frame_equal(mix.train, train)
    assert random.getstate() == state
    for now, then in zip(np.random.get_state(), numpy_state, strict=True):
        np.testing.assert_array_equal(now, then)


def test_the_same_seed_gives_the_same_samples(mix: StructuralModel) -> None:
    actions = parse_actions(["load=+1"], mix)
    first, again, other = (
        interventional_samples(mix, actions, 40, np.random.default_rng(seed))[1]
        for seed in (1, 1, 2)
    )
    pd.testing.assert_frame_equal(first, again)
    assert not first.equals(other)


@pytest.mark.parametrize(
    ("texts", "node"),
    [(["X=1e300"], "X"), (["X*=1e308"], "X"), (["X=3e38"], "Y")],
)
def test_numbers_too_large_to_compute_with_are_refused(texts: list[str], node: str) -> None:
    model = chain(noise=1.0)
    with pytest.raises(InputError, match=f"the values of {node} grow too large"):
        interventional_samples(model, parse_actions(texts, model), 10, np.random.default_rng(0))


def test_whole_numbers_do_not_wrap_round(mix: StructuralModel) -> None:
    actions = parse_actions(["load=1e12"], mix)
    with pytest.raises(InputError, match="the values of errors grow too large"):
        interventional_samples(mix, actions, 10, np.random.default_rng(0))
