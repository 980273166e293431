"""Prior-predictive tail probabilities against closed forms and brute force."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tasks.beliefs.belief import Belief, Law
from tasks.beliefs.conflict_record import Number
from tasks.beliefs.cut_law import Floats
from tasks.beliefs.data_side import DataSide, from_draws, from_log_likelihood
from tasks.beliefs.marginal_likelihood import MarginalLikelihood, marginal_likelihood
from tasks.beliefs.predictive import Predictive
from tasks.beliefs.predictive_tail import kl_tail, prior_predictive_tail, tail_probability

FLAT = Belief.of("uniform", {"low": 0.0, "high": 1.0}, 0, 1)
TWO_MODES = Belief(
    laws=(
        Law(family="normal", parameters={"mean": -3.0, "sd": 0.5}, weight=0.3),
        Law(family="normal", parameters={"mean": 3.0, "sd": 1.0}, weight=0.7),
    )
)


def normal(mean: float, sd: float) -> Belief:
    return Belief.of("normal", {"mean": mean, "sd": sd})


def likelihood_of(side: DataSide) -> MarginalLikelihood:
    return marginal_likelihood(side)


def tails(estimate: float, se: float, client: Belief, reference: Belief) -> tuple[Number, Number]:
    side = from_log_likelihood(lambda x: -0.5 * ((x - estimate) / se) ** 2, reference, [client])
    likelihood = likelihood_of(side)
    return prior_predictive_tail(likelihood, client), kl_tail(side, likelihood, client)


def density_tail(belief: Belief, se: float, observed: float) -> float:
    return tail_probability(predictive := Predictive(belief, se), predictive.log_density, observed)


def brute_force(belief: Belief, se: float, observed: float) -> float:
    """The same by a sum over a fine grid and 4000 equally probable values of the quantity."""
    values = belief.quantile((np.arange(4000) + 0.5) / 4000)
    grid = np.linspace(values[0] - 6 * se, values[-1] + 6 * se, 3001)
    density = np.array([stats.norm.pdf(t, values, se).mean() for t in grid])
    at_observed = stats.norm.pdf(observed, values, se).mean()
    return float(density[density <= at_observed].sum() * np.diff(grid)[0])


def test_worked_case_of_the_method() -> None:
    client = Belief.of("normal", {"mean": 0.5, "sd": 0.1}, 0, 1)
    tail, by_divergence = tails(0.25, 0.05, client, FLAT)
    assert tail.value == pytest.approx(0.0253, abs=5e-5)
    assert by_divergence.value == pytest.approx(0.0253, abs=5e-5)


@settings(max_examples=25, deadline=None)
@given(st.floats(-4, 4), st.floats(0.001, 3), st.floats(-2, 2), st.floats(0.001, 3))
def test_normal_belief_has_the_two_sided_tail_probability(
    estimate: float, se: float, mean: float, sd: float
) -> None:
    exact = 2 * stats.norm.sf(abs(estimate - mean) / math.hypot(sd, se))
    tail, by_divergence = tails(estimate, se, normal(mean, sd), normal(estimate, 10 * se))
    assert tail.value == pytest.approx(exact, rel=1e-4, abs=1e-4)
    assert by_divergence.value == pytest.approx(exact, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize(("z", "relative"), [(0.5, 1e-8), (2.0, 1e-8), (5.0, 1e-6), (7.5, 1e-2)])
def test_far_tails_keep_their_digits(z: float, relative: float) -> None:
    tail, _ = tails(z * math.hypot(2, 0.3), 0.3, normal(0, 2), normal(z, 5))
    assert tail.value == pytest.approx(2 * stats.norm.sf(z), rel=relative)


@pytest.mark.parametrize("observed", [-6.0, -3.0, -2.0, 0.0, 1.0, 3.0, 6.0])
@pytest.mark.parametrize("se", [0.05, 0.5])
def test_between_two_modes_it_is_surprising_too(se: float, observed: float) -> None:
    found = density_tail(TWO_MODES, se, observed)
    grid = np.linspace(-20, 20, 400_001)
    laws = [stats.norm(-3, math.hypot(0.5, se)), stats.norm(3, math.hypot(1, se))]
    density, at = (0.3 * laws[0].pdf(t) + 0.7 * laws[1].pdf(t) for t in (grid, observed))
    assert found == pytest.approx(density[density <= at].sum() * 1e-4, abs=2e-5)


@pytest.mark.parametrize(
    "belief",
    [
        Belief.of("uniform", {"low": 0.2, "high": 0.6}, 0, 1),
        Belief.of("beta", {"alpha": 0.5, "beta": 0.5}, 0, 1),
        Belief.of("beta", {"alpha": 5.0, "beta": 3.0}, 0, 1),
        Belief.of("normal", {"mean": 0.05, "sd": 0.1}, 0, 1),
        Belief.of("student_t", {"df": 3.0, "location": 0.4, "scale": 0.1}),
    ],
    ids=str,
)
@pytest.mark.parametrize(("observed", "se"), [(0.25, 0.05), (0.62, 0.02), (0.5, 1.0)])
def test_any_belief_agrees_with_brute_force(belief: Belief, observed: float, se: float) -> None:
    assert density_tail(belief, se, observed) == pytest.approx(
        brute_force(belief, se, observed), abs=4e-3
    )


@pytest.mark.parametrize("observed", [0.5, 0.63, 0.65, 0.66])
def test_a_precise_estimate_is_as_surprising_as_the_quantity_itself(observed: float) -> None:
    belief = Belief.of("beta", {"alpha": 5.0, "beta": 3.0}, 0, 1)
    law = stats.beta(5, 3)
    above_mode = np.linspace(2 / 3, 1, 1_000_001)
    other = above_mode[np.argmin(np.abs(law.pdf(above_mode) - law.pdf(observed)))]
    exact = law.cdf(observed) + law.sf(other)
    assert density_tail(belief, 1e-5, observed) == pytest.approx(exact, abs=3e-4)


@pytest.mark.parametrize("observed", [-4.0, -1.0, 0.5, 4.0])
def test_divergence_counts_the_shape_of_the_posterior(observed: float) -> None:
    se = 1.5
    nodes = np.linspace(-7, 7, 701)
    weights = stats.norm.pdf(nodes)
    t = np.linspace(-15, 15, 3001)

    def agreement(at: Floats) -> Floats:
        sd = 1 / math.sqrt(1 / se**2 + 1 / 1000**2)
        logs = TWO_MODES.log_density(at[:, None] + sd * nodes)
        return np.asarray(logs @ weights / weights.sum())

    density = sum(
        weight * stats.norm.pdf(t, mean, math.hypot(sd, se))
        for weight, mean, sd in ((0.3, -3, 0.5), (0.7, 3, 1))
    )
    is_farther = agreement(t) <= agreement(np.array([observed]))
    _, found = tails(observed, se, TWO_MODES, normal(observed, 1000))
    assert found.value == pytest.approx((density * is_farther).sum() * 1e-2, abs=2e-3)


@pytest.mark.parametrize("se", [1e-4, 0.1, 5.0])
def test_the_most_probable_estimate_is_not_surprising(se: float) -> None:
    assert density_tail(normal(1, 0.5), se, 1.0) == pytest.approx(1, abs=1e-4)
    assert density_tail(normal(1, 0.5), se, 1 + 0.01 * math.hypot(0.5, se)) == pytest.approx(
        2 * stats.norm.sf(0.01), abs=1e-4
    )


def test_an_estimate_out_of_reach_has_no_probability() -> None:
    belief = Belief.of("uniform", {"low": 0.2, "high": 0.6}, 0, 1)
    assert density_tail(belief, 1e-3, 0.9) == pytest.approx(0, abs=1e-12)


def test_more_data_raise_the_divergence_but_not_its_tail_probability() -> None:
    client = normal(0, 1)
    found = [tails(0.5, se, client, normal(0.5, 3)) for se in (0.3, 0.03, 0.003)]
    for tail, by_divergence in found:
        assert tail.value == pytest.approx(2 * stats.norm.sf(0.5), abs=0.02)
        assert by_divergence.value == pytest.approx(2 * stats.norm.sf(0.5), abs=0.02)


def test_draws_agree_with_quadrature() -> None:
    client = Belief.of("beta", {"alpha": 10.0, "beta": 10.0}, 0, 1)
    exact = tails(0.25, 0.05, client, FLAT)
    draws = np.clip(np.random.default_rng(4).normal(0.25, 0.05, size=(4, 1000)), 1e-6, 1)
    side = from_draws(draws, draws, FLAT)
    likelihood = likelihood_of(side)
    pairs = zip(
        exact,
        (prior_predictive_tail(likelihood, client), kl_tail(side, likelihood, client)),
        strict=True,
    )
    for known, found in pairs:
        assert found.mcse > 0
        assert abs(found.value - known.value) < 4 * found.mcse
