"""Hybrid rows of trees, all steps of an order at once: as the library predicts edited copies."""

from functools import cache
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.errors import InputError
from tasks.uncertainty.bagging import fit_bagged
from tasks.uncertainty.boosting import BoostingSettings
from tasks.uncertainty.boosting_trees import boosting_trees
from tasks.uncertainty.hybrids import edited_copies, tree_hybrids
from tasks.uncertainty.protocol import FloatArray, Hybrids, IntArray
from tasks.uncertainty.training_data import MOST_CATEGORIES
from tasks.uncertainty.tree_ensemble import TreeEnsemble
from tasks.uncertainty.trees import Tree, Trees

ROUNDING = 1e-13  # of the largest prediction
SOME_BAGS, NO_BAG = 9, 200  # codes of the second column
CONSTANT, EMPTY = 2, 3
KINDS = [(None, leaves) for leaves in (8, 32, 33, 64, 100)] + [(2, 8), (2, 64), (3, 8), (3, 64)]
"""Classes and leaves of a tree: masks of 32 bits, of 64 bits, and too many leaves for either."""


def sample(seed: int, n: int) -> tuple[FloatArray, FloatArray, IntArray]:
    """Rows, target and entities: gaps, ties, categories, a constant and an empty column."""
    rng = np.random.default_rng(seed)
    entities = np.arange(n) // 20
    x = np.column_stack([rng.uniform(-1, 1, n), rng.integers(0, 6, n), np.full(n, 3.0)])
    empty, ties = np.full(n, np.nan), np.round(rng.normal(size=n), 1)
    x = np.column_stack([x, empty, ties, rng.integers(0, 40, n), rng.integers(0, 4, n)])
    x[entities == 3, 1] = SOME_BAGS
    gaps = rng.random((n, 7)) < [0.1, 0.05, 0, 0, 0.05, 0, 0]
    y = 2 * x[:, 0] + np.isin(x[:, 1], [0, 3, SOME_BAGS]) + x[:, 4] + x[:, 5] % 2 - 0.3 * x[:, 6]
    y += gaps[:, 0] + rng.normal(0, 0.3, n)
    x[gaps] = np.nan
    return x, y, entities


@cache
def fitted(n_classes: int | None, leaves: int) -> TreeEnsemble:
    x, y, entities = sample(1, 600)
    target = y if n_classes is None else np.digitize(y, [0, 1][: n_classes - 1])
    size = BoostingSettings(6, 0.3, leaves, min_samples_leaf=2)
    return fit_bagged(
        x, target, seed=1, n_classes=n_classes, categorical=(1, 5), groups=entities, members=3,
        settings=size,
    )  # fmt: skip


X, _, _ = sample(2, 1100)
X[::9, 1] = NO_BAG
X[::2, [CONSTANT, EMPTY]] = np.random.default_rng(3).normal(size=(550, 2))
RNG = np.random.default_rng(4)
ORDER = RNG.permutation(7)
CASES = [
    (slice(0, 1100), ORDER, 7),
    (slice(13, 313), np.array([6, 1, 1, 8, 4, 1, 6]), 8),  # several, never, steps without
    (slice(5, 6), ORDER[::-1].copy(), 7),
    (slice(1, 257), np.array([2, 1, 3, 3, 2, 3, 2]), 3),
    (slice(0, 20), np.full(7, 2), 2),  # nothing
    (slice(0, 257), np.full(7, 1), 2),  # everything at once
]
DONORS = RNG.permutation(1100)


@pytest.fixture(params=[(None, 32), (None, 64), (None, 100), (2, 8), (3, 64)], ids=str)
def ensemble(request: pytest.FixtureRequest) -> TreeEnsemble:
    return fitted(*request.param)


