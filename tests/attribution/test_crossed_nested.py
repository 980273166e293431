"""Designs whose sub-ensembles are nested in draws: two are fitted to each draw."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from tasks.attribution.cells import nested_draws
from tasks.attribution.crossed import CrossedStatistics, crossed_statistics
from tasks.errors import InputError

Floats = npt.NDArray[np.float64]

DESIGNS = 20_000
GROUPS, BLOCKS, DRAWS = 8, 5, 4
SD_A, SD_R, SD_S, SD_E = 1.5, 1.0, 2.0, 3.0
EFFECT = 7.0
ERROR = np.sqrt(SD_S**2 / DRAWS + SD_A**2 / GROUPS + SD_R**2 / BLOCKS + SD_E**2 / (GROUPS * BLOCKS))
"""Of the mean of all cells."""
MOST_STANDARD_ERRORS = 4.5
CELLS = arrays(float, (3, 6, 5), elements=st.floats(-100, 100))


def designs(rng: np.random.Generator, sd_s: float = SD_S) -> Floats:
    y = EFFECT + SD_A * rng.normal(size=(DESIGNS, GROUPS, 1))
    y = y + SD_R * rng.normal(size=(DESIGNS, 1, BLOCKS))
    y = y + sd_s * np.repeat(rng.normal(size=(DESIGNS, DRAWS)), 2, axis=1)[:, :, None]
    return np.asarray(y + SD_E * rng.normal(size=(DESIGNS, GROUPS, BLOCKS)))


@pytest.fixture(scope="module")
def cells() -> Floats:
    return designs(np.random.default_rng(1))


@pytest.fixture(scope="module")
def simulated(cells: Floats) -> CrossedStatistics:
    return crossed_statistics(cells, drawn=True, nested=True)


def is_near(values: Floats, expected: float) -> bool:
    error = values.std(ddof=1) / np.sqrt(len(values))
    return bool(abs(values.mean() - expected) < MOST_STANDARD_ERRORS * error)


@pytest.mark.parametrize("groups", [4, 6, 8])
def test_each_draw_is_what_two_sub_ensembles_that_follow_each_other_are_fitted_to(
    groups: int,
) -> None:
    assert nested_draws(groups).tolist() == [d for d in range(groups // 2) for _ in range(2)]


@pytest.mark.parametrize("groups", [0, 1, 2, 3, 5, 7])
def test_numbers_of_sub_ensembles_that_leave_draws_and_members_apart_are_needed(
    groups: int,
) -> None:
    with pytest.raises(InputError, match=f"must be even and at least 4, got {groups}"):
        nested_draws(groups)


def test_cells_of_an_odd_number_of_sub_ensembles_are_refused_only_where_they_draw() -> None:
    y = np.random.default_rng(2).normal(size=(5, 3))
    assert crossed_statistics(y, nested=True).n_draws == 0
    with pytest.raises(InputError, match="must be even and at least 4, got 5"):
        crossed_statistics(y, drawn=True, nested=True)


def test_a_pure_draw_effect_is_told_from_all_else() -> None:
    effect = np.array([-3.0, 1.0, 4.0, -2.0])
    y = 7 + np.repeat(effect, 2)[:, None] + np.zeros(BLOCKS)
    found = crossed_statistics(y, drawn=True, nested=True)
    assert found.mean == pytest.approx(7)
    assert found.ss_draws == pytest.approx(2 * BLOCKS * np.square(effect).sum())
    for nothing in (found.ss_sub_ensembles, found.ss_blocks, found.ss_rest):
        assert nothing == pytest.approx(0, abs=1e-12)
    assert found.components.draws == pytest.approx(effect.var(ddof=1))
    assert found.error_of_mean**2 == pytest.approx(effect.var(ddof=1) / DRAWS)


def test_sub_ensembles_of_one_draw_tell_what_is_their_own() -> None:
    """Two of each draw lie 2 apart, draws do not differ: all is within draws."""
    y = 7 + np.tile([-1.0, 1.0], DRAWS)[:, None] + np.zeros(BLOCKS)
    found = crossed_statistics(y, drawn=True, nested=True)
    assert found.ss_sub_ensembles == pytest.approx(GROUPS * BLOCKS)
    assert found.ms_sub_ensembles == pytest.approx(GROUPS * BLOCKS / (GROUPS - DRAWS))
    for nothing in (found.ss_draws, found.ss_blocks, found.ss_rest):
        assert nothing == pytest.approx(0, abs=1e-12)
    assert found.components.sub_ensembles == pytest.approx(2)
    assert found.components.draws == pytest.approx(-1)  # 0 less what sub-ensembles explain


@given(CELLS)
def test_sums_of_squares_add_up(y: Floats) -> None:
    before = y.copy()
    found = crossed_statistics(y, drawn=True, nested=True)
    total = np.square(y - found.mean[:, None, None]).sum(axis=(1, 2))
    parts = found.ss_sub_ensembles + found.ss_blocks + found.ss_draws + found.ss_rest
    np.testing.assert_allclose(parts, total, rtol=1e-9, atol=1e-9)
    blind = crossed_statistics(y)
    between = found.ss_sub_ensembles + found.ss_draws
    np.testing.assert_allclose(between, blind.ss_sub_ensembles, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(found.ss_blocks, blind.ss_blocks)
    np.testing.assert_allclose(found.ss_rest, blind.ss_rest)
    np.testing.assert_array_equal(y, before)


@given(CELLS)
def test_the_two_sub_ensembles_of_a_draw_may_change_places(y: Floats) -> None:
    found = crossed_statistics(y, drawn=True, nested=True)
    turned = crossed_statistics(y[:, [1, 0, 2, 3, 5, 4]], drawn=True, nested=True)
    for name in ("mean", "ss_sub_ensembles", "ss_blocks", "ss_draws", "ss_rest"):
        np.testing.assert_allclose(getattr(turned, name), getattr(found, name), atol=1e-9)


@given(CELLS)
def test_designs_that_draw_nothing_are_those_that_are_not_nested(y: Floats) -> None:
    drawn = np.array([True, False, True])
    nested, blind = crossed_statistics(y, drawn, nested=True), crossed_statistics(y)
    for name in ("mean", "ss_sub_ensembles", "ss_blocks", "ss_draws", "ss_rest"):
        np.testing.assert_array_equal(getattr(nested, name)[1], getattr(blind, name)[1])
    for name in ("ms_sub_ensembles", "ms_rest", "error_of_mean", "standard_error"):
        np.testing.assert_array_equal(getattr(nested, name)[1], getattr(blind, name)[1])
    assert nested.components.sub_ensembles[1] == blind.components.sub_ensembles[1]
    assert nested.components.draws[1] == 0


def test_components_are_unbiased(simulated: CrossedStatistics) -> None:
    found = simulated.components
    assert is_near(found.sub_ensembles, SD_A**2)
    assert is_near(found.blocks, SD_R**2)
    assert is_near(found.draws, SD_S**2)
    assert is_near(found.rest, SD_E**2)


def test_components_of_draws_that_are_taken_for_crossed_ones_are_not(cells: Floats) -> None:
    """Control: sub-ensembles seem to differ by what their draws do, and draws by nothing."""
    found = crossed_statistics(cells).components
    assert not is_near(found.sub_ensembles, SD_A**2)


def test_the_error_of_the_mean_is_unbiased(simulated: CrossedStatistics) -> None:
    """But for the floor under it, which is what the rest alone gives."""
    assert is_near(np.square(simulated.mean - EFFECT), ERROR**2)
    found = np.square(simulated.error_of_mean)
    plain = simulated.ms_draws + simulated.ms_blocks - simulated.ms_rest
    assert is_near(plain / (GROUPS * BLOCKS), ERROR**2)
    floored = np.maximum(plain, simulated.ms_rest) / (GROUPS * BLOCKS)
    np.testing.assert_allclose(found, floored, rtol=1e-12)
    assert 0 < (plain < simulated.ms_rest).mean() < 0.1


def test_the_error_of_the_mean_that_knows_of_no_draws_is_too_small(cells: Floats) -> None:
    blind = crossed_statistics(cells)
    assert np.square(blind.error_of_mean).mean() < 0.75 * ERROR**2


def test_statistics_are_independent_normal_and_chi_squares(simulated: CrossedStatistics) -> None:
    of_a = BLOCKS * SD_A**2 + SD_E**2
    laws = (
        (simulated.ss_draws, 2 * BLOCKS * SD_S**2 + of_a, DRAWS - 1),
        (simulated.ss_sub_ensembles, of_a, GROUPS - DRAWS),
        (simulated.ss_blocks, GROUPS * SD_R**2 + SD_E**2, BLOCKS - 1),
        (simulated.ss_rest, SD_E**2, (GROUPS - 1) * (BLOCKS - 1)),
    )
    for sums, variance, freedom in laws:
        assert stats.kstest(sums / variance, stats.chi2(freedom).cdf).pvalue > 1e-4
    assert stats.kstest(simulated.mean, stats.norm(EFFECT, ERROR).cdf).pvalue > 1e-4
    parts = [simulated.mean, *(sums for sums, *_ in laws)]
    ranks = stats.spearmanr(np.column_stack(parts)).statistic
    off_diagonal = ranks[np.triu_indices(5, 1)]
    assert np.abs(off_diagonal).max() < MOST_STANDARD_ERRORS / np.sqrt(DESIGNS)


def test_the_real_repair_is_one_more_draw(simulated: CrossedStatistics) -> None:
    """Its variance comes on top where the component is above 0, and only there."""
    extra = np.square(simulated.standard_error) - np.square(simulated.error_of_mean)
    np.testing.assert_allclose(extra, np.maximum(simulated.components.draws, 0), atol=1e-9)
    assert (simulated.components.draws < 0).any()
