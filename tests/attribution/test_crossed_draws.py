"""Designs whose cells see draws in a Latin square: the real repair is one more draw."""

import numpy as np
import numpy.typing as npt
import pytest

from tasks.attribution.cells import draw_of_cells
from tasks.attribution.crossed import crossed_statistics
from tasks.errors import InputError

Floats = npt.NDArray[np.float64]

DESIGNS = 20_000
SD_A, SD_R, SD_S, SD_E = 1.0, 1.5, 2.0, 3.0
MOST_STANDARD_ERRORS = 4.5


def designs(rng: np.random.Generator, groups: int = 8, blocks: int = 4) -> Floats:
    """Around an effect of 0."""
    y = SD_A * rng.normal(size=(DESIGNS, groups, 1)) + SD_R * rng.normal(size=(DESIGNS, 1, blocks))
    draws = draw_of_cells(groups, blocks)
    y = y + SD_S * rng.normal(size=(DESIGNS, draws.max() + 1))[:, draws]
    return np.asarray(y + SD_E * rng.normal(size=(DESIGNS, groups, blocks)))


@pytest.mark.parametrize(("groups", "blocks", "n_draws"), [(8, 8, 8), (8, 4, 4), (4, 6, 2)])
def test_every_group_and_block_sees_each_draw_equally_often(
    groups: int, blocks: int, n_draws: int
) -> None:
    draws = draw_of_cells(groups, blocks)
    assert sorted(set(draws.ravel())) == list(range(n_draws))
    for row in (*draws, *draws.T):
        assert len(set(np.bincount(row, minlength=n_draws))) == 1


@pytest.mark.parametrize(("groups", "blocks"), [(3, 4), (2, 2), (5, 7)])
def test_numbers_that_leave_no_draws_apart_are_refused(groups: int, blocks: int) -> None:
    with pytest.raises(InputError, match="must have a divisor in common"):
        draw_of_cells(groups, blocks)


def test_a_pure_draw_effect_is_told_from_all_else() -> None:
    effect = np.array([-3.0, 1.0, 4.0, -2.0])
    found = crossed_statistics(7 + effect[draw_of_cells(8, 4)], drawn=True)
    assert found.mean == pytest.approx(7)
    assert found.ss_draws == pytest.approx(8 * np.square(effect).sum())
    for nothing in (found.ss_sub_ensembles, found.ss_blocks, found.ss_rest):
        assert nothing == pytest.approx(0, abs=1e-12)
    assert found.components.draws == pytest.approx(effect.var(ddof=1))


def test_sums_of_squares_add_up_and_only_designs_that_draw_have_draws() -> None:
    y = designs(np.random.default_rng(1))[:50]
    before = y.copy()
    drawn = np.arange(50) % 2 == 0
    mixed, blind = crossed_statistics(y, drawn), crossed_statistics(y)
    np.testing.assert_array_equal(y, before)
    np.testing.assert_allclose(mixed.ss_draws + mixed.ss_rest, blind.ss_rest)
    np.testing.assert_array_equal(mixed.ss_draws[~drawn], 0)
    assert (mixed.ss_draws[drawn] > 0).all()
    np.testing.assert_allclose(mixed.standard_error[~drawn], blind.standard_error[~drawn])
    np.testing.assert_array_equal(mixed.components.draws[~drawn], 0)


def test_components_are_unbiased() -> None:
    found = crossed_statistics(designs(np.random.default_rng(2)), drawn=True).components
    for component, sd in zip(
        (found.sub_ensembles, found.blocks, found.draws, found.rest),
        (SD_A, SD_R, SD_S, SD_E),
        strict=True,
    ):
        error = component.std(ddof=1) / np.sqrt(DESIGNS)
        assert abs(component.mean() - sd**2) < MOST_STANDARD_ERRORS * error


def test_intervals_hold_the_real_repair_only_where_draws_are_told_apart() -> None:
    """The control takes what differs from draw to draw for noise that averages away."""
    rng = np.random.default_rng(3)
    y = designs(rng, 8, 8)
    real = SD_S * rng.normal(size=DESIGNS)
    found, blind = crossed_statistics(y, drawn=True), crossed_statistics(y)
    held, held_blindly = (
        (np.abs(statistics.mean - real) < 1.96 * statistics.standard_error).mean()
        for statistics in (found, blind)
    )
    assert 0.87 < held < 0.93  # normal, though the error has 7 degrees of freedom: too short
    assert held_blindly < 0.65
