"""Statistics without a model: published values, small cases by hand, equivariance."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tasks.inference.comparison.exploration import explore, weighted_mean
from tasks.inference.comparison.units import Units

from .conftest import units_of

POSITIVE = st.floats(0.5, 20)
NUMBER = st.floats(-50, 50)
MANY = st.lists(st.tuples(NUMBER, POSITIVE), min_size=3, max_size=12)


def test_the_eight_schools_have_their_published_statistics(schools: Units) -> None:
    """Gelman et al. (2014), Bayesian Data Analysis, 5.5: 7.7 with the standard error 4.1."""
    explored = explore(schools)
    assert explored.n_units == 8
    assert explored.pooled == pytest.approx(7.686, abs=5e-4)
    assert explored.pooled_se == pytest.approx(4.072, abs=5e-4)
    assert explored.q == pytest.approx(4.71, abs=5e-3)
    assert explored.q_p_value == pytest.approx(1 - stats.chi2.cdf(4.707079, 7), abs=1e-6)
    assert explored.tau_squared == 0
    assert explored.i_squared == 0
    assert explored.spread == pytest.approx(np.std([28, 8, -3, 7, -1, 1, 18, 12], ddof=1))


def test_weights_that_differ_count_in_the_known_way() -> None:
    """Weights 1, 1/4, 1: pooled 4, Q = 16 + 9 + 4, of which 2 are expected."""
    explored = explore(units_of([0, 10, 6.5], [1, 2, 1]))
    pooled = (0 + 2.5 + 6.5) / 2.25
    q = pooled**2 + (10 - pooled) ** 2 / 4 + (6.5 - pooled) ** 2
    assert explored.pooled == pytest.approx(pooled) == pytest.approx(4)
    assert explored.pooled_se == pytest.approx(1 / 1.5)
    assert explored.q == pytest.approx(q)
    assert explored.i_squared == pytest.approx((q - 2) / q)
    assert explored.tau_squared == pytest.approx((q - 2) / (2.25 - (1 + 1 / 16 + 1) / 2.25))


def test_q_is_a_sum_over_pairs() -> None:
    """The same number by a formula without a mean."""
    rng = np.random.default_rng(2)
    y, sigma = rng.normal(0, 5, 9), rng.uniform(1, 4, 9)
    weight = sigma**-2
    pairs = np.outer(weight, weight) * np.subtract.outer(y, y) ** 2
    assert explore(units_of(y, sigma)).q == pytest.approx(pairs.sum() / 2 / weight.sum())


def test_equal_errors_give_the_unbiased_variance_between_units() -> None:
    explored = explore(units_of([1, 5, 12, 30], [2, 2, 2, 2]))
    assert explored.tau_squared == pytest.approx(np.var([1, 5, 12, 30], ddof=1) - 4)


def test_equal_estimates_are_homogeneous() -> None:
    explored = explore(units_of([3, 3, 3], [1, 2, 3]))
    assert explored.q == pytest.approx(0, abs=1e-20)
    assert (explored.i_squared, explored.tau_squared) == (0, 0)
    assert explored.q_p_value == pytest.approx(1)


@given(MANY)
def test_no_variance_is_left_where_q_is_below_its_degrees_of_freedom(
    pairs: list[tuple[float, float]],
) -> None:
    explored = explore(units_of(*zip(*pairs, strict=True)))
    is_below = explored.q <= len(pairs) - 1
    assert (explored.tau_squared == 0) is is_below
    assert (explored.i_squared == 0) is is_below
    assert 0 <= explored.i_squared < 1


@given(MANY, st.floats(-100, 100), st.floats(0.01, 100))
def test_statistics_follow_the_unit_of_the_data(
    pairs: list[tuple[float, float]], shift: float, scale: float
) -> None:
    y, sigma = (np.array(values) for values in zip(*pairs, strict=True))
    one, two = explore(units_of(y, sigma)), explore(units_of(shift + scale * y, scale * sigma))
    assert two.pooled == pytest.approx(shift + scale * one.pooled, abs=1e-6)
    assert two.pooled_se == pytest.approx(scale * one.pooled_se)
    assert two.spread == pytest.approx(scale * one.spread, rel=1e-6, abs=1e-9)
    assert two.q == pytest.approx(one.q, rel=1e-6, abs=1e-6)
    assert two.i_squared == pytest.approx(one.i_squared, abs=1e-6)
    assert two.tau_squared == pytest.approx(scale**2 * one.tau_squared, rel=1e-5, abs=1e-4)


def test_a_weighted_mean_does_not_depend_on_the_sum_of_the_weights() -> None:
    values, weights = np.array([1.0, 4.0]), np.array([1.0, 2.0])
    assert weighted_mean(values, weights) == weighted_mean(values, 10 * weights) == 3
    np.testing.assert_array_equal(weights, [1, 2])
