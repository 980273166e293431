"""Laws of belief: known values, and what every distribution must do."""

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy import integrate, stats

from tasks.beliefs.belief import Belief, Law
from tasks.beliefs.families import from_moments, scipy_law, tempered
from tasks.domain import PriorFamily

PROBABILITIES = np.array([1e-9, 1e-4, 0.01, 0.3, 0.5, 0.8, 0.99, 1 - 1e-6])


def positive(low: float = 0.05, high: float = 20.0) -> st.SearchStrategy[float]:
    return st.floats(low, high)


def place() -> st.SearchStrategy[float]:
    return st.floats(-5, 5)


LAWS: dict[PriorFamily, st.SearchStrategy[dict[str, float]]] = {
    "normal": st.fixed_dictionaries({"mean": place(), "sd": positive()}),
    "student_t": st.fixed_dictionaries(
        {"df": positive(0.6, 30), "location": place(), "scale": positive()}
    ),
    "lognormal": st.fixed_dictionaries({"log_mean": place(), "log_sd": positive(0.05, 2)}),
    "beta": st.fixed_dictionaries({"alpha": positive(0.3, 50), "beta": positive(0.3, 50)}),
    "gamma": st.fixed_dictionaries({"shape": positive(0.3, 50), "rate": positive()}),
    "uniform": st.builds(lambda low, width: {"low": low, "high": low + width}, place(), positive()),
}
ANY_LAW = st.sampled_from(sorted(LAWS)).flatmap(
    lambda family: st.tuples(st.just(family), LAWS[family])
)


WITH_A_POLE = Belief(
    laws=(
        Law(family="beta", parameters={"alpha": 1.0, "beta": 0.5}, weight=0.5),
        Law(family="gamma", parameters={"shape": 1.0, "rate": 0.5}, weight=0.5),
    )
)


@st.composite
def cut_beliefs(draw: st.DrawFn) -> Belief:
    """One or two laws, cut at quantiles of the first or not at all."""
    laws = draw(st.lists(ANY_LAW, min_size=1, max_size=2))
    law = scipy_law(*laws[0])
    low = float(law.ppf(draw(st.floats(0.01, 0.4)))) if draw(st.booleans()) else None
    high = float(law.ppf(draw(st.floats(0.6, 0.99)))) if draw(st.booleans()) else None
    ends = -np.inf if low is None else low, np.inf if high is None else high
    kept = [one for one in laws if np.diff(scipy_law(*one).cdf(ends)).item() > 1e-3]
    return Belief(
        laws=tuple(
            Law(family=family, parameters=parameters, weight=1 / len(kept))
            for family, parameters in kept
        ),
        low=low,
        high=high,
    )


@settings(max_examples=60, deadline=None)
@given(cut_beliefs(), st.floats(0.001, 0.999))
def test_distribution_function_undoes_the_quantile(belief: Belief, p: float) -> None:
    assert belief.cdf(belief.quantile(p)) == pytest.approx(p, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(cut_beliefs(), st.floats(0.02, 0.5), st.floats(0.5, 0.98))
@example(WITH_A_POLE, 0.5, 0.75)
def test_density_integrates_to_the_distribution_function(
    belief: Belief, lower: float, upper: float
) -> None:
    ends = belief.quantile([lower, upper])
    marks = belief.law_quantiles(1 / (1 + np.exp(-np.linspace(-30, 30, 121)))).ravel()
    supports = [
        end for law in belief.laws for end in scipy_law(law.family, law.parameters).support()
    ]
    edges = np.unique(np.clip(np.concatenate([marks, supports, ends]), *ends))
    nodes, weights = np.polynomial.legendre.leggauss(12)
    half = np.diff(edges)[:, None] / 2
    x = edges[:-1, None] + half * (nodes + 1)
    x = np.minimum(x, np.nextafter(edges[1:], -np.inf)[:, None])  # there may be a pole at the end
    area = (half * weights * np.exp(belief.log_density(x))).sum()
    assert area == pytest.approx(float(np.diff(belief.cdf(ends))[0]), abs=1e-7)


@settings(max_examples=60, deadline=None)
@given(ANY_LAW, st.floats(0.05, 1))
def test_tempered_law_is_a_power_of_the_density(
    law: tuple[PriorFamily, dict[str, float]], power: float
) -> None:
    family, parameters = law
    flat = tempered(family, parameters, power)
    if flat is None:
        assert family == "student_t"
        assert power * (parameters["df"] + 1) <= 1
        return
    x = scipy_law(family, parameters).ppf([0.05, 0.2, 0.5, 0.7, 0.95])
    difference = scipy_law(family, flat).logpdf(x) - power * scipy_law(family, parameters).logpdf(x)
    np.testing.assert_allclose(difference, difference[0], rtol=1e-8, atol=1e-8)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(LAWS)), st.floats(0.05, 0.95), st.floats(0.01, 2))
