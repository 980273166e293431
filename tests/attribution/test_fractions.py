"""Fractions of known gains, and errors that are those of repeating the whole experiment."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from tasks.attribution.crossed import crossed_statistics
from tasks.attribution.fractions import fractions_of_cells
from tasks.errors import InputError

Floats = NDArray[np.float64]

GAINS = np.array([5.0, 3.0, 1.5, 0.5])
N_A, N_R = 8, 8
REPEATS = 2000
CELLS = arrays(float, (4, 3, 5), elements=st.floats(0.01, 10))


def designs(common: float) -> Floats:
    """Gains with crossed random effects; a part of their variance is common to all nodes."""
    rng = np.random.default_rng(1)

    def effects(n_a: int, n_r: int) -> Floats:
        own, shared = (rng.normal(size=(REPEATS, k, n_a, n_r)) for k in (len(GAINS), 1))
        return np.asarray(np.sqrt(1 - common) * own + np.sqrt(common) * shared)

    relative = 0.25 * effects(N_A, 1) + 0.15 * effects(1, N_R) + 0.3 * effects(N_A, N_R)
    return np.asarray(GAINS[:, None, None] * (1 + relative))


def test_known_fractions_and_errors() -> None:
    """Sub-ensembles give 1 : 1 and 3 : 1, so that the errors are those of their two means."""
    cells = np.array([[[1.0, 1.0], [3.0, 3.0]], [[1.0, 1.0], [1.0, 1.0]]])
    found = fractions_of_cells(cells)
    np.testing.assert_allclose(found.values, [2 / 3, 1 / 3])
    # Residuals (y1 - 2/3 (y1 + y2)) / 3 are -1/9 and 1/9: their mean's error is (1/9) sqrt(2/2).
    np.testing.assert_allclose(found.standard_errors, 1 / 9)


@given(CELLS)
def test_fractions_are_those_of_the_means(cells: Floats) -> None:
    before = cells.copy()
    found = fractions_of_cells(cells)
    np.testing.assert_allclose(found.values.sum(), 1)
    np.testing.assert_allclose(found.values, cells.mean(axis=(1, 2)) / cells.sum(axis=0).mean())
    np.testing.assert_array_equal(cells, before)


@given(CELLS)
def test_the_unit_and_the_order_do_not_matter(cells: Floats) -> None:
    found, scaled = fractions_of_cells(cells), fractions_of_cells(1000 * cells[::-1])
    np.testing.assert_allclose(scaled.values[::-1], found.values)
    np.testing.assert_allclose(scaled.standard_errors[::-1], found.standard_errors, atol=1e-12)


def test_gains_that_keep_their_proportions_have_fractions_without_error() -> None:
    """A sub-ensemble or block that is twice as unsure of everything says nothing of fractions."""
    scale = np.random.default_rng(1).uniform(0.2, 5, (4, 6))
    found = fractions_of_cells(GAINS[:, None, None] * scale)
    np.testing.assert_allclose(found.values, GAINS / 10)
    np.testing.assert_allclose(found.standard_errors, 0, atol=1e-12)


def test_a_single_node_is_the_whole() -> None:
    found = fractions_of_cells(np.random.default_rng(1).uniform(1, 2, (1, 3, 4)))
    assert found.values.tolist() == [1.0]
    np.testing.assert_allclose(found.standard_errors, 0, atol=1e-12)


@pytest.mark.parametrize("common", [0.0, 0.8])
def test_standard_errors_are_the_spread_over_repetitions(common: float) -> None:
    """Those of a gain and of the whole taken as independent are not, nor is a gain's alone."""
    found = [fractions_of_cells(cells) for cells in designs(common)]
    values = np.array([each.values for each in found])
    spread = values.std(axis=0, ddof=1)
    np.testing.assert_allclose(values.mean(axis=0), GAINS / 10, atol=0.01)
    reported = np.sqrt(np.square([each.standard_errors for each in found]).mean(axis=0))
    np.testing.assert_allclose(reported, spread, rtol=0.1)

    gains = crossed_statistics(designs(common))
    whole = crossed_statistics(designs(common).sum(axis=1))
    of_gain = gains.standard_error / gains.mean
    of_whole = (whole.standard_error / whole.mean)[:, None]
    naive = np.sqrt(np.square(values * np.hypot(of_gain, of_whole)).mean(axis=0))
    alone = np.sqrt(np.square(values * of_gain).mean(axis=0))
    assert naive[0] > (3 if common else 1.5) * spread[0]
    assert alone[0] > (2 if common else 1.2) * spread[0]


@pytest.mark.parametrize("common", [0.0, 0.8])
def test_intervals_cover(common: float) -> None:
    found = [fractions_of_cells(cells) for cells in designs(common)]
    covered = [np.abs(each.values - GAINS / 10) < 1.96 * each.standard_errors for each in found]
    assert (np.abs(np.mean(covered, axis=0) - 0.935) < 0.03).all()


@pytest.mark.parametrize("gain", [0.0, -1.0, np.nan])
def test_nothing_to_share_out_is_refused(gain: float) -> None:
    with pytest.raises(InputError, match="sum to more than 0, got"):
        fractions_of_cells(np.full((2, 3, 3), gain))


def test_what_is_no_crossed_design_is_refused() -> None:
    with pytest.raises(InputError, match="at least 2 sub-ensembles and 2 row blocks"):
        fractions_of_cells(np.ones((2, 1, 4)))
