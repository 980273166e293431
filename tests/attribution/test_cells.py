"""Sub-ensembles, donors, row blocks and cell means."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tasks.attribution.baseline import baseline
from tasks.attribution.cells import block_weights, cell_means, range_cell_means, row_blocks
from tasks.attribution.donors import donor_permutation
from tasks.attribution.epistemic import epistemic_variance, split_uncertainty
from tasks.attribution.members import checked_predictions, single_members, split_members
from tasks.attribution.total_effects import total_effect
from tasks.errors import InputError

ENTITIES = st.lists(st.integers(0, 30), min_size=60, max_size=150).map(np.array)


@given(st.integers(2, 60), st.integers(1, 30))
def test_members_are_split_evenly_into_at_least_two_each(n_members: int, n_groups: int) -> None:
    if n_members < 2 * n_groups:
        with pytest.raises(InputError, match=rf"at least 2 members.*got {n_members}"):
            split_members(n_members, n_groups)
        return
    members = split_members(n_members, n_groups)
    sizes = np.diff(members.bounds)
    assert (len(members), sizes.sum()) == (n_groups, n_members)
    assert sizes.max() - sizes.min() <= 1
    assert sizes.min() >= 2


def test_one_member_has_no_epistemic_variance() -> None:
    with pytest.raises(InputError, match="at least 2 members"):
        split_members(1)
    with pytest.raises(InputError, match="use split_members"):
        epistemic_variance(np.zeros((1, 5)), single_members(1))


def test_no_sub_ensemble_is_refused() -> None:
    with pytest.raises(InputError, match="must be >= 1, got 0"):
        split_members(4, 0)


@pytest.mark.parametrize("n_groups", [1, 3])
@pytest.mark.parametrize("shape", [(8, 20), (8, 20, 3)])
def test_epistemic_variance_is_the_variance_of_each_sub_ensemble(
    shape: tuple[int, ...], n_groups: int
) -> None:
    predictions = np.random.default_rng(1).normal(size=shape)
    before = predictions.copy()
    parts = np.array_split(predictions.reshape(8, 20, -1), n_groups)
    expected = np.stack([part.var(axis=0, ddof=1).sum(axis=1) for part in parts], axis=1)
    members = split_members(8, n_groups)
    np.testing.assert_allclose(epistemic_variance(predictions, members), expected)
    split = split_uncertainty(predictions, members)
    np.testing.assert_allclose(split.total, expected.mean(axis=0))
    np.testing.assert_allclose(split.total, split.intercept + split.variation)
    np.testing.assert_array_equal(predictions, before)


def test_variance_stands_beside_a_large_mean() -> None:
    predictions = 1e6 + 1e-3 * np.random.default_rng(1).normal(size=(10, 50))
    exact = predictions.var(axis=0, ddof=1)
    np.testing.assert_allclose(epistemic_variance(predictions, split_members(10))[:, 0], exact)


@pytest.mark.parametrize("shape", [(4,), (3, 5), (4, 6), (4, 5, 2, 2)])
def test_predictions_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match=r"must have shape \(4, 5\)"):
        checked_predictions(np.zeros(shape), 5, split_members(4))


@given(ENTITIES, st.integers(0, 99))
@settings(deadline=None)
def test_donors_are_of_another_entity_in_the_same_block(
    entities: NDArray[np.int64], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    blocks = entities % 2
    most = max(
        np.bincount(entities[blocks == b]).max() / (blocks == b).sum() for b in np.unique(blocks)
    )
    if most > 0.5:
        with pytest.raises(InputError, match="more than half"):
            donor_permutation(entities, blocks, rng)
        return
    donors = donor_permutation(entities, blocks, rng)
    np.testing.assert_array_equal(np.sort(donors), np.arange(len(entities)))
    assert (entities[donors] != entities).all()
    assert (blocks[donors] == blocks).all()


def test_every_other_row_is_as_likely_a_donor() -> None:
    rng = np.random.default_rng(1)
    counts = np.zeros((6, 6))
    for _ in range(5000):
        counts[np.arange(6), donor_permutation(np.arange(6), np.zeros(6, dtype=int), rng)] += 1
    assert (np.diag(counts) == 0).all()
    off_diagonal = counts[~np.eye(6, dtype=bool)]
    assert np.abs(off_diagonal - 1000).max() < 4 * np.sqrt(1000 * 0.8)


def test_shapes_of_entities_and_blocks_must_agree() -> None:
    with pytest.raises(InputError, match=r"got shapes \(4,\) and \(3,\)"):
        donor_permutation(np.arange(4), np.zeros(3, dtype=int), np.random.default_rng(1))


@given(ENTITIES, st.integers(2, 8), st.integers(0, 99))
def test_blocks_do_not_split_an_entity(
    entities: NDArray[np.int64], n_blocks: int, seed: int
) -> None:
    if len(np.unique(entities)) < n_blocks:
        return
    blocks = row_blocks(entities, n_blocks, np.random.default_rng(seed))
    sizes = np.bincount(blocks, minlength=n_blocks)
    assert (sizes > 0).all()
    for entity in np.unique(entities):
        assert len(np.unique(blocks[entities == entity])) == 1
    assert sizes.max() - sizes.min() <= np.bincount(entities).max()
    assert block_weights(blocks).sum() == pytest.approx(1)


def test_blocks_are_balanced_where_one_entity_is_large() -> None:
    entities = np.array([0] * 6 + [1, 2, 3, 4, 5, 6])
    assignments = set()
    for seed in range(20):
        blocks = row_blocks(entities, 2, np.random.default_rng(seed))
        assert np.bincount(blocks).tolist() == [6, 6]
        assignments.add(tuple(blocks[6:] == blocks[0]))
    assert assignments == {(False,) * 6}


def test_blocks_of_equal_entities_are_drawn_at_random() -> None:
    drawn = {tuple(row_blocks(np.arange(8), 2, np.random.default_rng(s))) for s in range(20)}
    assert len(drawn) > 10


@pytest.mark.parametrize(("n_entities", "n_blocks"), [(3, 4), (3, 1)])
def test_blocks_without_an_entity_are_refused(n_entities: int, n_blocks: int) -> None:
    with pytest.raises(InputError, match=f"got {n_blocks} blocks for {n_entities} entities"):
        row_blocks(np.arange(12) % n_entities, n_blocks, np.random.default_rng(1))


def test_cells_are_means_over_blocks_and_average_to_the_rows_mean() -> None:
    rng = np.random.default_rng(1)
    quantity = rng.normal(size=(5, 40, 3))
    blocks = row_blocks(np.arange(40) // 3, 4, rng)
    cells = cell_means(quantity, blocks)
    assert cells.shape == (5, 3, 4)
    for j in range(3):
        for v in range(4):
            np.testing.assert_allclose(cells[:, j, v], quantity[:, blocks == v, j].mean(axis=1))
    np.testing.assert_allclose(cells @ block_weights(blocks), quantity.mean(axis=1))


def test_range_cells_add_up_to_the_column_s() -> None:
    rng = np.random.default_rng(2)
    gains, codes = rng.normal(size=(40, 3)), rng.integers(0, 3, 40)
    blocks = np.arange(40) % 4
    cells = range_cell_means(gains, codes, 4, blocks)
    assert cells.shape == (4, 3, 4)
    assert (cells[3] == 0).all()
    np.testing.assert_allclose(cells.sum(axis=0), cell_means(gains, blocks))
    chosen = (codes == 1) & (blocks == 2)
    np.testing.assert_allclose(cells[1, :, 2], gains[chosen].sum(axis=0) / 10)


def test_an_empty_block_is_refused() -> None:
    with pytest.raises(InputError, match="block 1 has none"):
        cell_means(np.zeros((3, 1)), np.array([0, 2, 2]))


def test_blocks_tell_the_error_of_a_total_effect_only_if_they_bound_the_donors() -> None:
    """The variance between blocks must be that of repeating the whole sample.

    For all features together the effect is a U-statistic: with donors from anywhere, what the
    other blocks give is common to all, and blocks see a quarter of the variance.
    """
    slopes = np.array([1.0, -1.0, 0.5, 2.0])
    n_rows, n_blocks = 240, 8
    means: dict[str, list[float]] = {"inside": [], "anywhere": []}
    claimed: dict[str, list[float]] = {"inside": [], "anywhere": []}
    for seed in range(250):
        rng = np.random.default_rng(seed)
        rows = rng.normal(size=(n_rows, 1))
        base = baseline(lambda x: slopes[:, None] * x[:, 0], rows, split_members(4))
        blocks = row_blocks(np.arange(n_rows), n_blocks, rng)
        for name, bound in (("inside", blocks), ("anywhere", np.zeros_like(blocks))):
            effect = np.mean(
                [
                    total_effect(base, [0], donor_permutation(np.arange(n_rows), bound, rng))
                    for _ in range(12)
                ],
                axis=0,
            )
            cells = cell_means(effect, blocks)[0]
            means[name].append(cells.mean())
            claimed[name].append(cells.var(ddof=1) / n_blocks)
    ratio = {name: np.mean(claimed[name]) / np.var(means[name], ddof=1) for name in means}
    assert 0.75 < ratio["inside"] < 1.3
    assert ratio["anywhere"] < 0.5
