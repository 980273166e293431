"""A law cut to bounds has the mean and the standard deviation that were said, or is refused."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import brentq

from tasks.beliefs.cut_law import CutLaw, cut_law
from tasks.beliefs.families import from_moments
from tasks.beliefs.free_parameters import SUPPORTS
from tasks.beliefs.moment_fit import fit_moments
from tasks.domain import PriorFamily


def mean_and_sd(law: CutLaw) -> tuple[float, float]:
    mean, square = law.moments()
    return mean, float(np.sqrt(square - mean**2))


@pytest.mark.parametrize("family", list(SUPPORTS))
def test_without_a_cut_the_closed_form_is_the_answer(family: PriorFamily) -> None:
    found = fit_moments(family, 0.4, 0.05)
    assert found == from_moments(family, 0.4, 0.05, df=3.0)


def test_a_half_normal_law_is_found_from_its_mean_and_sd() -> None:
    found = fit_moments("normal", np.sqrt(2 / np.pi), np.sqrt(1 - 2 / np.pi), low=0.0)
    assert found is not None
    assert found["mean"] == pytest.approx(0.0, abs=1e-5)
    assert found["sd"] == pytest.approx(1.0, rel=1e-5)


def truncated_exponential(rate: float) -> tuple[float, float]:
    """Mean and sd of an exponential law cut to [0, 1]."""
    mean = 1 / rate - 1 / np.expm1(rate)
    variance = 1 / rate**2 - np.exp(rate) / np.expm1(rate) ** 2
    return mean, np.sqrt(variance)


def test_a_truncated_exponential_law_is_found_among_the_gamma_laws() -> None:
    found = fit_moments("gamma", *truncated_exponential(3.0), low=0.0, high=1.0)
    assert found == pytest.approx({"shape": 1.0, "rate": 3.0}, rel=1e-5)


@pytest.mark.parametrize(("mean", "sd"), [(0.05, 0.04), (0.05, 0.0495), (0.5, 0.1), (0.95, 0.045)])
def test_the_cut_normal_law_has_what_was_said_by_the_formulas_of_another_library(
    mean: float, sd: float
) -> None:
    found = fit_moments("normal", mean, sd, low=0.0, high=1.0)
    assert found is not None
    ends = [(end - found["mean"]) / found["sd"] for end in (0.0, 1.0)]
    law = stats.truncnorm(*ends, loc=found["mean"], scale=found["sd"])
    assert (law.mean(), law.std()) == pytest.approx((mean, sd), rel=1e-6)


def test_no_normal_law_between_0_and_1_has_a_mean_and_an_sd_of_one_twentieth() -> None:
    """Its widest is a truncated exponential one, whose sd lies just below its mean."""
    rate = brentq(lambda x: truncated_exponential(x)[0] - 0.05, 1.0, 50.0)
    widest = truncated_exponential(rate)[1]
    assert 0.04999 < widest < 0.05
    assert fit_moments("normal", 0.05, 0.05, low=0.0, high=1.0) is None
    assert fit_moments("normal", 0.05, 0.0495, low=0.0, high=1.0) is not None
    beta = fit_moments("beta", 0.05, 0.05, low=0.0, high=1.0)
    assert beta == pytest.approx({"alpha": 0.9, "beta": 17.1})


@pytest.mark.parametrize(
    ("family", "mean", "sd", "low", "high"),
    [
        ("uniform", 0.5, 0.3, 0.0, 1.0),
        ("normal", 0.5, 0.29, 0.0, 1.0),
        ("gamma", -1.0, 0.5, -np.inf, np.inf),
        ("beta", 2.0, 0.5, -np.inf, np.inf),
        ("lognormal", -2.0, 0.5, -3.0, 3.0),
    ],
)
def test_what_no_law_of_the_family_has_is_not_found(
    family: PriorFamily, mean: float, sd: float, low: float, high: float
) -> None:
    assert fit_moments(family, mean, sd, low, high) is None


LAWS: dict[PriorFamily, st.SearchStrategy[dict[str, float]]] = {
    "normal": st.builds(lambda a, b: {"mean": a, "sd": b}, st.floats(0, 1), st.floats(0.05, 0.6)),
    "student_t": st.builds(
        lambda a, b: {"df": 3.0, "location": a, "scale": b}, st.floats(0, 1), st.floats(0.05, 0.6)
    ),
    "lognormal": st.builds(
        lambda a, b: {"log_mean": a, "log_sd": b}, st.floats(-2, 0), st.floats(0.1, 1)
    ),
    "beta": st.builds(lambda a, b: {"alpha": a, "beta": b}, st.floats(0.6, 40), st.floats(0.6, 40)),
    "gamma": st.builds(lambda a, b: {"shape": a, "rate": b}, st.floats(0.6, 40), st.floats(1, 60)),
}


@pytest.mark.parametrize("family", list(LAWS))
@settings(max_examples=10, deadline=None)
@given(st.data())
def test_the_mean_and_sd_of_any_cut_law_are_met(family: PriorFamily, data: st.DataObject) -> None:
    low, high = data.draw(st.sampled_from([(0.0, 1.0), (0.1, 0.6)]))
    law = cut_law(family, data.draw(LAWS[family]), low, high)
    assume(law.mass > 0.05)
    mean, sd = mean_and_sd(law)
    found = fit_moments(family, mean, sd, low, high)
    assert found is not None
    assert mean_and_sd(cut_law(family, found, low, high)) == pytest.approx((mean, sd), rel=1e-5)
