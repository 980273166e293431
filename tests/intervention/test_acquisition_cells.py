"""Refits to fewer rows of a range: which rows stay, what the cells then hold, what is refused."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.attribution.cells import cell_means
from tasks.attribution.members import split_members
from tasks.errors import InputError
from tasks.intervention.acquisition_cells import AcquisitionCells, acquisition_cells
from tasks.intervention.nested_subsets import nested_subsets, orders_of, rows_to_keep
from tasks.intervention.refitting import SCORES, Recipe, Refitted, refit
from tasks.seeds import generator
from tasks.uncertainty.boosting import BoostingSettings
from tasks.uncertainty.model_data import TrainingRows

Floats = npt.NDArray[np.float64]

N_TRAINING, N_RANGE, N_ROWS = 240, 80, 40
BLOCKS = np.arange(N_ROWS) % 4
RECIPE = Recipe(
    "boosting",
    seed=1,
    members=split_members(8, 4),
    workers=1,
    settings=BoostingSettings(iterations=10, max_leaf_nodes=4, min_samples_leaf=5),
)


def rows_of(rng: np.random.Generator, n: int) -> TrainingRows:
    """Two classes, of which the first feature tells, and a feature of pure noise."""
    x = rng.uniform(0, 1, (n, 2))
    y = (np.sin(6 * x[:, 0]) + 0.5 * rng.normal(size=n) > 0).astype(np.int64)
    return TrainingRows(x, y, np.arange(n), 2, ())


TRAINING = rows_of(np.random.default_rng(1), N_TRAINING)
EVALUATION = rows_of(np.random.default_rng(2), N_ROWS)
IN_RANGE = np.argsort(np.argsort(TRAINING.x[:, 0])) < N_RANGE


def u_cells(refitted: Refitted, rows: TrainingRows = EVALUATION) -> Floats:
    u = refitted.scores(rows.x, rows.y)[SCORES.index("u")]
    return cell_means(u.T, BLOCKS)


@pytest.fixture(scope="module")
def u_now() -> Floats:
    return u_cells(refit(RECIPE, [TRAINING]))


def cells_of(u_now: Floats, **changes: Any) -> AcquisitionCells:
    given: dict[str, Any] = {
        "training": TRAINING,
        "in_range": IN_RANGE,
        "before": u_now,
        "x": EVALUATION.x,
        "y": EVALUATION.y,
        "blocks": BLOCKS,
        "recipe": RECIPE,
        "seed": 3,
    }
    return acquisition_cells(**given | changes)


@given(st.integers(0, 2**32 - 1), st.integers(64, 200), st.integers(0, 50), st.integers(2, 5))
def test_subsets_are_nested_and_all_rows_outside_the_range_stay(
    seed: int, n_range: int, n_outside: int, orders: int
) -> None:
    rng = np.random.default_rng(seed)
    in_range = rng.permutation(np.arange(n_range + n_outside) < n_range)
    kept = rows_to_keep(n_range)
    subsets = nested_subsets(in_range, kept, orders, rng)
    assert subsets.shape == (3, orders, n_range + n_outside)
    assert subsets[:, :, ~in_range].all()
    assert (subsets[:, :, in_range].sum(axis=2) == kept[:, None]).all()
    assert (subsets[:-1] <= subsets[1:]).all()


def test_each_row_of_the_range_is_kept_as_often_as_any_other() -> None:
    in_range = np.ones(64, dtype=bool)
    subsets = nested_subsets(in_range, np.array([8, 16]), 4000, np.random.default_rng(1))
    for subset, share in zip(subsets, (1 / 8, 1 / 4), strict=True):
        error = np.sqrt(share * (1 - share) / 4000)
        assert np.abs(subset.mean(axis=0) - share).max() < 4.5 * error
    together = subsets[0][:, 0] & subsets[0][:, 1]  # orders are not one order turned round
    assert 0 < together.mean() < 0.05


def test_orders_leave_sub_ensembles_to_compare_within_each() -> None:
    assert [orders_of(groups) for groups in (2, 3, 4, 6, 7, 8, 12)] == [2, 3, 2, 3, 7, 4, 6]


@pytest.mark.parametrize("output", ["classes", "numbers"])
def test_cells_are_those_of_members_fitted_to_nested_subsets(output: str) -> None:
    """Two orders: the first two sub-ensembles see the one, the last two the other."""
    given, rows = TRAINING, EVALUATION
    if output == "numbers":
        given, rows = (replace(of, y=of.x.sum(axis=1), n_classes=None) for of in (given, rows))
    now = u_cells(refit(RECIPE, [given]), rows)
    found = cells_of(now, training=given, y=rows.y)
    assert (found.n_now, found.kept.tolist(), found.orders) == (80, [10, 20, 40], 2)
    rng = generator(3, "orders of a range's rows")
    subsets = nested_subsets(IN_RANGE, found.kept, 2, rng)
    for f, of_orders in enumerate(subsets):
        one, other = (u_cells(refit(RECIPE, [given.take(kept)]), rows) for kept in of_orders)
        np.testing.assert_array_equal(found.u_kept[f], np.vstack([one[:2], other[2:]]))
        assert (one != other).any(axis=1).all()
    np.testing.assert_array_equal(found.u_now, now)


def test_where_cells_are_alike_effects_are_the_changes_of_u() -> None:
    """U has the floor 2, A = 300 and lambda = 20."""
    kept = np.array([10, 20, 40])
    u_kept, u_now = 2 + 300 / (kept + 20), 2 + 300 / (80 + 20)
    alike = np.ones((4, 4))
    found = AcquisitionCells(80, kept, 2, u_now * alike, u_kept[:, None, None] * alike)
    assert found.effects.shape == (3, 4, 4)
    expected = np.array([140.0, 90.0, 40.0])[:, None, None] * alike
    np.testing.assert_allclose(found.effects, expected, rtol=1e-12)


def test_a_cell_counts_with_its_influence_on_the_ratio_of_means() -> None:
    rng = np.random.default_rng(4)
    now, kept = rng.uniform(1, 3, (4, 4)), rng.uniform(2, 6, (3, 4, 4))
    cells = AcquisitionCells(80, np.array([10, 20, 40]), 2, now, kept)
    ratio = kept.mean(axis=(1, 2)) / now.mean()
    np.testing.assert_allclose(cells.effects.mean(axis=(1, 2)), 100 * (ratio - 1), rtol=1e-12)
    for j, v in ((0, 0), (2, 3)):
        weight = np.ones((4, 4))
        weight[j, v] += 1e-6
        moved = (kept * weight).sum(axis=(1, 2)) / (now * weight).sum()
        influence = 100 * (moved - ratio) / 1e-6 * 16
        found = cells.effects[:, j, v] - cells.effects.mean(axis=(1, 2))
        np.testing.assert_allclose(found, influence, rtol=1e-4)


def test_members_disagree_more_where_rows_are_taken_away(u_now: Floats) -> None:
    in_range_rows = EVALUATION.x[:, 0] < np.quantile(TRAINING.x[:, 0], N_RANGE / N_TRAINING)
    assert in_range_rows.sum() > 5
    found = cells_of(u_now)
    mean = found.effects.mean(axis=(1, 2))
    assert mean[0] > 20
    assert mean[0] > mean[2]


def test_a_range_that_says_nothing_has_effects_near_0() -> None:
    """A sixteenth of the rows, chosen by pure noise, with the members' chance in common.

    Control: with other chance the same fits differ by more.
    """
    training = rows_of(np.random.default_rng(5), 16 * N_RANGE)
    in_range = np.argsort(np.argsort(training.x[:, 1])) < N_RANGE
    rows = rows_of(np.random.default_rng(2), 20 * N_ROWS)
    blocks = np.arange(len(rows.y)) % 4
    recipe = replace(RECIPE, members=split_members(32, 4))
    u = refit(recipe, [training]).scores(rows.x, rows.y)[SCORES.index("u")]
    same, other = (
        acquisition_cells(
            training, in_range, cell_means(u.T, blocks), rows.x, rows.y, blocks, used, seed=3
        ).effects
        for used in (recipe, replace(recipe, seed=2))
    )
    assert np.abs(same.mean(axis=(1, 2))).max() < 6
    assert np.abs(other.mean(axis=(1, 2))).min() > 10
    assert (same.std(axis=(1, 2)) < 0.5 * other.std(axis=(1, 2))).all()


def test_the_seed_of_the_orders_decides_which_rows_stay(u_now: Floats) -> None:
    one, again, other = (cells_of(u_now, seed=seed).effects for seed in (3, 3, 4))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()


def test_inputs_are_not_mutated(u_now: Floats) -> None:
    arrays = (TRAINING.x, TRAINING.y, IN_RANGE, u_now, EVALUATION.x, BLOCKS)
    before = [array.copy() for array in arrays]
    cells_of(u_now)
    for array, kept in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, kept)


def test_a_range_with_too_few_rows_is_refused(u_now: Floats) -> None:
    few = IN_RANGE & (np.cumsum(IN_RANGE) <= 63)
    with pytest.raises(InputError, match=r"at least 8 training rows .* got \[7, 15, 31\] of 63"):
        cells_of(u_now, in_range=few)
    assert rows_to_keep(64).tolist() == [8, 16, 32]


@pytest.mark.parametrize("fractions", [(), (0.0, 0.5), (0.5, 0.25), (0.5, 1.0), (0.25, 0.25)])
def test_fractions_out_of_order_are_refused(fractions: tuple[float, ...]) -> None:
    with pytest.raises(InputError, match="must increase between 0 and 1"):
        rows_to_keep(100, fractions)


def test_two_fits_to_equally_many_rows_are_refused() -> None:
    with pytest.raises(InputError, match="more in each larger one"):
        rows_to_keep(100, (0.5, 0.501))


def test_a_lost_class_is_refused(u_now: Floats) -> None:
    classes = replace(TRAINING, y=np.where(IN_RANGE & (np.cumsum(IN_RANGE) <= 3), 1, 0))
    with pytest.raises(InputError, match=r"each class in at least 2 entities, got \d for class 1"):
        cells_of(u_now, training=classes)
    one_entity = replace(classes, y=np.where(IN_RANGE, 0, 1), entities=np.where(IN_RANGE, 0, 1))
    with pytest.raises(InputError, match="got 1 for class 0"):
        cells_of(u_now, training=one_entity)


def test_cells_of_another_shape_and_no_uncertainty_are_refused(u_now: Floats) -> None:
    with pytest.raises(InputError, match=r"4 sub-ensembles and 4 row blocks, got the shape \(4, 3"):
        cells_of(u_now[:, :3])
    with pytest.raises(InputError, match="must be above 0, got 0"):
        AcquisitionCells(80, np.array([10]), 2, np.zeros((2, 2)), np.ones((1, 2, 2)))
