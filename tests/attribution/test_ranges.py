"""Value ranges part the rows of a column, and their parts add up to its share."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tasks.attribution.ranges import (
    CategoryRanges,
    NumberRanges,
    fit_category_ranges,
    fit_number_ranges,
    range_parts,
)
from tasks.errors import InputError

NUMBERS = arrays(np.float64, st.integers(1, 60), elements=st.floats(-5, 5) | st.just(np.nan))
CODES = arrays(np.float64, st.integers(1, 60), elements=st.sampled_from([0.0, 2.0, 7.0, np.nan]))


@given(NUMBERS, st.integers(1, 6))
def test_numbers_are_parted_in_order_and_missing_values_apart(
    values: np.ndarray, n_ranges: int
) -> None:
    if np.isnan(values).all():
        with pytest.raises(InputError, match="got none"):
            fit_number_ranges(values, n_ranges)
        return
    ranges = fit_number_ranges(values, n_ranges)
    codes = ranges.codes(values)
    n_intervals = len(ranges.labels) - 1
    assert n_intervals <= n_ranges
    assert ((codes == n_intervals) == np.isnan(values)).all()
    present = codes[~np.isnan(values)]
    assert (np.diff(present[np.argsort(values[~np.isnan(values)])]) >= 0).all()
    assert (np.bincount(present, minlength=n_intervals) > 0).all()


def test_quantile_ranges_hold_equal_numbers_of_rows() -> None:
    values = np.random.default_rng(1).normal(size=1000)
    codes = fit_number_ranges(values, 4).codes(values)
    assert np.bincount(codes).tolist() == [250] * 4


def test_edges_of_training_values_part_other_values() -> None:
    ranges = fit_number_ranges(np.arange(1.0, 101.0), 2)
    assert ranges.edges == (51.0,)
    assert ranges.labels == ("< 51", ">= 51", "missing")
    assert ranges.codes(np.array([-np.inf, 51.0, np.inf])).tolist() == [0, 1, 1]
    assert NumberRanges((0.0, 1.0)).labels == ("< 0", "[0, 1)", ">= 1", "missing")


def test_a_constant_has_one_range() -> None:
    ranges = fit_number_ranges(np.ones(9), 4)
    assert ranges.labels == ("any", "missing")
    assert ranges.codes(np.array([1.0, np.nan])).tolist() == [0, 1]


def test_no_range_is_refused() -> None:
    with pytest.raises(InputError, match="must be >= 1, got 0"):
        fit_number_ranges(np.ones(3), 0)


@given(CODES, CODES)
def test_categories_are_parted_by_code(train: np.ndarray, values: np.ndarray) -> None:
    if np.isnan(train).all():
        with pytest.raises(InputError, match="got none"):
            fit_category_ranges(train)
        return
    ranges = fit_category_ranges(train)
    codes = ranges.codes(values)
    for value, code in zip(values, codes, strict=True):
        label = "missing" if np.isnan(value) else f"{value:g}" if value in train else "other"
        assert ranges.labels[code] == label


def test_categories_that_were_not_trained_on_are_other() -> None:
    ranges = CategoryRanges((1.0, 3.0))
    assert ranges.codes(np.array([0.0, 1.0, 2.0, 3.0, 9.0])).tolist() == [2, 0, 2, 1, 2]
    assert ranges.labels == ("1", "3", "other", "missing")


@given(st.integers(1, 50), st.integers(1, 5), st.integers(0, 99))
def test_ranges_add_up_to_their_column(n_rows: int, n_ranges: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    gains, codes = rng.normal(size=(n_rows, 3)), rng.integers(0, n_ranges, n_rows)
    before = gains.copy()
    parts = range_parts(gains, codes, n_ranges + 1)
    assert parts.shape == (n_ranges + 1, 3)
    assert (parts[n_ranges] == 0).all()
    np.testing.assert_allclose(parts.sum(axis=0), gains.mean(axis=0), atol=1e-12)
    np.testing.assert_array_equal(gains, before)
