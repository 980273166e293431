"""Priors follow the data's unit, and those that are given win."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tasks.errors import InputError
from tasks.inference.comparison.exploration import explore
from tasks.inference.comparison.settings import ComparisonSettings, Priors
from tasks.inference.comparison.units import Units

from .conftest import units_of

LENGTHS = set(Priors.model_fields) - {"mu_mean"}


def test_the_eight_schools_have_the_priors_of_the_design(schools: Units) -> None:
    assert ComparisonSettings().priors(schools) == Priors(
        unit=1,
        mu_mean=0,
        mu_sd=20,
        tau_scale=10,
        skeptical_mean=8,
        skeptical_sd=5,
        skeptical_tau_scale=5,
        threshold=3,
        sigma_pooled=4,
        beta_sd=10,
    )


@given(
    st.lists(
        st.tuples(st.integers(-90, 90), st.integers(1, 40)), min_size=3, max_size=9, unique=True
    ),
    st.sampled_from([2.0**k for k in (-20, -3, 1, 10, 30)]),
)
def test_priors_are_lengths_in_the_unit_of_the_data(
    pairs: list[tuple[int, int]], scale: float
) -> None:
    y, sigma = (np.array(values, dtype=float) for values in zip(*pairs, strict=True))
    one = ComparisonSettings().priors(units_of(y, sigma))
    two = ComparisonSettings().priors(units_of(scale * y, scale * sigma))
    assert two.mu_mean == one.mu_mean == 0
    for name in LENGTHS:
        assert getattr(two, name) == pytest.approx(scale * getattr(one, name)), name


def test_the_unit_is_the_larger_of_spread_and_error_over_that_of_the_schools() -> None:
    settings = ComparisonSettings()
    assert settings.priors(units_of([0, 1, 2], [22, 33, 44])).unit == pytest.approx(3)
    wide = settings.priors(units_of([-110, 0, 110], [1, 2, 3]))
    assert wide.unit == pytest.approx(10)
    assert (wide.tau_scale, wide.threshold) == pytest.approx((100, 30))


def test_mu_far_from_its_prior_mean_widens_its_prior() -> None:
    units = units_of([1010, 1000, 990], [11, 11, 11])
    pooled = explore(units).pooled
    assert ComparisonSettings().priors(units).mu_sd == pytest.approx(pooled)
    assert ComparisonSettings(mu_mean=900).priors(units).mu_sd == pytest.approx(pooled - 900)
    assert ComparisonSettings(mu_mean=1000).priors(units).mu_sd == pytest.approx(20)


@pytest.mark.parametrize(
    "name",
    sorted({*Priors.model_fields} - {"threshold", "sigma_pooled", "beta_sd"}),
)
@pytest.mark.parametrize("value", [0.25, 77.0])
def test_what_is_given_wins_and_moves_nothing_else(name: str, value: float, schools: Units) -> None:
    before = ComparisonSettings().priors(schools).model_dump()
    after = ComparisonSettings.model_validate({name: value}).priors(schools).model_dump()
    assert after[name] == value
    follows = {"unit": LENGTHS, "mu_mean": {"mu_mean", "mu_sd"}}.get(name, {name})
    assert {of for of in after if after[of] != before[of]} <= follows


def test_a_given_skeptical_mean_of_0_wins(schools: Units) -> None:
    assert ComparisonSettings(skeptical_mean=0).priors(schools).skeptical_mean == 0


def test_the_plausible_range_is_that_of_the_data_widened_by_half(schools: Units) -> None:
    assert ComparisonSettings().theta_range(schools) == (-3 - 31 / 4, 28 + 31 / 4)
    assert ComparisonSettings(theta_low=0).theta_range(schools) == (0, 28 + 31 / 4)
    assert ComparisonSettings(theta_high=0).theta_range(schools) == (-3 - 31 / 4, 0)
    assert ComparisonSettings(theta_low=-1, theta_high=1).theta_range(schools) == (-1, 1)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"theta_low": 36.0}, r"got 36 to 35\.75, where theta_high follows .* move theta_low, or"),
        ({"theta_low": 35.75}, "got 35.75 to 35.75"),
        (
            {"theta_high": -11},
            r"got -10\.75 to -11, where theta_low follows .* move theta_high,",
        ),
    ],
)
def test_a_range_that_holds_nothing_is_refused_before_anything_is_fitted(
    given: dict[str, float], said: str, schools: Units
) -> None:
    settings = ComparisonSettings.model_validate(given)
    for refused in (settings.theta_range, settings.priors):
        with pytest.raises(InputError, match=said):
            refused(schools)


def test_equal_estimates_do_not_make_all_other_effects_implausible() -> None:
    low, high = ComparisonSettings().theta_range(units_of([5, 5, 5], [20, 30, 40]))
    assert low < 5 < high


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"theta_low": 2, "theta_high": 1}, "theta_low must be below theta_high, got 2 and 1"),
        ({"theta_low": 1, "theta_high": 1}, "theta_low must be below theta_high"),
        ({"unit": 0}, "unit"),
        ({"mu_sd": -1}, "mu_sd"),
        ({"most_divergences": 1.5}, "most_divergences"),
        ({"least_covered": -0.1}, "least_covered"),
        ({"most_r_hat": 0.99}, "most_r_hat"),
        ({"most_tau_ratio": 1}, "most_tau_ratio"),
        ({"alpha": 0.5}, "alpha"),
        ({"tau": 1}, "Extra inputs are not permitted"),
    ],
)
def test_settings_that_make_no_sense_are_refused(given: dict[str, float], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        ComparisonSettings.model_validate(given)


def test_data_are_not_changed() -> None:
    y, sigma = np.array([1.0, 2, 5]), np.array([3.0, 1, 2])
    units = units_of(y, sigma)
    ComparisonSettings().priors(units)
    ComparisonSettings().theta_range(units)
    np.testing.assert_array_equal(y, [1, 2, 5])
    np.testing.assert_array_equal(sigma, [3, 1, 2])
