"""Hybrid rows of trees of any depth: equal to the library's predictions of edited copies."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from tasks.uncertainty.bagging import MemberSettings, fit_bagged
from tasks.uncertainty.boosting import BoostingSettings
from tasks.uncertainty.boosting_trees import boosting_trees
from tasks.uncertainty.forest import ForestSettings
from tasks.uncertainty.hybrids import TreeHybrids, edited_copies, tree_hybrids
from tasks.uncertainty.masked_trees import MaskedTrees
from tasks.uncertainty.path_trees import PathTrees, path_trees
from tasks.uncertainty.tree_ensemble import TreeEnsemble

Array = npt.NDArray[np.float64]
N, P = 300, 6
CATEGORY = 5
JOINS = np.array([2, 0, 4, 1, 0, 3])
STEPS = 5
DEEP = BoostingSettings(iterations=8, max_leaf_nodes=90, min_samples_leaf=2)
KINDS: dict[str, MemberSettings] = {
    "deep boosting": DEEP,
    "random forest": ForestSettings(trees=6, min_samples_leaf=1),
    "extra trees": ForestSettings(trees=6, min_samples_leaf=1, is_extra=True),
}


def rows() -> tuple[Array, Array]:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(N, P))
    x[:, CATEGORY] = rng.integers(0, 9, N)
    y = x[:, 0] * x[:, 2] + x[:, 1] + x[:, CATEGORY] % 3 + 0.2 * rng.normal(size=N)
    x[::7, 1] = np.nan
    x[::11, CATEGORY] = np.nan
    return x, y


def fitted(settings: MemberSettings, n_classes: int | None = None) -> tuple[TreeEnsemble, Array]:
    x, y = rows()
    target = y if n_classes is None else np.searchsorted(np.quantile(y, [0.4, 0.7]), y) % n_classes
    ensemble = fit_bagged(
        x,
        target,
        seed=1,
        n_classes=n_classes,
        categorical=(CATEGORY,),
        members=3,
        settings=settings,
    )
    return ensemble, x


def donors() -> npt.NDArray[np.intp]:
    return np.random.default_rng(5).permutation(N)


@pytest.mark.parametrize("n_classes", [None, 2, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_hybrids_are_the_librarys_predictions_of_edited_copies(
    kind: str, n_classes: int | None
) -> None:
    ensemble, x = fitted(KINDS[kind], n_classes)
    before = x.copy()
    hybrids = ensemble.hybrids(x)
    assert isinstance(hybrids, TreeHybrids)
    assert isinstance(hybrids.trees, PathTrees) or n_classes is not None
    rows = slice(20, 20 + 257)
    found = hybrids.predict_steps(rows, donors()[rows], JOINS, STEPS)
    expected = edited_copies(ensemble.predict_members, x).predict_steps(
        rows, donors()[rows], JOINS, STEPS
    )
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    assert np.ptp(found, axis=0).max() > 0.01
    np.testing.assert_array_equal(x, before)


def test_paths_and_masks_are_the_same_bit_for_bit() -> None:
    ensemble, x = fitted(BoostingSettings(iterations=10, max_leaf_nodes=40, min_samples_leaf=2))
    trees = boosting_trees(ensemble.models)
    masks = ensemble.hybrids(x)
    assert isinstance(masks, TreeHybrids)
    assert isinstance(masks.trees, MaskedTrees)
    paths = TreeHybrids(path_trees(trees), x.T, ensemble.n_members, lambda sums: sums)
    arguments = slice(0, N), donors(), JOINS, STEPS
    np.testing.assert_array_equal(paths.predict_steps(*arguments), masks.predict_steps(*arguments))


def test_what_has_joined_counts_and_not_in_which_order() -> None:
    ensemble, x = fitted(DEEP)
    hybrids = ensemble.hybrids(x)
    last = [
        hybrids.predict_steps(slice(0, N), donors(), joins, n_steps)[-1]
        for joins, n_steps in (
            (np.array([0, 1, 3, 2, 3, 3]), 3),
            (np.array([2, 0, 3, 1, 3, 3]), 3),
            (np.array([0, 0, 1, 0, 1, 1]), 1),
        )
    ]
    np.testing.assert_array_equal(last[0], last[1])
    np.testing.assert_array_equal(last[0], last[2])


def test_rows_may_be_cut_into_pieces() -> None:
    ensemble, x = fitted(DEEP)
    hybrids = ensemble.hybrids(x)
    whole = hybrids.predict_steps(slice(0, N), donors(), JOINS, STEPS)
    pieces = [
        hybrids.predict_steps(slice(first, last), donors()[first:last], JOINS, STEPS)
        for first, last in ((0, 1), (1, 130), (130, N))
    ]
    np.testing.assert_array_equal(np.concatenate(pieces, axis=-1), whole)


def test_forests_meet_their_thresholds_in_single_precision() -> None:
    """A value between a threshold and its single precision goes the other way in double."""
    ensemble, x = fitted(KINDS["random forest"])
    trees = ensemble.models[0].estimators_[0].tree_
    x[:, trees.feature[0]] = np.nextafter(trees.threshold[0], np.inf)
    right = ensemble.predict_members(x)
    nobody = np.ones(P, dtype=np.int64)
    everyone = slice(0, N), np.arange(N), nobody, 1
    np.testing.assert_allclose(
        ensemble.hybrids(x).predict_steps(*everyone)[0, :, 0], right, atol=1e-12
    )


def test_settings_that_make_no_forest_are_refused() -> None:
    for wrong in ({"trees": 0}, {"min_samples_leaf": 0}):
        with pytest.raises(ValueError, match="Forests need trees >= 1"):
            replace(ForestSettings(), **wrong)


def test_link_and_trees_make_hybrids_of_one_leaf() -> None:
    """Members of one leaf each: constants."""
    x, y = rows()
    settings = BoostingSettings(iterations=2, min_samples_leaf=N)
    ensemble = fit_bagged(x, y, seed=1, members=2, settings=settings)
    hybrids = tree_hybrids(boosting_trees(ensemble.models), x, 2, lambda sums: sums)
    found = hybrids.predict_steps(slice(0, 3), np.array([3, 4, 5]), JOINS, STEPS)
    assert found.shape == (STEPS, 2, 1, 3)
    assert (np.ptp(found, axis=(0, 3)) == 0).all()
    np.testing.assert_allclose(found[0, :, 0, 0], ensemble.predict_members(x)[:, 0], atol=1e-12)
