"""Repairs of a column that leave nothing to chance, against answers worked out by hand."""

from datetime import datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.intervention.column_repairs import impute_mean, reduce_variance, remove_outliers

NUMBERS = pl.Series("무게", [1, 3, None, 8, 999])
CLEAN = pl.Series([True, True, False, True, False])


def test_known_answers() -> None:
    assert impute_mean(NUMBERS, CLEAN).to_list() == [4.0] * 5
    assert reduce_variance(NUMBERS, CLEAN).to_list() == [2.5, 3.5, None, 6.0, 501.5]
    # The clean quartiles are 2 and 5.5: fences at -3.25 and 10.75.
    assert remove_outliers(NUMBERS, CLEAN).to_list() == [1.0, 3.0, None, 8.0, 10.75]


@pytest.mark.parametrize(
    ("values", "typical"),
    [
        (["b", "a", "b", "a", "c"], "a"),
        ([True, False, False, None, None], False),
        ([datetime(2020, 1, 1), datetime(2020, 1, 3), None, None, None], datetime(2020, 1, 2)),
    ],
)
def test_what_has_no_mean_takes_its_most_frequent_value(
    values: list[object], typical: object
) -> None:
    column = pl.Series(values)
    after = impute_mean(column, column.is_not_null())
    assert after.dtype == column.dtype
    assert after.to_list() == [typical] * 5


def test_unclean_values_tell_nothing() -> None:
    only = pl.Series(["x", "y", "y"])
    assert impute_mean(only, pl.Series([True, False, False])).to_list() == ["x"] * 3


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=40))
def test_numbers_stay_within_the_clean_ones_and_halve_their_spread(numbers: list[float]) -> None:
    values = pl.Series(numbers)
    clean = pl.Series([True] * len(numbers))
    before, low, high = values.clone(), min(numbers), max(numbers)
    shrunk = reduce_variance(values, clean).to_numpy()
    assert np.std(shrunk) == pytest.approx(np.std(numbers) / 2, abs=1e-6)
    assert np.mean(shrunk) == pytest.approx(np.mean(numbers), abs=1e-6)
    clipped = remove_outliers(values, clean).to_numpy()
    assert clipped.min() >= low
    assert clipped.max() <= high
    assert (np.diff(clipped[np.argsort(numbers, kind="stable")]) >= 0).all()
    assert values.equals(before)
