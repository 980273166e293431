"""The divergence against its definition, an integral, and its properties."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from tasks.bayes.normal_divergence import kl_normal

means = st.floats(-5, 5)
sds = st.floats(0.2, 5)


@pytest.mark.parametrize(
    ("distribution", "prior"),
    [((0, 1), (0, 2)), ((3, 1), (0, 2)), ((-1, 3), (2, 1)), ((7.4467, 4.5), (0, 20))],
)
def test_it_is_the_integral_of_its_definition(
    distribution: tuple[float, float], prior: tuple[float, float]
) -> None:
    mean, sd = distribution

    def integrand(x: float) -> float:
        gap = stats.norm.logpdf(x, mean, sd) - stats.norm.logpdf(x, *prior)
        return float(stats.norm.pdf(x, mean, sd) * gap)

    expected, _ = integrate.quad(integrand, mean - 12 * sd, mean + 12 * sd, epsabs=1e-12)
    assert kl_normal(*distribution, *prior) == pytest.approx(expected, abs=1e-9)


def test_it_is_not_symmetric() -> None:
    assert kl_normal(0, 1, 0, 2) == pytest.approx(math.log(2) - 3 / 8)
    assert kl_normal(0, 2, 0, 1) == pytest.approx(3 / 2 - math.log(2))


@given(means, sds, means, sds)
def test_it_is_0_of_a_distribution_from_itself_and_else_above(
    mean: float, sd: float, prior_mean: float, prior_sd: float
) -> None:
    divergence = kl_normal(mean, sd, prior_mean, prior_sd)
    assert divergence >= -1e-12
    assert kl_normal(mean, sd, mean, sd) == 0
    if abs(mean - prior_mean) > 0.01 or abs(sd - prior_sd) > 0.01:
        assert divergence > 1e-7


@given(means, sds, means, sds, means, st.floats(0.1, 100))
def test_it_does_not_depend_on_the_unit(
    mean: float, sd: float, prior_mean: float, prior_sd: float, shift: float, scale: float
) -> None:
    moved = [shift + scale * mean, scale * sd, shift + scale * prior_mean, scale * prior_sd]
    expected = kl_normal(mean, sd, prior_mean, prior_sd)
    assert kl_normal(*moved) == pytest.approx(expected, rel=1e-7, abs=1e-9)
