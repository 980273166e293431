"""Inputs of networks: standardised numbers, gaps and categories."""

import numpy as np
import pytest

from tasks.uncertainty.neural_inputs import FURTHEST, fit_inputs

NAN = np.nan
X = np.array(
    [
        [1.0, 3.0, 5.0, 7.0],
        [2.0, 0.0, NAN, 7.0],
        [3.0, NAN, 9.0, 7.0],
        [6.0, 3.0, 1.0, 7.0],
    ]
)


def test_numbers_have_mean_0_and_variance_1_in_the_training_rows() -> None:
    inputs = fit_inputs(X, (1,)).transform(X)
    np.testing.assert_allclose(inputs[:, 0], (X[:, 0] - 3) / np.sqrt(3.5), rtol=1e-6)
    present = inputs[[0, 2, 3], 1]
    assert present.mean() == pytest.approx(0, abs=1e-6)
    assert present.var() == pytest.approx(1, rel=1e-6)


def test_columns_are_numbers_then_gaps_then_codes() -> None:
    coding = fit_inputs(X, (1,))
    inputs = coding.transform(X)
    assert inputs.shape == (4, coding.n_inputs) == (4, 6)
    assert inputs.dtype == np.float32
    np.testing.assert_array_equal(inputs[:, 3], [0, 1, 0, 0])
    assert inputs[1, 1] == 0
    np.testing.assert_array_equal(inputs[:, 4:], [[0, 1], [1, 0], [0, 0], [0, 1]])


def test_a_constant_column_is_0_and_moves_in_its_own_unit() -> None:
    coding = fit_inputs(X, (1,))
    moved = X.copy()
    moved[:, 3] = 9.5
    np.testing.assert_array_equal(coding.transform(X)[:, 2], 0)
    np.testing.assert_array_equal(coding.transform(moved)[:, 2], 2.5)


@pytest.mark.parametrize("value", [0.1, 1e9 + 0.1, 1e-300, 1e300, 0.0])
def test_a_constant_column_is_0_whatever_its_value(value: float) -> None:
    """A mean of 0.1s is not exactly 0.1: rounding must not be taken for variation."""
    x = np.full((7, 1), value)
    np.testing.assert_allclose(fit_inputs(x, ()).transform(x), 0, atol=1e-5)


def test_huge_and_tiny_numbers_neither_overflow_nor_vanish() -> None:
    base = np.random.default_rng(1).normal(size=(50, 1))
    expected = fit_inputs(base, ()).transform(base)
    for unit in (1e-250, 1e250):
        scaled = unit * base
        np.testing.assert_allclose(fit_inputs(scaled, ()).transform(scaled), expected, rtol=1e-5)


def test_far_rows_stay_finite_and_on_their_side() -> None:
    coding = fit_inputs(X, (1,))
    far = np.array([[1e300, 0, -1e300, 7.0]])
    np.testing.assert_array_equal(coding.transform(far)[0, :2], [FURTHEST, -FURTHEST])


def test_a_category_that_the_training_rows_lack_is_all_zeros_as_a_missing_one() -> None:
    coding = fit_inputs(X, (1,))
    for code in (200.0, NAN):
        rows = X.copy()
        rows[:, 1] = code
        np.testing.assert_array_equal(coding.transform(rows)[:, 4:], 0)


def test_a_column_without_gaps_in_the_training_rows_has_no_indicator() -> None:
    coding = fit_inputs(X, (1,))
    rows = X.copy()
    rows[:, 0] = NAN
    inputs = coding.transform(rows)
    np.testing.assert_array_equal(inputs[:, 0], 0)
    np.testing.assert_array_equal(inputs[:, 1:], coding.transform(X)[:, 1:])


def test_a_column_without_values_carries_nothing_but_its_gap() -> None:
    x = X.copy()
    x[:, 2] = NAN
    x[:, 1] = NAN
    coding = fit_inputs(x, (1,))
    assert coding.n_inputs == 4
    inputs = coding.transform(x)
    assert np.isfinite(inputs).all()
    np.testing.assert_array_equal(inputs[:, [1, 3]], [[0, 1]] * 4)


def test_all_columns_may_be_categories_and_none() -> None:
    codes = np.array([[0.0, 4.0], [1.0, 4.0]])
    np.testing.assert_array_equal(
        fit_inputs(codes, (1, 0)).transform(codes), [[1, 1, 0], [1, 0, 1]]
    )
    assert fit_inputs(codes, ()).n_inputs == 2


def test_inputs_are_those_of_each_row_alone_and_rows_are_not_mutated() -> None:
    before = X.copy()
    coding = fit_inputs(X, (1,))
    whole = coding.transform(X)
    np.testing.assert_array_equal(np.vstack([coding.transform(X[[i]]) for i in range(4)]), whole)
    np.testing.assert_array_equal(X, before)
