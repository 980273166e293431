"""Summaries of changes, and whether their intervals hold what they promise."""

import json
import random
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from dowhy import gcm
from dowhy.gcm import ml
from scipy import stats

from tasks.errors import InputError
from tasks.intervention.structural.action_grammar import parse_actions
from tasks.intervention.structural.effect_intervals import (
    counterfactual_effects,
    interventional_effects,
)
from tasks.intervention.structural.effects import LabelEffect, NodeEffect, NumberEffect
from tasks.intervention.structural.queries import counterfactual_samples, interventional_samples
from tasks.intervention.structural_model import StructuralModel
from tasks.progress import Progress, listening

from .hand_built import CHAIN, chain, hand_built, mixed

Effects = dict[str, NodeEffect]


@pytest.fixture(scope="module")
def mix() -> StructuralModel:
    return mixed()


def do(
    model: StructuralModel,
    texts: Sequence[str],
    n: int = 500,
    seed: int = 0,
    replicates: int = 5,
    workers: int = 1,
) -> Effects:
    actions = parse_actions(texts, model)
    rng = np.random.default_rng(seed)
    samples = interventional_samples(model, actions, n, rng)
    effects = interventional_effects(
        model, actions, *samples, rng=rng, replicates=replicates, workers=workers
    )
    return {effect.node: effect for effect in effects}


def had_been(
    model: StructuralModel, data: pd.DataFrame, texts: Sequence[str], replicates: int = 5
) -> Effects:
    actions = parse_actions(texts, model)
    after = counterfactual_samples(model, data, actions)
    rng = np.random.default_rng(0)
    effects = counterfactual_effects(model, actions, data, after, rng=rng, replicates=replicates)
    return {effect.node: effect for effect in effects}


def number(effect: NodeEffect) -> NumberEffect:
    assert isinstance(effect, NumberEffect)
    return effect


def test_changes_of_numbers_are_summarised_as_by_hand() -> None:
    model = chain(noise=1.0)
    actions = parse_actions(["X*=2"], model)
    before, after = interventional_samples(model, actions, 400, np.random.default_rng(0))
    effects = interventional_effects(
        model, actions, before, after, rng=np.random.default_rng(1), replicates=5
    )
    assert [effect.node for effect in effects] == ["X", "Y", "Z"]
    for effect in map(number, effects):
        changes = after[effect.node] - before[effect.node]
        assert effect.mean.before == pytest.approx(before[effect.node].mean())
        assert effect.mean.after == pytest.approx(after[effect.node].mean())
        assert effect.mean.change == pytest.approx(changes.mean())
        assert effect.mean.monte_carlo_error == pytest.approx(stats.sem(changes))
        assert effect.mean.low + effect.mean.high == pytest.approx(2 * changes.mean())
        assert effect.unit_low == pytest.approx(changes.quantile(0.025))
        assert effect.unit_high == pytest.approx(changes.quantile(0.975))


def test_changes_of_labels_are_shares_that_sum_to_nothing(mix: StructuralModel) -> None:
    actions = parse_actions(["load=+2"], mix)
    before, after = interventional_samples(mix, actions, 300, np.random.default_rng(0))
    alarm = do(mix, ["load=+2"], n=300)["alarm"]
    assert isinstance(alarm, LabelEffect)
    assert list(alarm.shares) == ["false", "true"]
    assert alarm.shares["true"].before == pytest.approx((before["alarm"] == "true").mean())
    assert alarm.shares["true"].after == pytest.approx((after["alarm"] == "true").mean())
    assert alarm.shares["true"].change == pytest.approx(-alarm.shares["false"].change)
    assert alarm.shares["true"].change > 0.05
    assert alarm.shares["true"].low < alarm.shares["true"].change < alarm.shares["true"].high


