"""The best of 28 sets, chosen by the cells that tell its effect: does the interval hold it?"""

from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pytest

from tasks.attribution.cells import draw_of_cells
from tasks.attribution.crossed import FloatArray, crossed_statistics
from tasks.attribution.satterthwaite import mean_interval
from tasks.attribution.selected_mean import left_out_choice, selected_mean

TRIALS = 600
SETS = np.array([[k in pair for k in range(8)] for pair in combinations(range(8), 2)], dtype=float)
"""All pairs of 8 repairs."""
SD_A, SD_R, SD_S, SD_E, SD_SET = 1.0, 0.7, 0.7, 1.0, 0.3


def test_a_cell_chooses_by_the_cells_that_share_nothing_with_it() -> None:
    effects = np.random.default_rng(1).normal(size=(5, 4, 8))
    before, draws = effects.copy(), draw_of_cells(4, 8)
    found = left_out_choice(effects)
    np.testing.assert_array_equal(effects, before)
    for j in range(4):
        for v in range(8):
            others = [
                (group, block)
                for group in range(4)
                for block in range(8)
                if group != j and block != v and draws[group, block] != draws[j, v]
            ]
            means = [np.mean([effects[k][other] for other in others]) for k in range(5)]
            assert found[j, v] == np.argmin(means)


def test_a_clear_winner_has_its_own_interval() -> None:
    effects = np.random.default_rng(1).normal(size=(5, 8, 8))
    effects[3] -= 50
    own = mean_interval(crossed_statistics(effects[3], drawn=True))
    found = selected_mean(effects, 3, True, left_out_choice(effects))
    assert (found.mean, found.low, found.high) == pytest.approx((own.mean, own.low, own.high))


def test_the_width_grows_by_what_the_choice_took_off() -> None:
    effects = np.random.default_rng(3).normal(size=(30, 8, 8))
    best = int(effects.mean(axis=(1, 2)).argmin())
    own = mean_interval(crossed_statistics(effects[best]))
    found = selected_mean(effects, best, False, left_out_choice(effects))
    assert found.mean > own.mean + 0.1
    width, curse = own.high - own.mean, found.mean - own.mean
    assert found.high - found.mean == pytest.approx(np.sqrt(width**2 + curse**2))
    assert found.mean - found.low == pytest.approx(found.high - found.mean)


@dataclass(frozen=True)
class Held:
    """Share of the trials whose interval holds the truth, and the mean error."""

    corrected: float
    naive: float
    bias: float
    naive_bias: float


@cache
def trials(spread: float, outlier: float, drawn: bool, groups: int = 8) -> Held:
    """Cells of sets whose repairs share random effects; the truth is that of the chosen set."""
    rng = np.random.default_rng(7)
    draws = draw_of_cells(groups, groups)
    rows: list[tuple[bool, bool, float, float]] = []
    for _ in range(TRIALS):
        y, truth, real = _one_trial(rng, draws, spread, outlier, drawn)
        best = int(y.mean(axis=(1, 2)).argmin())
        own = crossed_statistics(y[best], drawn)
        found = selected_mean(y, best, drawn, left_out_choice(y))
        rows.append(
            (
                bool(found.low <= real[best] <= found.high),
                bool(abs(own.mean - real[best]) < 1.96 * own.standard_error),
                float(found.mean - truth[best]),
                float(own.mean - truth[best]),
            )
        )
    return Held(*(float(column) for column in np.array(rows, dtype=float).mean(axis=0)))


def _one_trial(
    rng: np.random.Generator,
    draws: npt.NDArray[np.intp],
    spread: float,
    outlier: float,
    drawn: bool,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Cells, expected effects, and the effects of what is really done."""
    groups, blocks = draws.shape
    repairs = SETS.shape[1]
    alone = spread * np.asarray(rng.normal(size=repairs))
    real = drawn * SD_S * rng.normal(size=repairs)
    cells = alone[:, None, None] + SD_A * rng.normal(size=(repairs, groups, 1))
    cells = cells + SD_R * rng.normal(size=(repairs, 1, blocks))
    cells = cells + SD_E * rng.normal(size=(repairs, groups, blocks))
    of_draws = np.asarray(rng.normal(size=(repairs, draws.max() + 1)))
    cells = cells + drawn * SD_S * of_draws[:, draws]
    together = np.zeros(len(SETS))
    together[3] = outlier
    y = np.einsum("mk,kjv->mjv", SETS, cells) + together[:, None, None]
    y = y + SD_SET * rng.normal(size=y.shape)
    truth = SETS @ alone + together
    return y, truth, truth + SETS @ real


@pytest.mark.parametrize("drawn", [False, True])
@pytest.mark.parametrize(
    ("spread", "outlier"), [(0, 0), (0.7, 0), (3, 0), (0, -5)], ids=["ties", "near", "far", "pair"]
)
def test_intervals_hold_the_chosen_set(spread: float, outlier: float, drawn: bool) -> None:
    held = trials(spread, outlier, drawn)
    assert 0.93 <= held.corrected <= 0.97
    assert abs(held.bias) < 0.2
    assert held.naive < held.corrected


@pytest.mark.parametrize("drawn", [False, True])
def test_an_interval_that_knows_nothing_of_the_choice_holds_too_seldom(drawn: bool) -> None:
    held = trials(0, 0, drawn)
    assert held.naive < 0.85
    assert held.naive_bias < -0.6


def test_four_by_four_cells_err_on_the_wide_side() -> None:
    assert 0.95 < trials(0, 0, True, groups=4).corrected < 0.99
