"""Codes of values: a row goes the same way at every split by its codes as by its values."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.uncertainty.protocol import FloatArray
from tasks.uncertainty.training_data import MOST_CATEGORIES
from tasks.uncertainty.trees import Tree, Trees
from tasks.uncertainty.value_codes import MISSING, MOST_THRESHOLDS, ValueCodes, value_codes


def splits(
    thresholds: Mapping[int, Sequence[float] | FloatArray],
    categorical: Sequence[int] = (),
    n_features: int = 3,
) -> Trees:
    """One tree, as a chain, with a node for each threshold of a feature or set of categories."""
    feature = [k for k, of in thresholds.items() for _ in of]
    n, n_sets = len(feature), len(categorical)
    node = np.arange(2 * (n + n_sets) + 1)
    is_split = node < n + n_sets
    padding = np.zeros(n + 2 * n_sets + 1)
    tree = Tree(
        feature=np.concatenate([feature, categorical, np.full(n + n_sets + 1, -1)]).astype(int),
        threshold=np.concatenate([*thresholds.values(), padding]),
        missing_left=np.zeros(len(node), dtype=bool),
        left=np.where(is_split, n + n_sets + 1 + node, -1),
        right=np.where(is_split, node + 1, -1),
        value=node.astype(float),
        categories=np.where(is_split & (node >= n), node - n, -1),
        left_categories=np.zeros((n_sets, MOST_CATEGORIES), dtype=bool),
    )
    return Trees(((tree,),), np.zeros(1), n_features)


def codes_of(trees: Trees) -> ValueCodes:
    codes = value_codes(trees)
    assert codes is not None
    return codes


def column_codes(trees: Trees, values: Sequence[float] | FloatArray) -> list[int]:
    """Codes of values of the first feature."""
    x = np.zeros((len(values), trees.n_features))
    x[:, 0] = values
    found: list[int] = codes_of(trees).codes(x)[0].tolist()
    return found


NUMBERS = st.one_of(st.floats(allow_nan=False), st.sampled_from([-np.inf, -0.0, 0.0, 1.0, np.inf]))


@given(st.lists(NUMBERS, min_size=1, max_size=20), st.lists(NUMBERS, max_size=20))
def test_a_code_is_at_most_that_of_a_threshold_where_the_value_is(
    thresholds: list[float], values: list[float]
) -> None:
    """A threshold is itself a value: it goes to the left, and what comes just after it does not."""
    with np.errstate(over="ignore"):
        beside = [np.nextafter(t, to) for t in thresholds for to in (-np.inf, np.inf)]
    every = np.array([*thresholds, *beside, *values])
    codes = np.array(column_codes(splits({0: thresholds}), every))
    assert (codes > MISSING).all()
    for threshold, code in zip(thresholds, codes, strict=False):
        np.testing.assert_array_equal(codes <= code, every <= threshold)


def test_known_codes() -> None:
    trees = splits({0: [2.0, -1.0, 2.0], 2: [np.inf]})
    values = [-np.inf, -1.5, -1.0, -0.5, 2.0, np.nextafter(2.0, 3.0), np.inf, np.nan]
    assert column_codes(trees, values) == [1, 1, 1, 2, 2, 3, 3, MISSING]
    x = np.column_stack([values, values, values])
    codes = codes_of(trees).codes(x)
    assert codes.shape == (3, 8)
    assert codes.dtype == np.uint16
    assert codes[1].tolist() == [1] * 7 + [MISSING]  # no tree splits on it
    assert codes[2].tolist() == [1] * 7 + [MISSING]  # a split of the missing from all others


def test_zeros_of_both_signs_are_one_value() -> None:
    assert column_codes(splits({0: [-0.0]}), [0.0, -0.0, 5e-324]) == [1, 1, 2]
    assert column_codes(splits({0: [0.0, -0.0]}), [0.0, -0.0, 5e-324]) == [1, 1, 2]


def test_what_is_no_category_is_missing() -> None:
    trees = splits({1: [0.5]}, categorical=(0,))
    assert codes_of(trees).is_categorical.tolist() == [True, False, False]
    known = np.arange(float(MOST_CATEGORIES))
    assert column_codes(trees, known) == list(range(1, MOST_CATEGORIES + 1))
    unknown = [-1.0, 0.5, 254.5, 255.0, 256.0, 65535.0, 1e300, -1e300, np.inf, -np.inf, np.nan]
    assert column_codes(trees, unknown) == [MISSING] * len(unknown)
    assert column_codes(trees, [-0.0]) == [1]


def test_the_last_code_is_the_largest_number_that_there_is() -> None:
    thresholds = np.arange(float(MOST_THRESHOLDS))
    trees = splits({0: np.concatenate([thresholds, thresholds[:9]])})
    assert column_codes(trees, [-5.0, 0.0, 1.0, MOST_THRESHOLDS - 1, 1e9]) == [
        1, 1, 2, MOST_THRESHOLDS, np.iinfo(np.uint16).max,
    ]  # fmt: skip


@pytest.mark.parametrize("feature", [0, 2])
def test_there_are_no_codes_for_more_thresholds_than_numbers(feature: int) -> None:
    thresholds = np.arange(float(MOST_THRESHOLDS + 1))
    assert value_codes(splits({1: [0.5], feature: thresholds})) is None
    other = {feature: thresholds[: MOST_THRESHOLDS // 2 + 1], 1: thresholds[MOST_THRESHOLDS // 2 :]}
    assert value_codes(splits(other)) is not None


def test_thresholds_are_those_of_all_trees() -> None:
    first, second = splits({0: [1.0]}), splits({0: [3.0], 1: [2.0]})
    trees = Trees((*first.outputs, *second.outputs), np.zeros(2), 3)
    assert [of.tolist() for of in codes_of(trees).thresholds] == [[1.0, 3.0], [2.0], []]
    assert column_codes(trees, [0.0, 2.0, 4.0]) == [1, 2, 3]


def test_rows_are_not_mutated() -> None:
    x = np.array([[0.5, np.nan, 7.0], [-1.0, np.inf, np.nan]])
    before = x.copy()
    codes_of(splits({0: [0.0], 1: [1.0]}, categorical=(2,))).codes(x)
    np.testing.assert_array_equal(x, before)