def test_nodes_that_are_not_affected_change_by_exactly_nothing(mix: StructuralModel) -> None:
    effects = do(mix, ["temperature=+2"])
    assert tuple(effects) == mix.graph.order
    for node in ("load", "errors"):
        effect = number(effects[node])
        assert effect.mean.before == effect.mean.after
        for value in (effect.mean.change, effect.mean.low, effect.mean.high, effect.unit_high):
            assert value == 0
        assert effect.mean.monte_carlo_error == 0
    site = effects["site"]
    assert isinstance(site, LabelEffect)
    assert {(mean.change, mean.low, mean.high) for mean in site.shares.values()} == {(0, 0, 0)}
    shifted = number(effects["temperature"]).mean
    assert shifted.change == pytest.approx(2)
    assert shifted.high - shifted.low < 1e-9
    nothing = do(mix, [])
    assert number(nothing["delay"]).mean.change == 0


def test_effects_are_json(mix: StructuralModel) -> None:
    for effect in do(mix, ["site=north"]).values():
        assert json.loads(json.dumps(effect.as_record(), allow_nan=False)) == effect.as_record()


def test_a_counterfactual_has_no_monte_carlo_error_and_the_interval_of_least_squares() -> None:
    model = chain(n=400, noise=1.0)
    data = model.train.iloc[:20]
    effects = had_been(model, data, ["X=+1"], replicates=300)
    fit = stats.linregress(model.train["X"], model.train["Y"])
    mean = number(effects["Y"]).mean
    assert mean.monte_carlo_error is None
    assert mean.change == pytest.approx(fit.slope)
    # the standard error of a standard deviation of 300 is 4 %
    assert (mean.high - mean.low) / 2 == pytest.approx(1.966 * fit.stderr, rel=0.2)
    assert number(effects["X"]).mean.low == number(effects["X"]).mean.high == 1


def test_the_interval_holds_the_uncertainty_of_causes_that_the_action_does_not_affect() -> None:
    """Y = X W and X + 1 changes Y by W, whose mean is as uncertain as W's own mechanism."""
    rng = np.random.default_rng(4)
    v, x, w = rng.normal(size=(3, 100))
    w += 1
    model = hand_built(
        [("V", "W"), ("W", "Y"), ("X", "Y")],
        {"V": v, "W": w, "X": x, "Y": x * w + 0.01 * rng.normal(size=100)},
        mechanisms={"Y": gcm.AdditiveNoiseModel(ml.create_polynom_regressor())},
    )
    effects = do(model, ["X=+1"], n=20_000, replicates=60)
    mean = number(effects["Y"]).mean
    expected = 1.96 * w.std() / np.sqrt(len(w))
    assert (mean.high - mean.low) / 2 == pytest.approx(expected, rel=0.3)
    assert number(effects["W"]).mean.change == 0


TRUE_CHANGE = 6 * 1.5
DATA_SETS = 200


def test_95_percent_of_intervals_hold_the_true_mean_change() -> None:
    """do(X = 1.5) on X ~ N(0, 1), Y = 2 X + N, Z = 3 Y + N changes E[Z] by 9.

    At a coverage of 95 % the number of 200 intervals that hold the truth is binomial: it lies
    from 182 (91 %) to 197 (98.5 %) with a probability above 98 %.
    """
    assert np.diff(stats.binom.cdf([181, 197], DATA_SETS, 0.95))[0] > 0.98
    covered, by_monte_carlo_alone = 0, 0
    for data_set in range(DATA_SETS):
        model = chain(seed=1000 + data_set, noise=1.0)
        mean = number(do(model, ["X=1.5"], n=300, seed=data_set, replicates=6)["Z"]).mean
        covered += mean.low <= TRUE_CHANGE <= mean.high
        assert mean.monte_carlo_error is not None
        by_monte_carlo_alone += abs(mean.change - TRUE_CHANGE) <= 1.96 * mean.monte_carlo_error
    assert 0.91 * DATA_SETS <= covered <= 0.985 * DATA_SETS
    assert by_monte_carlo_alone < 0.85 * DATA_SETS


