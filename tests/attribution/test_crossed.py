"""Sufficient statistics, variance components and standard errors of crossed designs."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from tasks.attribution.crossed import CrossedStatistics, crossed_statistics
from tasks.errors import InputError

Floats = npt.NDArray[np.float64]

MOST_STANDARD_ERRORS = 4.5
N_A, N_R = 6, 4
SD_A, SD_R, SD_E = 3.0, 1.0, 2.0
DESIGNS = 20_000

CELLS = arrays(float, (3, 4, 5), elements=st.floats(-100, 100))


def designs(rng: np.random.Generator, effect: float = 7.0) -> Floats:
    y = effect + SD_A * rng.normal(size=(DESIGNS, N_A, 1))
    y = y + SD_R * rng.normal(size=(DESIGNS, 1, N_R))
    return np.asarray(y + SD_E * rng.normal(size=(DESIGNS, N_A, N_R)))


@pytest.fixture(scope="module")
def simulated() -> CrossedStatistics:
    return crossed_statistics(designs(np.random.default_rng(1)))


def is_near(draws: Floats, expected: float) -> bool:
    error = draws.std(ddof=1) / np.sqrt(len(draws))
    return bool(abs(draws.mean() - expected) < MOST_STANDARD_ERRORS * error)


def test_an_additive_table_has_no_rest() -> None:
    a, r = np.array([-3.0, 0.0, 3.0]), np.array([-1.0, 1.0])
    found = crossed_statistics(10 + a[:, None] + r)
    assert found.mean == pytest.approx(10)
    assert found.ss_sub_ensembles == pytest.approx(2 * 18)
    assert found.ss_blocks == pytest.approx(3 * 2)
    assert found.ss_rest == pytest.approx(0, abs=1e-12)
    assert found.components.sub_ensembles == pytest.approx(9)
    assert found.components.blocks == pytest.approx(2)
    assert found.standard_error**2 == pytest.approx(9 / 3 + 2 / 2)


@given(CELLS)
def test_sums_of_squares_add_up(y: Floats) -> None:
    before = y.copy()
    found = crossed_statistics(y)
    total = np.square(y - found.mean[:, None, None]).sum(axis=(1, 2))
    parts = found.ss_sub_ensembles + found.ss_blocks + found.ss_rest
    np.testing.assert_allclose(parts, total, rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(y, before)


@given(CELLS, st.floats(-50, 50), st.floats(0.1, 10))
def test_errors_follow_the_unit_and_no_shift(y: Floats, shift: float, unit: float) -> None:
    here, there = crossed_statistics(y), crossed_statistics(shift + unit * y)
    np.testing.assert_allclose(there.mean, shift + unit * here.mean, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(
        there.standard_error, unit * here.standard_error, rtol=1e-6, atol=1e-6
    )


@given(CELLS)
def test_each_design_stands_for_itself_and_the_factors_are_alike(y: Floats) -> None:
    found, turned = crossed_statistics(y), crossed_statistics(np.swapaxes(y, 1, 2))
    np.testing.assert_allclose(turned.ss_blocks, found.ss_sub_ensembles, atol=1e-9)
    np.testing.assert_allclose(turned.standard_error, found.standard_error, atol=1e-9)
    alone = crossed_statistics(y[1])
    assert alone.standard_error == pytest.approx(found.standard_error[1], abs=1e-12)
    assert alone.components.rest == pytest.approx(found.components.rest[1], abs=1e-12)


def test_components_and_error_are_unbiased(simulated: CrossedStatistics) -> None:
    components = simulated.components
    assert is_near(components.sub_ensembles, SD_A**2)
    assert is_near(components.blocks, SD_R**2)
    assert is_near(components.rest, SD_E**2)
    exact = SD_A**2 / N_A + SD_R**2 / N_R + SD_E**2 / (N_A * N_R)
    assert is_near(np.square(simulated.mean - 7), exact)
    # The floor holds 158 of 20 000 errors up: no bias that shows here.
    assert is_near(np.square(simulated.standard_error), exact)


def test_statistics_are_independent_normal_and_chi_squares(simulated: CrossedStatistics) -> None:
    variances = N_R * SD_A**2 + SD_E**2, N_A * SD_R**2 + SD_E**2, SD_E**2
    freedoms = N_A - 1, N_R - 1, (N_A - 1) * (N_R - 1)
    squares = simulated.ss_sub_ensembles, simulated.ss_blocks, simulated.ss_rest
    for sums, variance, freedom in zip(squares, variances, freedoms, strict=True):
        assert stats.kstest(sums / variance, stats.chi2(freedom).cdf).pvalue > 1e-4
    sd = np.sqrt((variances[0] + variances[1] - variances[2]) / (N_A * N_R))
    assert stats.kstest(simulated.mean, stats.norm(7, sd).cdf).pvalue > 1e-4
    ranks = stats.spearmanr(np.column_stack([simulated.mean, *squares])).statistic
    off_diagonal = ranks[np.triu_indices(4, 1)]
    assert np.abs(off_diagonal).max() < MOST_STANDARD_ERRORS / np.sqrt(DESIGNS)


def test_the_error_is_never_below_that_of_the_rest() -> None:
    """Both factors vary less than chance: the plain estimate would be negative."""
    y = np.array([[1.5, -0.5], [-1.5, 0.5]])  # mean squares 1, 0 and 4
    found = crossed_statistics(y)
    assert found.components.sub_ensembles == pytest.approx((1 - 4) / 2)
    assert found.components.blocks == pytest.approx((0 - 4) / 2)
    assert found.standard_error == pytest.approx(np.sqrt(4 / 4))


def test_crossed_intervals_cover_and_those_of_independent_cells_do_not(
    simulated: CrossedStatistics,
) -> None:
    """With so few sub-ensembles 95 % normal intervals hold about 90 %; the naive ones far less."""
    y = designs(np.random.default_rng(1))
    distance = np.abs(simulated.mean - 7)
    crossed = (distance < 1.96 * simulated.standard_error).mean()
    naive = (distance < 1.96 * y.std(axis=(1, 2), ddof=1) / np.sqrt(N_A * N_R)).mean()
    assert 0.88 < crossed < 0.95
    assert naive < 0.75


@pytest.mark.parametrize("shape", [(3,), (1, 4), (4, 1), (2, 3, 1)])
def test_designs_without_two_of_each_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="at least 2 sub-ensembles and 2 row blocks, got shape"):
        crossed_statistics(np.ones(shape))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_cells_that_are_not_finite_are_refused(bad: float) -> None:
    y = np.ones((2, 3, 3))
    y[1, 2, 0] = bad
    with pytest.raises(InputError, match="finite, got 1 of 18 that are not"):
        crossed_statistics(y)
