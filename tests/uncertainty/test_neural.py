"""Neural ensembles learn, and are unsure where they should be."""

import sys
from typing import Any

import numpy as np
import pytest

from tasks.errors import InputError
from tasks.uncertainty.neural_ensemble import NeuralEnsemble
from tasks.uncertainty.neural_settings import NeuralSettings

from .neural_sample import CLASSES, KINDS, X, Y, fit, sample


def r_squared(ensemble: NeuralEnsemble, x: np.ndarray, y: np.ndarray) -> float:
    error = y - ensemble.predict_members(x).mean(axis=0)
    return float(1 - np.mean(error**2) / y.var())


@pytest.mark.parametrize("kind", KINDS)
def test_the_function_is_learnt(kind: str) -> None:
    x, y = sample(2, 2000)
    signal = 1 - 0.25 / y.var()  # all but the noise
    assert 0.75 * signal < r_squared(fit(X, Y, kind), x, y) < signal
    classes = np.digitize(y, [-0.5, 1.0])
    p = fit(X, CLASSES, kind, n_classes=3).predict_members(x).mean(axis=0)
    assert (p.argmax(axis=1) == classes).mean() > 0.65
    assert np.bincount(classes).max() < 0.5 * len(classes)


@pytest.mark.parametrize("kind", KINDS)
def test_members_differ_more_far_from_the_training_rows(kind: str) -> None:
    rng = np.random.default_rng(3)
    x = rng.uniform(-1, 1, (400, 2))
    y = np.sin(2 * x[:, 0]) + x[:, 1] ** 2 + rng.normal(0, 0.2, 400)
    ensemble = fit(x, y, kind, categorical=(), members=15)
    inside = ensemble.predict_members(x).var(axis=0).mean()
    far = ensemble.predict_members(8 * x[np.abs(x).max(axis=1) > 0.5]).var(axis=0).mean()
    assert far > 10 * inside


@pytest.mark.parametrize(
    ("kind", "most"), [("deep_ensemble", 0.3), ("mc_dropout", 0.8), ("bayesian", 0.3)]
)
def test_members_differ_less_as_rows_are_added(kind: str, most: float) -> None:
    fresh, _ = sample(4)
    few, many = (
        fit(*sample(5, n), kind, members=15).predict_members(fresh).var(axis=0, ddof=1).mean()
        for n in (150, 2400)
    )
    assert many < most * few


@pytest.mark.parametrize("kind", KINDS)
def test_two_levels_of_noise_are_told_apart(kind: str) -> None:
    rng = np.random.default_rng(6)
    x = rng.uniform(-1, 1, (3000, 2))
    truth = np.where(x[:, 1] > 0, 4.0, 0.25)
    y = 2 * x[:, 0] + np.sqrt(truth) * rng.normal(size=3000)
    noise = fit(x, y, kind, categorical=()).predict_noise(x)
    for level in (0.25, 4.0):
        assert 1 / 1.5 < noise[:, truth == level].mean() / level < 1.5


@pytest.mark.parametrize("kind", KINDS)
def test_noise_is_learnt_on_rows_that_the_network_lacks(kind: str) -> None:
    """Noise alone, and a network that could learn it by heart: in its own rows it would be 0."""
    rng = np.random.default_rng(7)
    x = rng.normal(size=(120, 30))
    y = rng.normal(size=120)
    wide = NeuralSettings(width=128, epochs=40, patience=40, weight_decay=0)
    assert fit(x, y, kind, categorical=(), settings=wide).predict_noise(x).mean() > 0.7


@pytest.mark.parametrize("kind", KINDS)
def test_rows_are_held_out_by_entity(kind: str) -> None:
    """The entity is a feature and has an effect of variance 4: held out it can not be known."""
    rng = np.random.default_rng(3)
    groups = np.repeat(np.arange(60), 10)
    x = np.column_stack([rng.normal(size=600), groups]).astype(float)
    y = rng.normal(0, 2, 60)[groups] + rng.normal(0, 0.5, 600)
    light = NeuralSettings(width=24, epochs=60, patience=60, learning_rate=0.01, weight_decay=0)
    by_row = fit(x, y, kind, settings=light).predict_noise(x).mean()
    by_entity = fit(x, y, kind, settings=light, groups=groups).predict_noise(x).mean()
    assert by_row < 1.2
    assert by_entity > 2.5


def test_missing_values_are_a_value_of_their_own() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(600, 2))
    missing = rng.random(600) < 0.5
    x[missing, 0] = np.nan
    y = missing + rng.normal(0, 0.1, 600)
    ensemble = fit(x[:400], y[:400], "deep_ensemble", categorical=())
    assert r_squared(ensemble, x[400:], y[400:]) > 0.9
    x[missing, 0] = rng.normal(size=int(missing.sum()))
    filled = fit(x[:400], y[:400], "deep_ensemble", categorical=())
    assert r_squared(filled, x[400:], y[400:]) < 0.1


@pytest.mark.parametrize("kind", KINDS)
def test_columns_without_values_or_variation_carry_nothing(kind: str) -> None:
    x = X.copy()
    x[:, 0], x[:, 2] = np.nan, 3.0
    ensemble = fit(x, Y, kind, categorical=())
    assert np.isfinite(ensemble.predict_members(x)).all()
    assert np.isfinite(ensemble.predict_noise(x)).all()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"kind": "forest"}, "one of deep_ensemble, mc_dropout, bayesian, got forest"),
        ({"members": 1}, "at least 2 members, got 1"),
        ({"seed": -1}, "got -1"),
        ({"y": np.full(500, 3.0)}, "must vary, got 3 in every row"),
        ({"y": Y[:-1]}, r"got shape \(499,\)"),
        ({"y": CLASSES * 0, "n_classes": 1}, "at least 2 classes"),
        ({"y": (np.arange(500) == 0).astype(int), "n_classes": 2}, "got 1 for class 1"),
        ({"x": np.where(X == 5, 255.0, X)}, "got 255 in column 1"),
        ({"categorical": (3,)}, "from 0 to 2"),
        ({"groups": np.arange(500) % 5}, "got 5"),
    ],
)
def test_bad_input_is_refused(arguments: dict[str, Any], said: str) -> None:
    bayesian: dict[str, Any] = {"x": X, "y": Y, "kind": "bayesian"}
    with pytest.raises(InputError, match=said):
        fit(**(bayesian | arguments))


@pytest.mark.parametrize(
    "setting",
    [
        {"width": 0},
        {"epochs": 0},
        {"patience": 0},
        {"batch": 0},
        {"learning_rate": 0.0},
        {"weight_decay": -1.0},
        {"dropout": 0.0},
        {"dropout": 1.0},
    ],
)
def test_bad_settings_are_refused(setting: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=next(iter(setting))):
        NeuralSettings(**setting)


def test_without_torch_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(InputError, match=r"pip install 'whence\[neural\]'"):
        fit(X, Y, "bayesian")


@pytest.mark.parametrize("kind", KINDS)
def test_inputs_are_not_mutated(kind: str) -> None:
    x, y, groups = X.copy(), Y.copy(), np.arange(500)
    ensemble = fit(x, y, kind, groups=groups, members=2)
    ensemble.predict_noise(x)
    ensemble.predict_members(x)[:] = 0
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(y, Y)
    np.testing.assert_array_equal(groups, np.arange(500))