def test_law_from_moments_has_them(family: PriorFamily, mean: float, sd: float) -> None:
    parameters = from_moments(family, mean, sd)
    if parameters is None:
        assert family == "beta"
        assert sd**2 >= mean * (1 - mean) * (1 - 1e-9)
        return
    found, variance = scipy_law(family, parameters).stats("mv")
    assert (found, math.sqrt(variance)) == pytest.approx((mean, sd), rel=1e-6)


@pytest.mark.parametrize(("mean", "sd"), [(1.0, 0.1), (1.5, 0.1), (0.5, 0.5), (0.0, 0.1)])
def test_no_beta_law_has_moments_outside_of_its_bounds(mean: float, sd: float) -> None:
    assert from_moments("beta", mean, sd) is None


@pytest.mark.parametrize(
    ("mean", "sd", "low", "high"),
    [(0.5, 0.1, 0.0, 1.0), (0.05, 0.1, 0.0, 1.0), (-3.0, 0.5, 0.0, 1.0), (9.0, 1.0, -1.0, 2.0)],
)
def test_cut_normal_is_that_of_scipy(mean: float, sd: float, low: float, high: float) -> None:
    law = stats.truncnorm((low - mean) / sd, (high - mean) / sd, mean, sd)
    belief = Belief.of("normal", {"mean": mean, "sd": sd}, low, high)
    x = law.ppf([0.001, 0.1, 0.5, 0.9, 0.999])
    np.testing.assert_allclose(belief.log_density(x), law.logpdf(x), rtol=1e-9)
    np.testing.assert_allclose(belief.cdf(x), law.cdf(x), rtol=1e-8)
    np.testing.assert_allclose(belief.quantile([0.01, 0.5, 0.99]), law.ppf([0.01, 0.5, 0.99]))
    assert (belief.mean(), belief.sd()) == pytest.approx((law.mean(), law.std()), rel=1e-6)


def test_half_cauchy_keeps_its_far_tail() -> None:
    half = Belief.of("student_t", {"df": 1.0, "location": 0.0, "scale": 5.0}, low=0.0)
    np.testing.assert_allclose(
        half.quantile(PROBABILITIES), stats.halfcauchy(0, 5).ppf(PROBABILITIES), rtol=1e-7
    )
    assert half.log_density(3.0) == pytest.approx(stats.halfcauchy(0, 5).logpdf(3.0))


@pytest.mark.parametrize("df", [1.0, 1.5, 2.0])
def test_moments_that_do_not_exist_are_not_finite(df: float) -> None:
    half = Belief.of("student_t", {"df": df, "location": 0.0, "scale": 1.0}, low=0.0)
    assert not math.isfinite(half.sd())
    assert not (math.isfinite(half.mean()) and df <= 1)


def test_mean_of_a_half_student_t_is_not_that_of_the_whole() -> None:
    half = Belief.of("student_t", {"df": 1.5, "location": 0.0, "scale": 1.0}, low=0.0)
    exact = 2 * integrate.quad(lambda x: x * stats.t(1.5).pdf(x), 0, np.inf)[0]
    assert half.mean() == pytest.approx(exact, rel=1e-6)