def assert_alike(
    found: Hybrids, edited: Hybrids, rows: slice, joins: IntArray, n_steps: int
) -> None:
    expected = edited.predict_steps(rows, DONORS[rows], joins, n_steps)
    steps = found.predict_steps(rows, DONORS[rows], joins, n_steps)
    tolerance = ROUNDING * np.abs(expected).max()
    np.testing.assert_allclose(steps, expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize(("n_classes", "leaves"), KINDS)
def test_hybrids_are_what_the_library_predicts_of_edited_copies(
    n_classes: int | None, leaves: int
) -> None:
    ensemble = fitted(n_classes, leaves)
    by_iteration = [model._predictors for model in ensemble.models]
    trees = [tree for model in by_iteration for outputs in model for tree in outputs]
    assert max(tree.get_n_leaf_nodes() for tree in trees) == leaves
    found, edited = ensemble.hybrids(X), edited_copies(ensemble.predict_members, X)
    for case in CASES:
        assert_alike(found, edited, *case)


def test_a_category_is_known_to_some_members_only() -> None:
    """Else the test above would say nothing of a code that a bag lacked."""
    ensemble = fitted(None, 8)
    odd, missing = X.copy(), X.copy()
    odd[:, 1], missing[:, 1] = SOME_BAGS, np.nan
    p, q = ensemble.predict_members(odd), ensemble.predict_members(missing)
    is_missing = [bool(np.array_equal(*members)) for members in zip(p, q, strict=True)]
    assert sorted(set(is_missing)) == [False, True]


def test_other_donors_or_another_order_give_other_numbers(
    ensemble: TreeEnsemble,
) -> None:
    hybrids, everyone = ensemble.hybrids(X), slice(0, 1100)
    right = hybrids.predict_steps(everyone, DONORS, ORDER, 7)
    for wrong in (
        hybrids.predict_steps(everyone, np.argsort(DONORS), ORDER, 7),
        hybrids.predict_steps(everyone, DONORS, 6 - ORDER, 7),
    ):
        assert np.abs(wrong - right)[3].max() > 0.1 * np.abs(right).max()


def test_a_coalition_does_not_depend_on_the_order_in_which_it_joined(
    ensemble: TreeEnsemble,
) -> None:
    hybrids, rows = ensemble.hybrids(X), slice(7, 700)
    one_by_one = hybrids.predict_steps(rows, DONORS[rows], ORDER, 7)
    for step, coalition in enumerate(one_by_one):
        at_once, turned = (np.where(step >= ORDER, first, 7) for first in (0, step - ORDER))
        for joins in (at_once, turned):
            again = hybrids.predict_steps(rows, DONORS[rows], joins, 7)
            assert again[step].tobytes() == coalition.tobytes()


def test_a_row_does_not_depend_on_the_rows_beside_it(ensemble: TreeEnsemble) -> None:
    hybrids = ensemble.hybrids(X)
    whole = hybrids.predict_steps(slice(0, 1100), DONORS, ORDER, 7)
    for first, last in ((0, 1), (1, 257), (257, 900), (900, 1100)):
        part = hybrids.predict_steps(slice(first, last), DONORS[first:last], ORDER, 7)
        assert part.tobytes() == whole[..., first:last].tobytes()


def test_a_feature_that_no_tree_uses_changes_nothing(ensemble: TreeEnsemble) -> None:
    rows, other = slice(0, 600), X.copy()
    other[:, [CONSTANT, EMPTY]] = np.random.default_rng(5).normal(size=(1100, 2))
    later, used = ORDER.copy(), ORDER.copy()
    later[[CONSTANT, EMPTY]], used[4] = 7, 7
    expected = ensemble.hybrids(X).predict_steps(rows, DONORS[rows], ORDER, 7)
    for x, joins in ((other, ORDER), (X, later), (other, later)):
        found = ensemble.hybrids(x).predict_steps(rows, DONORS[rows], joins, 7)
        assert found.tobytes() == expected.tobytes()
    found = ensemble.hybrids(X).predict_steps(rows, DONORS[rows], used, 7)
    assert not np.array_equal(found[6], expected[6])


def test_inputs_are_not_mutated(ensemble: TreeEnsemble) -> None:
    given_arrays = [X.copy(), DONORS.copy(), ORDER.copy()]
    x, donors, joins = given_arrays
    hybrids = ensemble.hybrids(x)
    first = hybrids.predict_steps(slice(0, 1100), donors, joins, 7)
    kept = first.tobytes()
    first[:] = np.nan
    assert hybrids.predict_steps(slice(0, 1100), donors, joins, 7).tobytes() == kept
    for array, expected in zip(given_arrays, (X, DONORS, ORDER), strict=True):
        np.testing.assert_array_equal(array, expected)


@pytest.mark.parametrize("leaves", [32, 64, 100])
def test_infinities_are_refused_but_go_the_way_that_the_library_sends_them(leaves: int) -> None:
    ensemble, x = fitted(None, leaves), X.copy()
    x[::5, 0], x[1::5, 4], x[2::5, 6] = np.inf, -np.inf, np.inf
    with pytest.raises(InputError, match="must be finite or NaN"):
        ensemble.hybrids(x)
    found = tree_hybrids(boosting_trees(ensemble.models), x, 3, lambda sums: sums)
    edited = edited_copies(lambda rows: np.stack([m.predict(rows) for m in ensemble.models]), x)
    assert_alike(found, edited, slice(0, 1100), ORDER, 7)


def reached(tree: Tree, row: FloatArray) -> float:
    """Value of the leaf that a row reaches, node by node."""
    node = 0
    while (feature := tree.feature[node]) >= 0:
        value, categories = row[feature], tree.categories[node]
        if np.isnan(value) or (categories >= 0 and value not in range(MOST_CATEGORIES)):
            goes_left = tree.missing_left[node]
        elif categories >= 0:
            goes_left = tree.left_categories[categories, int(value)]
        else:
            goes_left = value <= tree.threshold[node]
        node = tree.left[node] if goes_left else tree.right[node]
    return float(tree.value[node])


def assert_walks_agree(
    trees: Trees, x: FloatArray, donors: IntArray, joins: IntArray, n_steps: int
) -> None:
    """Leaves and intercepts are quarters, whose sums are exact: there is nothing to tolerate."""
    hybrids: Hybrids = tree_hybrids(trees, x, len(trees.outputs), lambda sums: sums)
    found = hybrids.predict_steps(slice(0, len(x)), donors, joins, n_steps)
    for step in range(n_steps):
        rows = np.where(joins <= step, x[donors], x)
        expected = [
            [intercept + sum(reached(tree, row) for tree in output) for row in rows]
            for output, intercept in zip(trees.outputs, trees.intercepts, strict=True)
        ]
        np.testing.assert_array_equal(found[step, :, 0], expected)


def comb(n_leaves: int, to_the_left: bool) -> Tree:
    """A tree as deep as it can be: every node has a leaf on one side."""
    node = np.arange(2 * n_leaves - 1)
    is_split = (node % 2 == 0) & (node < node[-1])
    leaf, next_split = np.where(is_split, [node + 1, node + 2], -1)
    return Tree(
        feature=np.where(is_split, node // 2 % 3, -1),
        threshold=node / (-2 if to_the_left else 2),
        missing_left=node % 4 == 0,
        left=next_split if to_the_left else leaf,
        right=leaf if to_the_left else next_split,
        value=node / 4,
        categories=np.full(len(node), -1),
        left_categories=np.empty((0, MOST_CATEGORIES), dtype=bool),
    )


@pytest.mark.parametrize("n_leaves", [1, 2, 31, 32, 33, 63, 64, 65])
@pytest.mark.parametrize("to_the_left", [True, False])
def test_every_leaf_of_the_deepest_trees_is_reached(n_leaves: int, to_the_left: bool) -> None:
    tree = comb(n_leaves, to_the_left)
    x = np.repeat(np.arange(-1, 66.0) * (-1 if to_the_left else 1), 6).reshape(134, 3)
    x[1::14, 0] = np.nan
    donors = np.random.default_rng(1).permutation(134)
    assert {reached(tree, row) for row in x} == set(tree.value[tree.feature < 0])
    trees = Trees(((tree, comb(2, False)),), np.array([0.25]), 3)
    assert_walks_agree(trees, x, donors, np.array([1, 0, 2]), 3)


VALUES = [-np.inf, -1.0, 0.0, 0.5, 2.0, np.inf, np.nan]
CODES = [0.0, 1.0, 2.0, 254.0, 255.0, -1.0, 0.5, np.inf, np.nan]


@st.composite
def small_trees(draw: st.DrawFn) -> Tree:
    """Up to 8 splits on three numeric features and, the last, a categorical one."""
    n = draw(st.integers(0, 8))
    feature, left = np.full(2 * n + 1, -1), np.full(2 * n + 1, -1)
    for k in range(n):
        leaf = draw(st.sampled_from(np.flatnonzero(feature[: 2 * k + 1] < 0).tolist()))
        feature[leaf], left[leaf] = draw(st.integers(0, 3)), 2 * k + 1
    codes = st.lists(st.sampled_from([0, 1, 2, 254]))
    sets = [np.isin(np.arange(255), draw(codes)) for _ in np.flatnonzero(feature == 3)]

    def each(of: st.SearchStrategy[float]) -> FloatArray:
        return np.array(draw(st.lists(of, min_size=2 * n + 1, max_size=2 * n + 1)))

    return Tree(
        feature=feature,
        threshold=each(st.sampled_from(VALUES[:-1])),
        missing_left=each(st.booleans()).astype(bool),
        left=left,
        right=np.where(left < 0, -1, left + 1),
        value=each(st.integers(-9, 9)) / 4,
        categories=np.where(feature == 3, np.cumsum(feature == 3) - 1, -1),
        left_categories=np.array(sets, dtype=bool).reshape(len(sets), MOST_CATEGORIES),
    )


@settings(max_examples=200, deadline=None)
@given(
    outputs=st.lists(st.lists(small_trees(), min_size=1, max_size=3), min_size=1, max_size=3),
    rows=st.lists(
        st.tuples(*[st.sampled_from(VALUES)] * 3, st.sampled_from(CODES)), min_size=2, max_size=6
    ),
    joins=st.lists(st.integers(0, 3), min_size=4, max_size=4),
    random=st.randoms(use_true_random=False),
)
def test_random_trees_are_walked_node_by_node(
    outputs: list[list[Tree]], rows: list[tuple[float, ...]], joins: list[int], random: Random
) -> None:
    donors = np.array([random.randrange(len(rows)) for _ in rows])
    trees = Trees(tuple(map(tuple, outputs)), np.arange(len(outputs)) / 4, 4)
    assert_walks_agree(trees, np.array(rows), donors, np.array(joins), 3)
