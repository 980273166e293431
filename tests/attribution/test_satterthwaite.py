"""Intervals of a crossed design's mean: classical t intervals as limits, coverage otherwise."""

import numpy as np
import pytest
from scipy import stats

from tasks.attribution.cells import draw_of_cells, nested_draws
from tasks.attribution.crossed import FloatArray, crossed_statistics
from tasks.attribution.satterthwaite import effective_freedom, mean_interval

DESIGNS = 4000
T7 = float(stats.t.ppf(0.975, 7))
A = np.array([3.0, -1.0, 4.0, 1.0, -5.0, 9.0, 2.0, -6.0])


def test_sub_ensembles_alone_give_the_t_interval_of_their_means() -> None:
    found = mean_interval(crossed_statistics(np.repeat(A[:, None], 4, axis=1)))
    half = T7 * A.std(ddof=1) / np.sqrt(8)
    assert (found.mean, found.low, found.high) == pytest.approx(
        (A.mean(), A.mean() - half, A.mean() + half)
    )


def test_blocks_alone_give_the_t_interval_of_their_means() -> None:
    found = mean_interval(crossed_statistics(np.repeat(A[None], 5, axis=0)))
    assert found.high - found.mean == pytest.approx(T7 * A.std(ddof=1) / np.sqrt(8))


def test_draws_alone_give_the_t_interval_of_one_more_draw() -> None:
    found = mean_interval(crossed_statistics(A[draw_of_cells(8, 8)], drawn=True))
    assert found.high - found.mean == pytest.approx(T7 * A.std(ddof=1) * np.sqrt(1 + 1 / 8))


def test_nested_draws_alone_have_as_many_degrees_as_draws_less_one() -> None:
    y = np.repeat(A[:4][nested_draws(8)][:, None], 6, axis=1)
    found = mean_interval(crossed_statistics(y, drawn=True, nested=True))
    half = stats.t.ppf(0.975, 3) * A[:4].std(ddof=1) * np.sqrt(1 + 1 / 4)
    assert found.high - found.mean == pytest.approx(half)


def test_factors_smaller_than_the_rest_leave_the_degrees_of_the_rest() -> None:
    rest = np.array([[1.0, -1.0, 0.0], [-1.0, 1.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    small = np.array([0.3, -0.3, 0.3, -0.3])[:, None]
    assert effective_freedom(crossed_statistics(rest + small)) == pytest.approx(3 * 2)


def test_cells_that_are_all_alike_give_a_point() -> None:
    found = mean_interval(crossed_statistics(np.full((8, 8), -2.0), drawn=True))
    assert float(found.low) == float(found.mean) == float(found.high) == -2


def test_designs_are_told_one_by_one() -> None:
    y = np.random.default_rng(1).normal(size=(6, 8, 4)) + A[:, None]
    before, drawn = y.copy(), np.arange(6) % 2 == 0
    whole = mean_interval(crossed_statistics(y, drawn))
    np.testing.assert_array_equal(y, before)
    for k in range(6):
        alone = mean_interval(crossed_statistics(y[k], drawn[k]))
        assert (whole.low[k], whole.high[k]) == pytest.approx((alone.low, alone.high))


def designs(sds: tuple[float, float, float, float], draws: FloatArray, seed: int) -> FloatArray:
    """Cells around 0 with normal effects of sub-ensembles, blocks, draws and the rest."""
    groups, blocks = draws.shape
    rng = np.random.default_rng(seed)
    y = sds[0] * rng.normal(size=(DESIGNS, groups, 1))
    y = y + sds[1] * rng.normal(size=(DESIGNS, 1, blocks))
    y = y + sds[2] * rng.normal(size=(DESIGNS, int(draws.max()) + 1))[:, draws.astype(np.intp)]
    return np.asarray(y + sds[3] * rng.normal(size=y.shape))


@pytest.mark.parametrize(
    ("sds", "groups", "drawn"),
    [
        ((1, 1, 0, 1), 8, False),
        ((1, 1, 1, 1), 8, True),
        ((2, 1, 0.3, 1), 8, True),
        ((3, 3, 3, 1), 8, True),
        ((3, 3, 3, 1), 4, True),
        ((2, 1, 0, 1), 4, False),
    ],
)
def test_intervals_hold_the_truth_and_normal_ones_do_not(
    sds: tuple[float, float, float, float], groups: int, drawn: bool
) -> None:
    y = designs(sds, draw_of_cells(groups, groups).astype(float), seed=1)
    real = drawn * sds[2] * np.random.default_rng(2).normal(size=DESIGNS)
    statistics = crossed_statistics(y, np.full(DESIGNS, drawn))
    found = mean_interval(statistics)
    held = np.mean((found.low <= real) & (real <= found.high))
    held_by_normal = np.mean(np.abs(found.mean - real) < 1.96 * statistics.standard_error)
    assert 0.94 < held < 0.97
    assert held_by_normal < held - 0.015
    assert held_by_normal < 0.94