@pytest.mark.parametrize(
    ("df", "low", "high"), [(3.0, 0.0, None), (2.5, 0.0, None), (3.0, -1.0, 50.0), (5.0, None, 1.0)]
)
def test_moments_of_a_cut_student_t(df: float, low: float | None, high: float | None) -> None:
    belief = Belief.of("student_t", {"df": df, "location": 0.0, "scale": 1.0}, low, high)
    law, (a, b) = stats.t(df), belief.bounds
    mass = law.cdf(b) - law.cdf(a)
    first = integrate.quad(lambda x: x * law.pdf(x), a, b, limit=500)[0] / mass
    second = integrate.quad(lambda x: x**2 * law.pdf(x), a, b, limit=500)[0] / mass
    assert belief.mean() == pytest.approx(first, rel=1e-5)
    assert belief.sd() == pytest.approx(math.sqrt(second - first**2), rel=1e-5)


@pytest.mark.parametrize(("low", "high"), [(None, None), (1e9 - 5, 1e9 + 5), (1e9 - 5, None)])
def test_deviation_is_not_lost_beside_a_large_mean(low: float | None, high: float | None) -> None:
    belief = Belief.of("normal", {"mean": 1e9, "sd": 1.0}, low, high)
    assert belief.sd() == pytest.approx(1, rel=1e-4)


def test_mixture_is_the_weighted_sum_of_its_laws() -> None:
    laws = (
        Law(family="normal", parameters={"mean": -3.0, "sd": 0.5}, weight=0.3),
        Law(family="student_t", parameters={"df": 5, "location": 3, "scale": 1}, weight=0.7),
    )
    mixture = Belief(laws=laws)
    x = np.array([-3.5, 0.0, 2.0, 5.0])
    parts = stats.norm(-3, 0.5), stats.t(5, 3, 1)
    np.testing.assert_allclose(
        np.exp(mixture.log_density(x)), 0.3 * parts[0].pdf(x) + 0.7 * parts[1].pdf(x)
    )
    assert mixture.mean() == pytest.approx(0.3 * -3 + 0.7 * 3)
    assert mixture.sd() == pytest.approx(
        math.sqrt(0.3 * (0.25 + 9) + 0.7 * (5 / 3 + 9) - mixture.mean() ** 2)
    )
    assert mixture.law_quantiles(0.5) == pytest.approx([-3, 3])


def test_draws_follow_the_law() -> None:
    laws = (
        Law(family="normal", parameters={"mean": 0.2, "sd": 0.1}, weight=0.5),
        Law(family="beta", parameters={"alpha": 9, "beta": 2}, weight=0.5),
    )
    belief = Belief(laws=laws, low=0.0, high=1.0)
    draws = belief.sample(np.random.default_rng(1), 4000)
    assert stats.kstest(draws, belief.cdf).pvalue > 0.01
    assert stats.kstest(draws, Belief(laws=laws[::-1], low=0.1, high=1.0).cdf).pvalue < 0.01


@pytest.mark.parametrize(
    ("belief", "what"),
    [
        ({"laws": ()}, "at least 1"),
        (
            {"laws": ({"family": "normal", "parameters": {"mean": 0, "sd": 1}, "weight": 0.5},)},
            "sum to 1",
        ),
        ({"laws": ({"family": "normal", "parameters": {"mean": 0}},)}, "has the parameters"),
        ({"laws": ({"family": "normal", "parameters": {"mean": 0, "sd": 0}},)}, "must be > 0"),
        (
            {"laws": ({"family": "normal", "parameters": {"mean": 0, "sd": 1}},), "low": 99},
            "holds nothing",
        ),
        (
            {
                "laws": ({"family": "normal", "parameters": {"mean": 0, "sd": 1}},),
                "low": 1,
                "high": 1,
            },
            "low must lie below high",
        ),
    ],
)
def test_what_is_no_distribution_is_refused(belief: dict[str, object], what: str) -> None:
    with pytest.raises(ValidationError, match=what):
        Belief.model_validate(belief)
