"""What is told of posterior draws: known answers, and what no interval may hold."""

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pydantic import ValidationError

from tasks.bayes.interval import Interval, intervals
from tasks.errors import InputError

Floats = npt.NDArray[np.float64]


def test_intervals_are_mean_and_outer_percentiles() -> None:
    draws = np.random.default_rng(1).normal([-3, 5], [1, 2], size=(200_000, 2))
    for found, mean, sd in zip(intervals(draws), (-3, 5), (1, 2), strict=True):
        known = (mean, mean - 1.95996 * sd, mean + 1.95996 * sd)
        assert (found.mean, found.low, found.high) == pytest.approx(known, abs=0.03)


def test_the_mean_of_skewed_draws_is_not_the_middle() -> None:
    """Of 0 to 1 and one draw of 1000 among 100, the mean lies outside what 95 % of them hold."""
    (found,) = intervals(np.append(np.linspace(0, 1, 99), 1000)[:, None])
    assert found.mean == pytest.approx((99 / 2 + 1000) / 100)
    assert 0 < found.low < found.high < 1 < found.mean


@given(
    arrays(np.float64, st.tuples(st.integers(2, 9), st.integers(1, 4)), elements=st.floats(-99, 99))
)
def test_each_quantity_has_the_interval_of_its_own_draws(draws: Floats) -> None:
    kept = draws.copy()
    found = intervals(draws)
    assert len(found) == draws.shape[1]
    for one, own in zip(found, draws.T, strict=True):
        assert (one.low, one.high) == pytest.approx(np.quantile(own, [0.025, 0.975]), abs=1e-9)
        assert one.mean == pytest.approx(own.sum() / len(own), abs=1e-9)
    np.testing.assert_array_equal(draws, kept)


@pytest.mark.parametrize(
    ("draws", "said"),
    [
        ([[1.0, 2.0]], "at least 2 draws, got 1"),
        ([1.0, 2.0], r"shape \(draws, keys\), got \(2,\)"),
        ([[1.0], [math.inf]], "finite, got 1 that are not"),
    ],
)
def test_draws_that_have_no_interval_are_refused(draws: npt.ArrayLike, said: str) -> None:
    with pytest.raises(InputError, match=said):
        intervals(draws)


def test_an_interval_is_written_by_its_three_names_and_read_back() -> None:
    found = Interval(mean=-1.5, low=-3, high=0.25)
    assert found.model_dump_json() == '{"mean":-1.5,"low":-3.0,"high":0.25}'
    assert Interval.model_validate_json(found.model_dump_json()) == found


@pytest.mark.parametrize("change", [{"mean": math.nan}, {"low": -math.inf}, {"width": 1}])
def test_what_is_no_interval_is_refused(change: dict[str, float]) -> None:
    with pytest.raises(ValidationError, match=r"finite|Extra inputs"):
        Interval.model_validate({"mean": 0, "low": -1, "high": 1} | change)


def test_an_interval_does_not_change() -> None:
    found = Interval(mean=0, low=-1, high=1)
    with pytest.raises(ValidationError, match="frozen"):
        found.mean = 1
