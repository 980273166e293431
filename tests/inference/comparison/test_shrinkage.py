"""Shrinkage: of draws made by hand, its order, and the order turned round."""

import numpy as np
import pytest
from scipy import stats

from tasks.inference.comparison.draws import Draws
from tasks.inference.comparison.shrinkage import shrinkage, shrinkage_finding
from tasks.inference.comparison.units import Units

from .conftest import Compared, Floats, made_draws, units_of

Y = np.array([-8.0, 8.0, 10.0, -10.0, 12.0])
SIGMA = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
BY_THE_MODEL = SIGMA**2 / (SIGMA**2 + 9)


def drawn_in(part: Floats, **given: Floats) -> Draws:
    """Two draws around effects that have gone a part of the way from y to 0."""
    theta = (1 - part) * Y + np.array([-0.5, 0.5])[None, :, None]
    return made_draws(theta, **given)


def test_it_is_the_part_of_the_way_that_the_mean_has_gone() -> None:
    units = units_of(Y, SIGMA)
    np.testing.assert_allclose(shrinkage(drawn_in(BY_THE_MODEL), units), BY_THE_MODEL)
    np.testing.assert_array_equal(units.y, Y)


def test_it_counts_from_the_location_of_each_unit() -> None:
    location = np.broadcast_to(Y - 6, (1, 2, 5))
    draws = made_draws(np.broadcast_to(Y - 1.5, (1, 2, 5)), location=location)
    np.testing.assert_allclose(shrinkage(draws, units_of(Y, SIGMA)), 0.25)


def test_it_is_not_told_within_half_a_standard_error_of_the_location() -> None:
    units = units_of([0.0, 0.99, 1.01, -0.99, -1.01], np.full(5, 2.0))
    told = np.isfinite(shrinkage(drawn_in(np.zeros(5)), units))
    np.testing.assert_array_equal(told, [False, False, True, False, True])


def test_the_order_of_the_model_passes_and_its_reverse_fails() -> None:
    units = units_of(Y, SIGMA)
    good, bad = (
        shrinkage_finding(drawn_in(part), units) for part in (BY_THE_MODEL, BY_THE_MODEL[::-1])
    )
    assert (good.status, bad.status) == ("pass", "fail")
    assert good.value == pytest.approx(-1)
    assert bad.value == pytest.approx(1)
    assert "+1.00 over 5 units" in bad.sentence


def test_the_order_is_spearmans_rank_correlation() -> None:
    part = np.array([0.3, 0.1, 0.2, 0.5, 0.4])
    expected = stats.spearmanr(part, SIGMA**-2).statistic
    assert shrinkage_finding(drawn_in(part), units_of(Y, SIGMA)).value == pytest.approx(expected)


@pytest.mark.parametrize(
    ("draws", "units"),
    [
        (drawn_in(BY_THE_MODEL, tau=np.zeros((1, 2))), units_of(Y, SIGMA)),
        (drawn_in(BY_THE_MODEL), units_of(Y, np.full(5, 2.0))),
        (drawn_in(BY_THE_MODEL), units_of([-8.0, 8, 10, 0, 0], SIGMA)),
        (drawn_in(np.full(5, 0.5)), units_of(Y, SIGMA)),
    ],
    ids=["no tau", "equal errors", "three units told", "equal shrinkage"],
)
@pytest.mark.filterwarnings("ignore:An input array is constant")
def test_no_order_is_told_where_there_is_none(draws: Draws, units: Units) -> None:
    assert shrinkage_finding(draws, units).status == "not assessable"


def test_partial_pooling_of_the_eight_schools_has_the_order(schools_compared: Compared) -> None:
    for model in schools_compared[0].models[:3]:
        finding = next(of for of in model.findings if of.check == "shrinkage_order")
        assert finding.status == "pass"
        assert finding.value == pytest.approx(-1, abs=0.2)
