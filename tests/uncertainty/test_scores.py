"""Scores have their published values and are least where the prediction is true."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats
from sklearn import metrics

from tasks.errors import InputError
from tasks.uncertainty.scores import brier, crps_normal, gaussian_nll, log_loss

N = 20_000


def one(value: float) -> np.ndarray:
    return np.array([value])


def test_crps_of_the_standard_normal_at_its_mean() -> None:
    exact = (np.sqrt(2) - 1) / np.sqrt(np.pi)
    assert crps_normal(one(0), one(0), one(1)) == pytest.approx(exact, rel=1e-12)
    assert exact == pytest.approx(0.2337, abs=5e-5)


@pytest.mark.parametrize(("y", "mean", "sd"), [(0.3, 1.0, 2.0), (-4.0, 0.0, 1.0), (5.0, 5.5, 0.1)])
def test_crps_is_the_integral_of_its_definition(y: float, mean: float, sd: float) -> None:
    low, high = min(y, mean) - 12 * sd, max(y, mean) + 12 * sd
    below = integrate.quad(lambda t: stats.norm.cdf(t, mean, sd) ** 2, low, y, limit=200)[0]
    above = integrate.quad(lambda t: stats.norm.sf(t, mean, sd) ** 2, y, high, limit=200)[0]
    assert crps_normal(one(y), one(mean), one(sd**2)) == pytest.approx(below + above, rel=1e-6)


def test_crps_of_a_true_normal_is_sd_over_root_pi() -> None:
    y = np.random.default_rng(1).normal(2, 3, N)
    crps = crps_normal(y, np.full(N, 2.0), np.full(N, 9.0))
    assert abs(crps.mean() - 3 / np.sqrt(np.pi)) < 4 * crps.std() / np.sqrt(N)


def test_crps_without_spread_is_the_absolute_error() -> None:
    crps = crps_normal(np.array([1.0, -3.0]), np.zeros(2), np.full(2, 1e-20))
    np.testing.assert_allclose(crps, [1, 3], rtol=1e-9)


def test_nll_is_the_negative_log_density() -> None:
    y, mean, sd = np.random.default_rng(1).uniform(0.5, 2, (3, 40))
    np.testing.assert_allclose(gaussian_nll(y, mean, sd**2), -stats.norm.logpdf(y, mean, sd))


@pytest.mark.parametrize("score", [gaussian_nll, crps_normal])
@pytest.mark.parametrize(("shift", "factor"), [(0.3, 1), (-0.3, 1), (0, 1.4), (0, 1 / 1.4)])
def test_scores_of_a_normal_are_least_at_the_truth(
    score: Callable[..., np.ndarray], shift: float, factor: float
) -> None:
    y = np.random.default_rng(1).normal(0.3, 1.5, N)
    truth = score(y, np.full(N, 0.3), np.full(N, 1.5**2))
    other = score(y, np.full(N, 0.3 + shift), np.full(N, (1.5 * factor) ** 2))
    difference = other - truth
    assert difference.mean() > 4 * difference.std() / np.sqrt(N)


@pytest.mark.parametrize("score", [log_loss, brier])
def test_scores_of_classes_are_least_at_the_truth(score: Callable[..., np.ndarray]) -> None:
    rng = np.random.default_rng(1)
    truth = rng.dirichlet([1, 1, 1], N)
    y = (rng.random(N)[:, None] > truth.cumsum(axis=1)[:, :2]).sum(axis=1)
    sharper = truth**1.5 / (truth**1.5).sum(axis=1, keepdims=True)
    for other in (sharper, 0.8 * truth + 0.2 / 3, truth[:, [1, 0, 2]]):
        difference = score(y, other) - score(y, truth)
        assert difference.mean() > 4 * difference.std() / np.sqrt(N)


@pytest.mark.parametrize("n_classes", [2, 4])
def test_scores_of_classes_are_those_of_scikit_learn(n_classes: int) -> None:
    rng = np.random.default_rng(1)
    p, y = rng.dirichlet(np.ones(n_classes), 300), rng.integers(0, n_classes, 300)
    assert log_loss(y, p).mean() == pytest.approx(metrics.log_loss(y, p))
    expected = metrics.brier_score_loss(y, p if n_classes > 2 else p[:, 1], scale_by_half=False)
    assert brier(y, p).mean() == pytest.approx(expected)


def test_bounds_of_the_class_scores() -> None:
    sure = np.array([[1.0, 0.0], [1.0, 0.0]])
    np.testing.assert_array_equal(brier(np.array([0, 1]), sure), [0, 2])
    right, wrong = log_loss(np.array([0, 1]), sure)
    assert right == 0
    assert wrong == pytest.approx(-np.log(np.finfo(float).eps))


@settings(max_examples=50, deadline=None)
@given(
    z=st.floats(-20, 20), mean=st.floats(-5, 5), sd=st.floats(0.01, 100), unit=st.floats(0.01, 100)
)
def test_crps_takes_the_unit_of_the_target(z: float, mean: float, sd: float, unit: float) -> None:
    crps = crps_normal(one(mean + z * sd), one(mean), one(sd**2))
    scaled = crps_normal(one(unit * (mean + z * sd)), one(unit * mean), one((unit * sd) ** 2))
    assert crps >= 0
    np.testing.assert_allclose(scaled, unit * crps, rtol=1e-6, atol=1e-9 * unit * sd)


TWO = np.array([1.0, 2.0])


@pytest.mark.parametrize(
    ("y", "mean", "variance", "said"),
    [
        (TWO, TWO[:1], TWO, r"one shape \(N,\), got \(2,\), \(1,\) and \(2,\)"),
        (TWO[:0], TWO[:0], TWO[:0], r"got \(0,\)"),
        (TWO * np.nan, TWO, TWO, "must be finite"),
        (TWO, TWO, TWO * 0, "must be positive, got 0"),
    ],
)
def test_bad_normals_are_refused(
    y: np.ndarray, mean: np.ndarray, variance: np.ndarray, said: str
) -> None:
    for score in (gaussian_nll, crps_normal):
        with pytest.raises(InputError, match=said):
            score(y, mean, variance)


@pytest.mark.parametrize(
    ("y", "p", "said"),
    [
        (np.array([0, 1, 1]), np.full((2, 2), 0.5), r"got \(3,\) and \(2, 2\)"),
        (np.array([0, 2]), np.full((2, 2), 0.5), "from 0 to 1, got int64 from 0 to 2"),
        (np.array([0.0, 1.0]), np.full((2, 2), 0.5), "must be integers"),
        (np.array([0, 1]), np.full((2, 2), 0.6), "sums from 1.2 to 1.2"),
        (np.array([0, 1]), np.full((2, 2), np.nan), "sum to 1"),
    ],
)
def test_bad_classes_are_refused(y: np.ndarray, p: np.ndarray, said: str) -> None:
    for score in (log_loss, brier):
        with pytest.raises(InputError, match=said):
            score(y, p)


def test_inputs_are_not_mutated() -> None:
    y, mean, variance = TWO.copy(), TWO.copy(), TWO.copy()
    gaussian_nll(y, mean, variance)
    crps_normal(y, mean, variance)
    for array in (y, mean, variance):
        np.testing.assert_array_equal(array, TWO)
    codes, p = np.array([0, 1]), np.array([[1.0, 0.0], [0.5, 0.5]])
    log_loss(codes, p)
    brier(codes, p)
    np.testing.assert_array_equal(p, [[1, 0], [0.5, 0.5]])
    np.testing.assert_array_equal(codes, [0, 1])
