"""Rows, targets and entities that break a rule are refused, with what came."""

import numpy as np
import pytest

from tasks.errors import InputError
from tasks.uncertainty.training_data import check_classes, check_rows, check_values, entities_of

ROWS = np.array([[0.0, 1.5], [254.0, np.nan], [np.nan, -3.0]])


def test_codes_missing_values_and_numbers_are_accepted() -> None:
    before = ROWS.copy()
    check_rows(ROWS, categorical=(0,))
    np.testing.assert_array_equal(ROWS, before)


@pytest.mark.parametrize(
    ("x", "categorical", "said"),
    [
        (ROWS[0], (), r"float64 matrix, got shape \(2,\)"),
        (ROWS.astype(np.float32), (), "of type float32"),
        (np.array([[1.0], [np.inf]]), (), "got inf in row 1, column 0"),
        (ROWS, (2,), r"from 0 to 1, got \(2,\)"),
        (ROWS, (-1,), r"from 0 to 1, got \(-1,\)"),
        (ROWS, (0, 0), r"distinct indices from 0 to 1, got \(0, 0\)"),
        (ROWS, (1,), r"integers from 0 to 254, got 1.5 in column 1"),
        (np.array([[255.0]]), (0,), "from 0 to 254, got 255 in column 0: encode or group"),
        (np.array([[-1.0]]), (0,), "got -1 in column 0"),
    ],
)
def test_bad_features_are_refused(x: np.ndarray, categorical: tuple[int, ...], said: str) -> None:
    with pytest.raises(InputError, match=said):
        check_rows(x, categorical)


@pytest.mark.parametrize(
    ("y", "said"),
    [
        (np.array([1.0, 2.0]), r"each of the 3 rows, got shape \(2,\)"),
        (np.ones((3, 1)), r"got shape \(3, 1\)"),
        (np.array(["a", "b", "c"]), "of type <U1"),
        (np.array([1.0, np.nan, np.inf]), r"got 2 missing or infinite value\(s\)"),
        (np.full(3, 2.5), "must vary, got 2.5 in every row"),
    ],
)
def test_bad_values_are_refused(y: np.ndarray, said: str) -> None:
    with pytest.raises(InputError, match=said):
        check_values(y, 3)


@pytest.mark.parametrize(
    ("y", "n_classes", "said"),
    [
        ([0, 0, 0, 0], 1, "at least 2 classes, got 1"),
        ([0, 0, 0, 0], 2, "got 0 for class 1"),
        ([0, 0, 0, 1], 2, "got 1 for class 1: merge or drop it"),
        ([0, 0, 2, 2], 2, "from 0 to 1, got 2"),
        ([0, -1, 1, 1], 2, "from 0 to 1, got -1"),
        ([0, 0.5, 1, 1], 2, "from 0 to 1, got 0.5"),
        ([0, np.nan, 1, 1], 2, "must be finite"),
    ],
)
def test_bad_classes_are_refused(y: list[float], n_classes: int, said: str) -> None:
    with pytest.raises(InputError, match=said):
        check_classes(np.array(y), 4, n_classes, np.arange(4))


def test_a_class_of_a_single_entity_is_refused() -> None:
    y, entities = np.array([0, 0, 1, 1]), np.array([1, 2, 3, 3])
    check_classes(y, 4, 2, np.arange(4))
    with pytest.raises(InputError, match=r"2 rows \(entities.*got 1 for class 1"):
        check_classes(y, 4, 2, entities)


def test_rows_are_their_own_entities_without_groups() -> None:
    np.testing.assert_array_equal(entities_of(None, 11), np.arange(11))


@pytest.mark.parametrize(
    ("groups", "n_rows", "said"),
    [
        (np.arange(12), 13, r"each of the 13 rows, got shape \(12,\)"),
        (np.arange(12.0), 12, "of type float64"),
        (np.arange(12) % 9, 12, "at least 10 rows .* got 9"),
        (None, 9, "at least 10 rows .* got 9"),
    ],
)
def test_bad_groups_are_refused(groups: np.ndarray | None, n_rows: int, said: str) -> None:
    with pytest.raises(InputError, match=said):
        entities_of(groups, n_rows)
