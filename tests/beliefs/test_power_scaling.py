"""Power-scaling sensitivity against closed forms of normals and against ArviZ."""

import math

import arviz as az
import numpy as np
import pytest
from scipy import stats

from tasks.beliefs.bayes_factor import under_belief
from tasks.beliefs.belief import Belief
from tasks.beliefs.conflict_record import Number
from tasks.beliefs.cut_law import Floats
from tasks.beliefs.data_side import DataSide, from_draws, from_log_likelihood
from tasks.beliefs.jackknife import replicates
from tasks.beliefs.power_scaling import ALPHAS, diagnosis, ends_of_draws, power_scaling

SE = 1 / math.sqrt(50)
PRIOR_MEANS = (0.0, 5.0, 10.0)
REFERENCE = Belief.of("normal", {"mean": 0.0, "sd": 100.0})


def prior(mean: float) -> Belief:
    return Belief.of("normal", {"mean": mean, "sd": 1.0})


def log_likelihood(x: Floats) -> Floats:
    """Of 50 observations of mean 0 with standard deviation 1."""
    return np.asarray(-0.5 * (x / SE) ** 2)


def posterior(mean: float, prior_power: float, likelihood_power: float) -> tuple[float, float]:
    """Mean and deviation of the posterior, each part raised to a power."""
    precision = prior_power + 50 * likelihood_power
    return prior_power * mean / precision, 1 / math.sqrt(precision)


def exact(mean: float, component: str) -> float:
    """The sensitivity from distribution functions of normal laws, by its published definition."""
    centre, sd = posterior(mean, 1, 1)
    x = np.linspace(centre - 3.662 * sd, centre + 3.662 * sd, 40_001)
    p = stats.norm.cdf(x, centre, sd)
    distances = []
    for alpha in ALPHAS:
        powers = (alpha, 1.0) if component == "prior" else (1.0, alpha)
        q = stats.norm.cdf(x, *posterior(mean, *powers))
        both = []
        for f, g in ((p, q), (1 - p, 1 - q)):
            middle = (f + g) / 2
            one, other = (
                np.trapezoid(a * np.log2(a / middle), x)
                + np.trapezoid(b - a, x) / (2 * math.log(2))
                for a, b in ((f, g), (g, f))
            )
            both.append(math.sqrt((one + other) / np.trapezoid(f + g, x)))
        distances.append(max(both))
    return sum(distances) / (2 * math.log2(1.01))


def sensitivities(side: DataSide, client: Belief) -> tuple[Number, Number]:
    rows = under_belief(side, client).rows
    return power_scaling(side, rows, client, ends_of_draws(side, rows))


@pytest.mark.parametrize("mean", PRIOR_MEANS)
def test_quadrature_is_exact(mean: float) -> None:
    side = from_log_likelihood(log_likelihood, REFERENCE, [prior(mean)])
    by_prior, by_likelihood = sensitivities(side, prior(mean))
    assert by_prior.value == pytest.approx(exact(mean, "prior"), rel=1e-3)
    assert by_likelihood.value == pytest.approx(exact(mean, "likelihood"), rel=1e-3)
    assert by_prior.mcse == by_likelihood.mcse == 0


def test_a_prior_farther_from_the_data_is_felt_more() -> None:
    found = []
    for mean in PRIOR_MEANS:
        side = from_log_likelihood(log_likelihood, REFERENCE, [prior(mean)])
        found.append(sensitivities(side, prior(mean)))
    by_prior = [pair[0].value for pair in found]
    assert by_prior == sorted(by_prior)
    assert [diagnosis(*pair) for pair in found] == [
        "no concern",
        "prior-data conflict",
        "prior-data conflict",
    ]


def test_weak_data_are_told_from_a_conflict() -> None:
    side = from_log_likelihood(lambda x: -0.5 * (x / 30) ** 2, REFERENCE, [prior(0)])
    assert diagnosis(*sensitivities(side, prior(0))) == "strong prior or weak data"


@pytest.mark.parametrize("mean", PRIOR_MEANS)
def test_draws_under_the_reference_agree_with_quadrature(mean: float) -> None:
    draws = np.random.default_rng(5).normal(0, SE, size=(4, 1000))
    side = from_draws(draws, log_likelihood(draws), REFERENCE)
    found = sensitivities(side, prior(mean))
    for number, component in zip(found, ("prior", "likelihood"), strict=True):
        assert abs(number.value - exact(mean, component)) < 4 * number.mcse


@pytest.mark.parametrize("mean", PRIOR_MEANS)
def test_own_draws_over_their_own_range_are_those_of_arviz(mean: float) -> None:
    draws = np.random.default_rng(6).normal(*posterior(mean, 1, 1), size=(4, 1000))
    side = from_draws(draws, log_likelihood(draws), prior(mean))
    rows = replicates(side, side.log_weights)
    found = power_scaling(side, rows, prior(mean), (draws.min(), draws.max()))
    data = az.from_dict(
        posterior={"x": draws}, log_likelihood={"y": log_likelihood(draws)[..., None]}
    )
    data.add_groups({"log_prior": {"x": prior(mean).log_density(draws)}})
    for number, component in zip(found, ("prior", "likelihood"), strict=True):
        # ArviZ takes the powers 1 / 1.01 and 1.01 and smooths the weights.
        known = float(az.psens(data, component=component)["x"])
        assert number.value == pytest.approx(known, rel=5e-3)


def test_a_flat_prior_cannot_be_felt() -> None:
    flat = Belief.of("uniform", {"low": -1.0, "high": 1.0}, -1, 1)
    side = from_log_likelihood(log_likelihood, flat, [flat])
    by_prior, by_likelihood = sensitivities(side, flat)
    assert by_prior.value == pytest.approx(0, abs=1e-6)
    assert by_likelihood.value > 0.05


def test_values_that_the_prior_rules_out_do_no_harm() -> None:
    draws = np.random.default_rng(7).normal(0, SE, size=(4, 1000))
    half = Belief.of("normal", {"mean": 0.0, "sd": 1.0}, low=0.0)
    found = sensitivities(from_draws(draws, log_likelihood(draws), REFERENCE), half)
    assert all(math.isfinite(number.value) and number.mcse > 0 for number in found)
