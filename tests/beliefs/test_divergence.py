"""Divergence and distance of posteriors from beliefs, against closed forms and SciPy."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tasks.bayes.normal_divergence import kl_normal
from tasks.beliefs.belief import Belief, Law
from tasks.beliefs.conflict_record import Number
from tasks.beliefs.cut_law import Floats
from tasks.beliefs.data_side import DataSide, from_draws, from_log_likelihood
from tasks.beliefs.divergence import kl_divergence, wasserstein
from tasks.beliefs.jackknife import replicates
from tasks.beliefs.marginal_likelihood import marginal_likelihood

FLAT = Belief.of("uniform", {"low": 0.0, "high": 1.0}, 0, 1)


def normal(mean: float, sd: float) -> Belief:
    return Belief.of("normal", {"mean": mean, "sd": sd})


def kl(side: DataSide, client: Belief) -> Number | None:
    rows = replicates(side, side.log_weights)
    return kl_divergence(side, rows, marginal_likelihood(side), client)


def distance(side: DataSide, client: Belief) -> Number | None:
    return wasserstein(side, replicates(side, side.log_weights), client)


def posterior(mean: float, sd: float, *covering: Belief) -> DataSide:
    """A side whose posterior under the reference prior is a known normal law."""
    reference = normal(mean, 3 * sd)
    precision = 1 / sd**2 - 1 / (3 * sd) ** 2
    return from_log_likelihood(
        lambda x: -0.5 * precision * (x - mean) ** 2, reference, list(covering)
    )


@settings(max_examples=30, deadline=None)
@given(st.floats(-3, 3), st.floats(0.05, 3), st.floats(-3, 3), st.floats(0.05, 3))
def test_normal_posterior_and_normal_belief(m: float, s: float, mean: float, sd: float) -> None:
    client = normal(mean, sd)
    side = posterior(m, s, client)
    found = kl(side, client)
    assert found
    assert found.value == pytest.approx(kl_normal(m, s, mean, sd), rel=1e-8, abs=1e-9)
    apart = distance(side, client)
    assert apart
    # A lower and an upper bound: distance of the means; coupling of quantiles.
    assert abs(m - mean) <= sd * apart.value * (1 + 1e-6) + 1e-6
    assert sd * apart.value <= math.hypot(m - mean, s - sd) * (1 + 1e-6) + 1e-6


@pytest.mark.parametrize("shift", [0.0, 0.01, 1.0, 40.0])
def test_distance_of_normals_of_equal_deviation(shift: float) -> None:
    client = normal(shift * 0.3, 0.3)
    apart = distance(posterior(0.0, 0.3, client), client)
    assert apart
    assert apart.value == pytest.approx(shift, rel=1e-6, abs=1e-6)


def test_distance_of_normals_of_equal_mean() -> None:
    apart = distance(posterior(2.0, 0.1, normal(2, 0.4)), normal(2, 0.4))
    assert apart
    assert apart.value == pytest.approx(0.75 * math.sqrt(2 / math.pi), rel=1e-5)


def test_nothing_lies_between_a_posterior_and_itself() -> None:
    same = Belief.of("beta", {"alpha": 5.0, "beta": 9.0}, 0, 1)
    side = from_log_likelihood(lambda p: 4 * np.log(p) + 8 * np.log1p(-p), FLAT, [same])
    divergence, apart = kl(side, same), distance(side, same)
    assert divergence
    assert apart
    assert divergence.value == pytest.approx(0, abs=1e-10)
    assert apart.value == pytest.approx(0, abs=1e-7)


@settings(max_examples=25, deadline=None)
@given(st.floats(0.3, 20), st.floats(0.3, 20), st.floats(0.1, 0.9))
def test_divergence_and_distance_are_not_negative(alpha: float, beta: float, at: float) -> None:
    client = Belief(
        laws=(
            Law(family="beta", parameters={"alpha": alpha, "beta": beta}, weight=0.4),
            Law(family="normal", parameters={"mean": at, "sd": 0.2}, weight=0.6),
        ),
        low=0.0,
        high=1.0,
    )
    side = from_log_likelihood(lambda x: -0.5 * ((x - at) / 0.1) ** 2, FLAT, [client])
    divergence, apart = kl(side, client), distance(side, client)
    assert divergence
    assert apart
    assert divergence.value >= 0
    assert apart.value > 0


@pytest.mark.parametrize(
    "client",
    [
        Belief.of("normal", {"mean": 0.5, "sd": 0.1}, 0, 1),
        Belief.of("normal", {"mean": 0.9, "sd": 0.001}, 0, 1),
        Belief.of("beta", {"alpha": 0.5, "beta": 0.5}, 0, 1),
        FLAT,
    ],
    ids=str,
)
def test_distance_of_draws_is_that_of_scipy(client: Belief) -> None:
    draws = np.random.default_rng(1).beta(5, 15, size=(4, 100))
    apart = distance(from_draws(draws, draws, FLAT), client)
    assert apart
    law = client.quantile((np.arange(200_000) + 0.5) / 200_000)
    exact = stats.wasserstein_distance(draws.ravel(), law) / client.sd()
    assert apart.value == pytest.approx(exact, rel=2e-4)


def test_what_the_belief_rules_out_diverges_without_end() -> None:
    client = Belief.of("uniform", {"low": 0.2, "high": 0.6}, 0, 1)
    side = from_log_likelihood(lambda x: -0.5 * ((x - 0.25) / 0.05) ** 2, FLAT, [client])
    assert kl(side, client) is None
    near = from_log_likelihood(lambda x: -0.5 * ((x - 0.4) / 0.01) ** 2, FLAT, [client])
    found = kl(near, client)
    assert found
    entropy = math.log(0.01 * math.sqrt(2 * math.pi * math.e))
    assert found.value == pytest.approx(-entropy - math.log(2.5), abs=1e-8)


def test_a_belief_without_a_deviation_has_no_standardized_distance() -> None:
    client = Belief.of("student_t", {"df": 2.0, "location": 0.0, "scale": 1.0})
    assert distance(posterior(0.0, 1.0, client), client) is None


KNOWN = {
    "normal": (stats.truncnorm(-5, 15, 0.25, 0.05), FLAT, 0.02, 0.02),
    "at the lower bound": (stats.beta(1, 21), FLAT, 0.02, 0.06),
    "near the lower bound": (stats.beta(2, 20), FLAT, 0.02, 0.06),
    "flat": (stats.beta(1, 1), FLAT, 0.005, 0.12),
    "Student-t": (stats.t(5), normal(0, 30), 0.02, 0.13),
    "gamma": (
        stats.gamma(2),
        Belief.of("uniform", {"low": 0.0, "high": 60.0}, 0, 60),
        0.02,
        0.08,
    ),
}


@pytest.mark.parametrize("name", KNOWN)
def test_likelihood_from_draws_has_a_small_bias(name: str) -> None:
    law, reference, at_most, peak_at_most = KNOWN[name]
    rng = np.random.default_rng(11)
    levels = (np.arange(200_000) + 0.5) / 200_000
    points = law.ppf(levels)
    exact = float(np.mean(law.logpdf(points) - reference.log_density(points)))
    near = points[100:-100:50]
    exact_peak = float(np.max(law.logpdf(near) - reference.log_density(near)))
    errors = []
    for _ in range(12):
        draws: Floats = law.rvs(size=(4, 1000), random_state=rng)
        side = from_draws(draws, draws, reference)
        likelihood = marginal_likelihood(side)
        mean = float(np.mean(likelihood.at(side.values)[0]))
        errors.append((mean - exact, likelihood.log_peaks()[0] - exact_peak))
    bias, peak_bias = np.abs(np.mean(errors, axis=0))
    assert bias < at_most
    assert peak_bias < peak_at_most
