"""The change of a mean in per cent: its value, each cell's influence, and what is not biased."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.attribution.relative_change import relative_change

Floats = npt.NDArray[np.float64]


def cells(seed: int) -> tuple[Floats, Floats]:
    """Four sub-ensembles, three blocks, five actions."""
    rng = np.random.default_rng(seed)
    return rng.uniform(0.5, 4, (4, 3)), rng.uniform(0.1, 6, (5, 4, 3))


@given(st.integers(0, 2**32 - 1))
def test_the_mean_over_the_cells_is_the_change_of_the_mean(seed: int) -> None:
    before, after = cells(seed)
    expected = 100 * (after.mean(axis=(1, 2)) / before.mean() - 1)
    np.testing.assert_allclose(
        relative_change(before, after).mean(axis=(1, 2)), expected, rtol=1e-9, atol=1e-9
    )


def test_one_block_that_holds_all_the_change_by_hand() -> None:
    before, after = np.array([[1.0, 3.0]]), np.array([[1.0, 1.0]])
    # R = 1/2; the cells count -50 + 100 (1 - 0.5) / 2 and -50 + 100 (1 - 1.5) / 2.
    np.testing.assert_allclose(relative_change(before, after), [[-25.0, -75.0]], rtol=1e-12)


def test_a_cell_counts_by_its_influence_on_the_ratio_of_means() -> None:
    before, after = cells(3)
    found, step = relative_change(before, after), 1e-6
    ratio = after.mean(axis=(1, 2)) / before.mean()
    for cell in ((0, 0), (3, 1)):
        weight = np.ones(before.shape)
        weight[cell] += step
        moved = (after * weight).sum(axis=(1, 2)) / (before * weight).sum()
        influence = 100 * (moved - ratio) / step * before.size
        np.testing.assert_allclose(found[:, *cell] - found.mean(axis=(1, 2)), influence, rtol=1e-4)


@given(st.integers(0, 2**32 - 1), st.floats(0.01, 100), st.floats(0, 3))
def test_a_change_by_the_same_factor_is_seen_by_each_cell(
    seed: int, unit: float, factor: float
) -> None:
    before, after = cells(seed)
    np.testing.assert_allclose(
        relative_change(before, factor * before), 100 * (factor - 1), rtol=1e-9, atol=1e-9
    )
    np.testing.assert_allclose(
        relative_change(unit * before, unit * after), relative_change(before, after), atol=1e-9
    )


def test_actions_do_not_see_each_other_and_any_number_of_axes_leads() -> None:
    before, after = cells(4)
    found = relative_change(before, after)
    for one, alone in zip(after, found, strict=True):
        np.testing.assert_array_equal(relative_change(before, one), alone)
    np.testing.assert_array_equal(relative_change(before, after[:, None]), found[:, None])


def test_the_spread_of_the_cells_is_that_of_the_ratio_over_samples() -> None:
    """2000 samples of 400 cells; the ratios of single cells are the control, and are biased."""
    rng = np.random.default_rng(6)
    estimates, variances, naive = [], [], []
    for _ in range(2000):
        before = rng.gamma(2.0, 1.0, (20, 20))
        after = 0.4 * before + rng.gamma(1.0, 0.2, before.shape)
        found = relative_change(before, after)
        estimates.append(found.mean())
        variances.append(found.var(ddof=1) / found.size)
        naive.append(np.mean(100 * (after / before - 1)))
    # E before = 2, E after = 1: -50 per cent.
    assert np.mean(estimates) == pytest.approx(-50, abs=0.15)
    assert np.mean(variances) == pytest.approx(np.var(estimates), rel=0.1)
    assert np.mean(naive) > -42


def test_inputs_are_not_mutated() -> None:
    before, after = cells(5)
    kept = before.copy(), after.copy()
    relative_change(before, after)
    np.testing.assert_array_equal(before, kept[0])
    np.testing.assert_array_equal(after, kept[1])
