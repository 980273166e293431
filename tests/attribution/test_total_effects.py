"""Total effects: their definition, chunks of rows, and one prediction for two donors."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tasks.attribution.baseline import baseline
from tasks.attribution.donors import donor_permutation
from tasks.attribution.members import SubEnsembles, single_members, split_members
from tasks.attribution.total_effects import (
    CHUNK,
    DonorGame,
    total_effect,
    uncertainty_change,
)
from tasks.attribution.walks import antithetic_gains

Array = NDArray[np.float64]
WEIGHTS = np.random.default_rng(1).normal(size=(9, 4, 2))


def predict(rows: Array) -> Array:
    return np.asarray(np.tanh(np.einsum("np,bpc->bnc", np.nan_to_num(rows, nan=0.3), WEIGHTS)))


def rows_and_donors(n_rows: int) -> tuple[Array, NDArray[np.intp]]:
    rng = np.random.default_rng(2)
    rows = rng.normal(size=(n_rows, 4))
    rows[::7, 2] = np.nan
    return rows, donor_permutation(np.arange(n_rows), np.zeros(n_rows, dtype=int), rng)


@pytest.mark.parametrize("n_rows", [50, CHUNK // 18 + 1, 3 * CHUNK // 18 + 5])
@pytest.mark.parametrize("n_groups", [1, 4])
def test_total_effect_is_half_the_variance_of_the_difference(n_rows: int, n_groups: int) -> None:
    rows, donors = rows_and_donors(n_rows)
    before = rows.copy()
    hybrid = rows.copy()
    hybrid[:, [1, 2]] = rows[donors][:, [1, 2]]
    parts = np.array_split(predict(rows) - predict(hybrid), n_groups)
    expected = np.stack([0.5 * d.var(axis=0, ddof=1).sum(axis=1) for d in parts], axis=1)
    base = baseline(predict, rows, split_members(9, n_groups))
    np.testing.assert_allclose(total_effect(base, [1, 2], donors), expected, atol=1e-12)
    np.testing.assert_array_equal(rows, before)


def test_a_member_by_itself_has_half_the_squared_difference() -> None:
    rows, donors = rows_and_donors(60)
    hybrid = rows.copy()
    hybrid[:, 0] = rows[donors, 0]
    expected = 0.5 * np.square(predict(rows) - predict(hybrid)).sum(axis=2).T
    base = baseline(predict, rows, single_members(9))
    np.testing.assert_allclose(total_effect(base, [0], donors), expected, atol=1e-12)


def test_one_prediction_gives_the_others_effect_under_the_inverse_donors() -> None:
    rows, donors = rows_and_donors(80)
    base = baseline(predict, rows, split_members(9, 3))
    game = DonorGame(base, [(0,), (1, 2), (3,)], donors)
    for coalition, own, others in ((0b011, [0, 1, 2], [3]), (0b100, [3], [0, 1, 2])):
        first, second = game.effects(coalition)
        inverse = np.argsort(donors)
        np.testing.assert_allclose(first.T, total_effect(base, own, donors), atol=1e-12)
        np.testing.assert_allclose(
            second[:, game.inverse].T, total_effect(base, others, inverse), atol=1e-12
        )
    of_rows, of_others = game.effects(0b111)
    np.testing.assert_allclose(of_rows.T, total_effect(base, range(4), donors), atol=1e-12)
    assert (of_others == 0).all()


def test_a_pair_of_walks_is_an_order_and_its_reverse_under_the_inverse_donors() -> None:
    """Row by row, as the definition walks them one after the other."""
    rows, donors = rows_and_donors(50)
    base = baseline(predict, rows, split_members(9, 3))
    features, order = [(1,), (0, 3), (2,)], [2, 0, 1]
    expected = np.zeros((3, 50, 3))
    for walk, given in ((order, donors), (order[::-1], np.argsort(donors))):
        joined: list[int] = []
        effect = np.zeros((50, 3))
        for player in walk:
            joined += features[player]
            before, effect = effect, total_effect(base, joined, given)
            expected[player] += (effect - before) / 2
    for player, gain in antithetic_gains(DonorGame(base, features, donors), order):
        np.testing.assert_allclose(gain.T, expected[player], atol=1e-12)


def test_effects_do_not_depend_on_the_coalitions_before() -> None:
    rows, donors = rows_and_donors(40)
    base = baseline(predict, rows, split_members(9))
    walked = DonorGame(base, [(0,), (3, 1), (2,)], donors)
    for coalition in (0b001, 0b111, 0b010, 0b101, 0b000, 0b110):
        fresh = DonorGame(base, [(0,), (3, 1), (2,)], donors)
        np.testing.assert_array_equal(walked.effects(coalition), fresh.effects(coalition))


@pytest.mark.parametrize("members", [single_members(9), split_members(9, 2)])
def test_an_ensemble_may_write_all_its_predictions_into_one_array(members: SubEnsembles) -> None:
    rows, donors = rows_and_donors(40)
    out = np.empty((9, 40, 2))

    def reusing(x: Array) -> Array:
        out[:] = predict(x)
        return out

    effects = (total_effect(baseline(f, rows, members), [1], donors) for f in (predict, reusing))
    np.testing.assert_array_equal(*effects)


def test_no_features_have_no_effect() -> None:
    rows, donors = rows_and_donors(40)
    base = baseline(predict, rows, split_members(9))
    assert (DonorGame(base, [(0, 1, 2, 3)], donors).effects(0)[0] == 0).all()


def test_the_change_of_uncertainty_is_signed() -> None:
    rows, donors = rows_and_donors(300)
    base = baseline(predict, rows, split_members(9, 2))
    change = uncertainty_change(base, [0, 3], donors)
    assert change.shape == (300, 2)
    assert change.min() < 0 < change.max()
    everything = uncertainty_change(base, range(4), donors)
    np.testing.assert_allclose(everything.mean(axis=0), 0, atol=1e-12)
