"""Permuted rows lie outside the data where features depend on each other, else not."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tasks.attribution.donors import donor_permutation
from tasks.attribution.extrapolation import extrapolated_fraction
from tasks.errors import InputError

Array = NDArray[np.float64]


def fraction(rows: Array, features: list[int], categorical: list[bool], seed: int = 7) -> float:
    n_rows = len(rows)
    rng = np.random.default_rng(seed)
    donors = donor_permutation(np.arange(n_rows), np.zeros(n_rows, dtype=int), rng)
    return extrapolated_fraction(rows, np.array(categorical), features, donors)


def mean_fraction(rows: Array, features: list[int], categorical: list[bool]) -> float:
    return float(np.mean([fraction(rows, features, categorical, seed) for seed in range(20, 25)]))


@pytest.mark.parametrize("n_features", [2, 6])
def test_independent_features_lie_outside_as_often_as_the_data(n_features: int) -> None:
    rows = np.random.default_rng(1).normal(size=(1500, n_features))
    assert 0.003 < mean_fraction(rows, [0], [False] * n_features) < 0.02
    assert 0.003 < mean_fraction(rows, list(range(n_features)), [False] * n_features) < 0.02


def test_the_fraction_grows_with_the_dependence() -> None:
    rng = np.random.default_rng(1)
    x, noise = rng.normal(size=(2, 800))
    fractions = [
        mean_fraction(np.column_stack([x, r * x + np.sqrt(1 - r**2) * noise]), [0], [False, False])
        for r in (0.0, 0.9, 0.999)
    ]
    assert fractions[0] < 0.02 < fractions[1] < 0.5 < fractions[2]


def test_features_permuted_together_keep_their_dependence() -> None:
    x, z = np.random.default_rng(1).normal(size=(2, 800))
    rows = np.column_stack([x, x, z])
    assert mean_fraction(rows, [0, 1], [False] * 3) < 0.02
    assert mean_fraction(rows, [0], [False] * 3) > 0.4


def test_a_category_that_fits_the_number_no_more_lies_outside() -> None:
    rng = np.random.default_rng(1)
    code = rng.integers(0, 4, 800).astype(float)
    tied = np.column_stack([code, code + 0.01 * rng.normal(size=800)])
    free = np.column_stack([code, rng.permutation(code) + 0.01 * rng.normal(size=800)])
    assert mean_fraction(tied, [0], [True, False]) == pytest.approx(0.75, abs=0.08)
    assert mean_fraction(free, [0], [True, False]) < 0.03


@pytest.mark.parametrize("categorical", [False, True])
def test_missing_values_that_go_together_are_seen(categorical: bool) -> None:
    rng = np.random.default_rng(1)
    rows = 1e-3 * rng.normal(size=(800, 2))
    if categorical:
        rows[:, 0] = 5
    rows[rng.random(800) < 0.3] = np.nan
    kinds = [categorical, False]
    assert mean_fraction(rows, [0, 1], kinds) < 0.03
    before = rows.copy()
    assert mean_fraction(rows, [0], kinds) == pytest.approx(2 * 0.3 * 0.7, abs=0.08)
    np.testing.assert_array_equal(rows, before)


def test_combinations_that_are_in_the_data_do_not_lie_outside() -> None:
    rng = np.random.default_rng(1)
    categories = rng.integers(0, 3, (600, 2)).astype(float)
    assert mean_fraction(categories, [0], [True, True]) == 0
    numbers = np.tile(categories * 0.1 + 7, 10)  # so many features are compared by brute force
    assert mean_fraction(numbers, list(range(0, 20, 2)), [False] * 20) == 0
    diagonal = np.column_stack([categories[:, 0], categories[:, 0]])
    assert mean_fraction(diagonal, [0], [True, True]) == pytest.approx(2 / 3, abs=0.06)


def test_units_do_not_matter() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=500)
    rows = np.column_stack([x, x + 0.3 * rng.normal(size=500), np.ones(500)])
    scaled = rows * [1000.0, 0.01, 5.0] + [7.0, -1.0, 0.0]
    kinds = [False] * 3
    assert fraction(rows, [0], kinds) == fraction(scaled, [0], kinds)


def test_bad_input_is_refused() -> None:
    with pytest.raises(
        InputError,
        match="At least 100 held-out rows are needed, got 99: let the test begin earlier",
    ):
        fraction(np.zeros((99, 2)), [0], [False, False])
    with pytest.raises(InputError, match="a kind for each of the 2 features"):
        fraction(np.zeros((100, 2)), [0], [False])
