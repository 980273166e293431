"""A known noise variance is recovered; positive and bounded whatever the residuals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingRegressor

from tasks.uncertainty.noise_model import ITERATIONS, LEARNING_RATE, fit_noise

FLOOR = np.exp(-ITERATIONS * LEARNING_RATE)


def divergence(estimate: np.ndarray, truth: np.ndarray) -> float:
    """Mean Kullback-Leibler divergence of the normals with these variances, in nats."""
    ratio = truth / estimate
    return float(np.mean(ratio - 1 - np.log(ratio)) / 2)


def noise_draws(kind: str, n: int, rng: np.random.Generator) -> np.ndarray:
    """Draws of variance 1."""
    return rng.normal(size=n) if kind == "normal" else rng.standard_t(5, n) / (5 / 3) ** 0.5


@pytest.mark.parametrize("kind", ["normal", "student"])
def test_a_heteroscedastic_noise_is_recovered(kind: str) -> None:
    rng = np.random.default_rng(1)
    ratios, distances, constants = [], [], []
    for _ in range(6):
        x, fresh = rng.uniform(-1, 1, (2, 1500, 3))
        squared = np.exp(1.5 * x[:, 0]) * noise_draws(kind, 1500, rng) ** 2
        truth, estimate = (
            np.exp(1.5 * fresh[:, 0]),
            fit_noise(x, squared, 1e-12, (), 1).predict(fresh),
        )
        ratios.append(estimate.mean() / truth.mean())
        distances.append(divergence(estimate, truth))
        constants.append(divergence(np.full(1500, truth.mean()), truth))
    error = np.std(ratios, ddof=1) / np.sqrt(6)
    assert abs(np.mean(ratios) - 1) < max(4 * error, 0.02)
    assert np.mean(distances) < 0.25 * np.mean(constants)


def test_a_constant_noise_is_recovered() -> None:
    rng = np.random.default_rng(2)
    x, fresh = rng.uniform(-1, 1, (2, 3000, 3))
    estimate = fit_noise(x, 4 * rng.normal(size=3000) ** 2, 1e-12, (), 1).predict(fresh)
    assert estimate.mean() == pytest.approx(4, rel=4 * np.sqrt(2 / 3000))
    assert divergence(estimate, np.full(3000, 4.0)) < 0.02


def test_a_noise_that_falls_a_thousandfold_does_not_collapse_as_with_gamma() -> None:
    rng = np.random.default_rng(3)
    x = rng.uniform(-1, 1, (1500, 3))
    truth = np.where(x[:, 0] > 0, 1.0, 0.001)
    squared = truth * rng.normal(size=1500) ** 2
    ours = fit_noise(x, squared, 1e-12, (), 1).predict(x)
    gamma = HistGradientBoostingRegressor(
        loss="gamma", max_iter=ITERATIONS, learning_rate=LEARNING_RATE, max_leaf_nodes=4
    )
    theirs = gamma.fit(x, squared / squared.mean()).predict(x) * squared.mean()
    assert divergence(ours, truth) < 0.5
    assert theirs.min() < 1e-6 * truth.min()
    assert divergence(theirs, truth) > 1000


def test_a_category_and_missingness_are_used() -> None:
    rng = np.random.default_rng(4)
    x = np.column_stack([rng.integers(0, 8, 4000), rng.normal(size=4000)]).astype(float)
    x[rng.random(4000) < 0.3, 1] = np.nan
    truth = np.where(np.isin(x[:, 0], [1, 4, 6]), 4.0, 1.0) * np.where(np.isnan(x[:, 1]), 3.0, 1.0)
    estimate = fit_noise(x, truth * rng.normal(size=4000) ** 2, 1e-12, (0,), 1).predict(x)
    for variance in np.unique(truth):
        assert estimate[truth == variance].mean() == pytest.approx(variance, rel=0.2)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 300), power=st.integers(1, 12))
def test_variances_are_positive_and_not_below_their_bound(seed: int, n: int, power: int) -> None:
    rng = np.random.default_rng(seed)
    x, squared = rng.normal(size=(n, 2)), rng.random(n) ** power * (rng.random(n) < 0.5)
    model = fit_noise(x, squared, 1e-12, (), 1)
    assert (model.predict(rng.normal(size=(50, 2))) >= FLOOR * model.scale * (1 - 1e-9)).all()
    assert model.scale > 0


def test_residuals_that_are_all_zero_give_the_smallest_variance() -> None:
    estimate = fit_noise(np.arange(50.0)[:, None], np.zeros(50), 1e-6, (), 1).predict(
        np.ones((1, 1))
    )
    assert estimate == pytest.approx(1e-6)


def test_inputs_are_not_mutated() -> None:
    x, squared = np.arange(50.0)[:, None], np.zeros(50)
    fit_noise(x, squared, 1e-6, (), 1)
    np.testing.assert_array_equal(x[:, 0], np.arange(50))
    assert (squared == 0).all()
