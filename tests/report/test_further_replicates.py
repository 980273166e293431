"""The number of further cells is the least one at which the conjugate interval excludes 0."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.bayes.conjugate import posterior_variance
from tasks.bayes.interval import Interval
from tasks.errors import InputError
from tasks.report.further_replicates import MOST, further_replicates

Z = 1.959963984540054


def normal_interval(mean: float, variance: float) -> Interval:
    half = Z * math.sqrt(variance)
    return Interval(mean=mean, low=mean - half, high=mean + half)


def excludes_zero(interval: Interval) -> bool:
    return not interval.low <= 0 <= interval.high


def by_trial(mean: float, n: int, lam: float, sigma2: float) -> int | None:
    """One cell more at a time, by the formula of the conjugate model."""
    for more in range(1, MOST * n + 1):
        if excludes_zero(normal_interval(mean, float(posterior_variance(n + more, lam, sigma2)))):
            return more
    return None


@pytest.mark.parametrize("mean", [-1.3, -0.4, 0.7, 0.05])
@pytest.mark.parametrize(("n", "lam", "sigma2"), [(8, 0.0, 20.0), (16, 5.0, 60.0), (4, 40.0, 99.0)])
def test_agrees_with_trying_one_cell_after_another(
    mean: float, n: int, lam: float, sigma2: float
) -> None:
    variance = float(posterior_variance(n, lam, sigma2))
    effect = normal_interval(mean, variance)
    assert not excludes_zero(effect)
    found = further_replicates(effect, variance, math.sqrt(sigma2 / n), n)
    assert found == by_trial(mean, n, lam, sigma2)


def test_the_grid_above_holds_both_outcomes() -> None:
    assert by_trial(0.05, 8, 0.0, 20.0) is None
    assert by_trial(-1.3, 8, 0.0, 20.0) is not None


def test_what_is_borrowed_counts_as_cells() -> None:
    alone = further_replicates(Interval(mean=-1, low=-3, high=1), 1.0, 1.0, 32)
    pooled = further_replicates(Interval(mean=-1, low=-3, high=1), 1.0, math.sqrt(2.0), 32)
    assert (alone, pooled) == (97, 193)


def test_a_posterior_wider_than_the_cells_borrows_nothing() -> None:
    effect = Interval(mean=-1, low=-3, high=1)
    assert further_replicates(effect, 4.0, 1.0, 32) == further_replicates(effect, 1.0, 1.0, 32)


def test_only_the_end_beyond_zero_counts() -> None:
    skewed = Interval(mean=-1, low=-50, high=1)
    assert further_replicates(skewed, 1.0, 1.0, 32) == 97
    assert further_replicates(Interval(mean=1, low=-1, high=50), 1.0, 1.0, 32) == 97


def test_a_mean_too_near_zero_is_not_settled() -> None:
    assert further_replicates(Interval(mean=0, low=-3, high=3), 1.0, 1.0, 8) is None
    assert further_replicates(Interval(mean=-0.01, low=-3, high=3), 1.0, 1.0, 8) is None


def test_the_bound_is_a_hundred_times_the_cells() -> None:
    below = Interval(mean=-1, low=-20, high=math.sqrt(100.999) - 1)
    above = Interval(mean=-1, low=-20, high=math.sqrt(101.001) - 1)
    assert further_replicates(below, 1.0, 1.0, 10) == 1000
    assert further_replicates(above, 1.0, 1.0, 10) is None


@given(mean=st.floats(0.2, 1.9), cells=st.integers(1, 500))
def test_the_sign_of_the_mean_makes_no_difference(mean: float, cells: int) -> None:
    down = further_replicates(normal_interval(-mean, 1.0), 1.0, 1.2, cells)
    assert down == further_replicates(normal_interval(mean, 1.0), 1.0, 1.2, cells)


@pytest.mark.parametrize(
    ("variance", "error", "cells", "name"),
    [(-1.0, 1.0, 8, "variance"), (1.0, math.nan, 8, "raw_error"), (1.0, 1.0, 0, "cells")],
)
def test_refuses_by_name(variance: float, error: float, cells: int, name: str) -> None:
    with pytest.raises(InputError, match=f"Argument {name} must be"):
        further_replicates(Interval(mean=-1, low=-3, high=1), variance, error, cells)