def forest() -> StructuralModel:
    rng = np.random.default_rng(8)
    x = rng.normal(size=60)
    y = x + rng.normal(size=60)
    label = np.where(y + rng.normal(size=60) > 0, "high", "low")
    return hand_built(
        [*CHAIN, ("Y", "label")],
        {"X": x, "Y": y, "Z": y + rng.normal(size=60), "label": label},
        {"label": "categorical"},
        {
            "Y": gcm.AdditiveNoiseModel(ml.create_random_forest_regressor(n_estimators=5)),
            "Z": gcm.AdditiveNoiseModel(ml.create_polynom_regressor()),
            "label": gcm.ClassifierFCM(ml.create_random_forest_classifier(n_estimators=5)),
        },
    )


def leaves_python_generator(model: StructuralModel) -> bool:
    state = random.getstate()
    do(model, ["X=+1"], n=100, replicates=4)
    return random.getstate() == state


def test_effects_are_reproducible_with_any_number_of_workers() -> None:
    model = forest()
    train = model.train.copy()
    numpy_state = np.random.get_state()
    alone = do(model, ["X=+1"], n=100, replicates=4)
    assert alone == do(model, ["X=+1"], n=100, replicates=4)
    assert alone == do(model, ["X=+1"], n=100, replicates=4, workers=2)
    assert alone != do(model, ["X=+1"], n=100, replicates=4, seed=1)
    # Threads of other tests may draw from it now and then; the effects would do so every time.
    assert any(leaves_python_generator(model) for _ in range(3))
    for now, then in zip(np.random.get_state(), numpy_state, strict=True):
        np.testing.assert_array_equal(now, then)
    pd.testing.assert_frame_equal(model.train, train)


def test_the_fitted_mechanisms_are_not_changed() -> None:
    model = chain(noise=1.0)
    mechanism = model.causal_model.causal_mechanism("Y")
    slope = mechanism.prediction_model.sklearn_model.coef_.copy()
    residuals = mechanism.noise_model.data.copy()
    do(model, ["X=1"])
    assert model.causal_model.causal_mechanism("Y") is mechanism
    np.testing.assert_array_equal(mechanism.prediction_model.sklearn_model.coef_, slope)
    np.testing.assert_array_equal(mechanism.noise_model.data, residuals)


def test_progress_is_told_after_each_replicate() -> None:
    told: list[Progress] = []
    with listening(told.append):
        do(chain(noise=1.0), ["X=1"], replicates=3)
    assert [(progress.done, progress.total) for progress in told] == [(i, 3) for i in range(4)]


def with_rare_label(rare: int) -> StructuralModel:
    """A label that few rows have, both cause and effect."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=100)
    labels = np.array(["rare"] * rare + ["usual"] * (100 - rare))
    return hand_built(
        [("X", "label"), ("label", "Y")],
        {"X": x, "label": labels, "Y": x + (labels == "rare")},
        {"label": "categorical"},
    )


def test_resamples_without_a_label_that_is_needed_are_drawn_again() -> None:
    model = with_rare_label(1)
    for texts in (["X=1"], ["label=rare"]):
        effects = do(model, texts, replicates=15)
        label = effects["label"]
        assert isinstance(label, LabelEffect)
        assert list(label.shares) == ["rare", "usual"]
        assert np.isfinite(label.shares["rare"].low)


def test_a_label_that_no_resample_can_hold_is_an_input_error() -> None:
    model = with_rare_label(1)
    model.train["label"] = pd.Series(["usual"] * 100, dtype=object)
    with pytest.raises(InputError, match=r"20 resamples .* label is everywhere 'usual'\."):
        do(model, ["X=1"])
    usual = with_rare_label(1)
    actions = parse_actions(["label=rare"], usual)
    samples = interventional_samples(usual, actions, 10, np.random.default_rng(0))
    usual.train["label"] = model.train["label"]
    with pytest.raises(InputError, match="label is nowhere 'rare'"):
        interventional_effects(usual, actions, *samples, rng=np.random.default_rng(0))


def test_one_replicate_is_too_few() -> None:
    with pytest.raises(InputError, match="at least 2 replicates, got 1"):
        do(chain(noise=1.0), ["X=1"], replicates=1)
