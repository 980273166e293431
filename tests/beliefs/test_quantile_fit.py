"""A law by least squares on probabilities is the best there is, and exact where it can be."""

from itertools import product

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from tasks.beliefs.cut_law import cut_law
from tasks.beliefs.free_parameters import SUPPORTS, candidates, moved
from tasks.beliefs.quantile_fit import can_hold, fit_probabilities
from tasks.beliefs.quick_cdf import quick_cut_cdf
from tasks.domain import PriorFamily

Floats = npt.NDArray[np.float64]
Parameters = dict[str, float]

LAWS: list[tuple[PriorFamily, Parameters]] = [
    ("normal", {"mean": 0.3, "sd": 0.2}),
    ("student_t", {"df": 3.0, "location": 0.3, "scale": 0.1}),
    ("lognormal", {"log_mean": -1.0, "log_sd": 0.5}),
    ("beta", {"alpha": 2.0, "beta": 5.0}),
    ("gamma", {"shape": 3.0, "rate": 9.0}),
    ("uniform", {"low": 0.1, "high": 0.7}),
]
BOUNDS = [(-np.inf, np.inf), (0.0, 1.0), (0.0, np.inf), (0.15, 0.6), (-np.inf, 0.5)]


def between(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_subnormal=False)


RANDOM_LAWS: dict[PriorFamily, st.SearchStrategy[Parameters]] = {
    "normal": st.fixed_dictionaries({"mean": between(-0.2, 1.2), "sd": between(0.02, 0.8)}),
    "student_t": st.fixed_dictionaries(
        {"df": st.just(3.0), "location": between(-0.2, 1.2), "scale": between(0.02, 0.8)}
    ),
    "lognormal": st.fixed_dictionaries({"log_mean": between(-3, 0), "log_sd": between(0.05, 1.2)}),
    "beta": st.fixed_dictionaries({"alpha": between(0.4, 60), "beta": between(0.4, 60)}),
    "gamma": st.fixed_dictionaries({"shape": between(0.4, 60), "rate": between(0.5, 90)}),
    "uniform": st.fixed_dictionaries({"low": between(0.16, 0.3), "high": between(0.4, 0.49)}),
}


def fitted(
    family: PriorFamily,
    quantiles: dict[float, float],
    low: float = -np.inf,
    high: float = np.inf,
    df: float = 3.0,
) -> tuple[Parameters, float]:
    probabilities, values = np.array(list(quantiles.items())).T
    return fit_probabilities(family, values, probabilities, low, high, df)


def test_a_normal_law_from_two_quantiles_has_the_closed_form() -> None:
    z = stats.norm.ppf([0.1, 0.8])
    sd = (7.0 - 2.0) / (z[1] - z[0])
    parameters, residual = fitted("normal", {0.1: 2.0, 0.8: 7.0})
    assert parameters == pytest.approx({"mean": 2.0 - sd * z[0], "sd": sd})
    assert residual < 1e-9


def test_a_lognormal_law_from_two_quantiles_has_the_closed_form() -> None:
    z = stats.norm.ppf([0.25, 0.75])
    log_sd = np.log(8.0 / 2.0) / (z[1] - z[0])
    parameters, residual = fitted("lognormal", {0.25: 2.0, 0.75: 8.0})
    assert parameters == pytest.approx({"log_mean": np.log(4.0), "log_sd": log_sd})
    assert residual < 1e-9


@pytest.mark.parametrize("df", [1.0, 3.0, 30.0])
def test_a_student_t_keeps_its_degrees_of_freedom_and_has_the_closed_form(df: float) -> None:
    scale = 2.0 / stats.t.ppf(0.9, df)
    parameters, residual = fitted("student_t", {0.1: 3.0, 0.9: 7.0}, df=df)
    assert parameters == pytest.approx({"df": df, "location": 5.0, "scale": scale})
    assert residual < 1e-9


def test_a_gamma_law_is_exponential_where_the_quantiles_are() -> None:
    parameters, _ = fitted("gamma", {0.2: -np.log(0.8) / 5, 0.7: -np.log(0.3) / 5})
    assert parameters == pytest.approx({"shape": 1.0, "rate": 5.0})


def test_a_beta_law_has_the_closed_form_where_alpha_is_1() -> None:
    quantiles = {p: 1 - (1 - p) ** (1 / 7) for p in (0.3, 0.9)}
    parameters, _ = fitted("beta", quantiles, 0.0, 1.0)
    assert parameters == pytest.approx({"alpha": 1.0, "beta": 7.0})


def test_a_uniform_law_is_a_straight_line_and_ends_at_the_bounds() -> None:
    assert fitted("uniform", {0.25: 2.0, 0.75: 4.0})[0] == pytest.approx({"low": 1.0, "high": 5.0})
    parameters, residual = fitted("uniform", {0.25: 2.0, 0.75: 4.0}, low=1.5)
    assert parameters["low"] >= 1.5
    assert residual > 0.01


@pytest.mark.parametrize(("family", "parameters"), LAWS)
@pytest.mark.parametrize(("low", "high"), BOUNDS)
def test_the_quick_distribution_function_is_that_of_the_cut_law(
    family: PriorFamily, parameters: Parameters, low: float, high: float
) -> None:
    points = np.clip(np.array([low, 0.2, 0.31, 0.45, high]), *SUPPORTS[family])
    quick = quick_cut_cdf(family, parameters, points)
    exact = cut_law(family, parameters, low, high).cdf(points[1:-1])
    np.testing.assert_allclose(quick, exact, rtol=1e-12)


def test_the_quick_distribution_function_is_exact_far_in_the_upper_tail() -> None:
    quick = quick_cut_cdf("normal", {"mean": 0.0, "sd": 1.0}, np.array([20.0, 20.05, np.inf]))
    # Of a normal law beyond 20 what lies above 20.05: phi(z)/z (1 - 1/z^2 + 3/z^4 - 15/z^6).
    tails = [np.exp(-z * z / 2) / z * (1 - z**-2 + 3 * z**-4 - 15 * z**-6) for z in (20.0, 20.05)]
    assert 1 - quick[0] == pytest.approx(tails[1] / tails[0], rel=1e-7)
    beyond = quick_cut_cdf("normal", {"mean": 0.0, "sd": 1.0}, np.array([50.0, 51.0, np.inf]))
    assert np.isnan(beyond[0])


@pytest.mark.parametrize("family", list(SUPPORTS))
@settings(max_examples=25, deadline=None)
@given(st.data())
def test_a_law_is_recovered_from_what_it_says_itself(
    family: PriorFamily, data: st.DataObject
) -> None:
    law = data.draw(RANDOM_LAWS[family])
    low, high = data.draw(st.sampled_from(BOUNDS))
    true = cut_law(family, law, low, high)
    assume(true.mass > 0.05)
    grid = st.sets(st.integers(1, 19), min_size=2, max_size=5).map(sorted)
    probabilities = np.array(data.draw(grid)) / 20
    values = true.quantile(probabilities)
    assume(np.all(np.diff(values) > 1e-6 * values[1:]))
    assume(can_hold(family, values, probabilities, low, high))
    parameters, residual = fit_probabilities(family, values, probabilities, low, high)
    assert residual < 1e-6
    again = cut_law(family, parameters, low, high).quantile(probabilities)
    np.testing.assert_allclose(again, values, rtol=1e-3, atol=1e-6)


ODD: list[tuple[PriorFamily, dict[float, float]]] = [
    ("normal", {0.21: 0.0, 0.34: 7.0, 0.82: 8.0}),  # two valleys, and the first is not the deeper
    ("normal", {0.17: 0.0, 0.68: 1.0, 0.78: 5.0}),
    ("student_t", {0.21: 0.0, 0.34: 7.0, 0.82: 8.0}),
    ("lognormal", {0.1: 1.0, 0.5: 2.0, 0.9: 9.0}),
    ("gamma", {0.1: 1.0, 0.5: 2.0, 0.6: 5.0, 0.9: 9.0}),
    ("uniform", {0.1: 1.0, 0.5: 2.0, 0.9: 9.0}),
]


@pytest.mark.parametrize(("family", "quantiles"), ODD)
def test_no_law_on_a_grid_is_nearer_than_the_fitted_one(
    family: PriorFamily, quantiles: dict[float, float]
) -> None:
    probabilities, values = np.array(list(quantiles.items())).T
    parameters, residual = fitted(family, quantiles)
    guesses = {
        "normal": ([-2, 0, 1, 2, 4, 6, 7, 7.5, 8], [0.3, 0.5, 0.7, 1, 2, 4, 8]),
        "student_t": ([-2, 0, 1, 2, 4, 6, 7, 7.5, 8], [0.3, 0.5, 0.7, 1, 2, 4, 8]),
        "lognormal": ([-1, 0, 0.5, 0.7, 1, 1.5, 2], [0.05, 0.1, 0.5, 0.8, 1, 2]),
        "gamma": ([0.5, 1, 1.5, 2, 4, 8], [0.1, 0.3, 0.5, 0.7, 1, 2, 4]),
        "uniform": ([-2, 0, 0.5, 0.8, 1, 1.5], [2.2, 2.5, 3, 4, 8, 9, 10]),
    }
    names = [name for name in parameters if name != "df"]
    trials = [dict(zip(names, pair, strict=True)) for pair in product(*guesses[family])]
    trials += [moved(family, parameters, *step) for step in product((-0.01, 0.0, 0.01), repeat=2)]
    for trial in trials:
        law = cut_law(family, {**parameters, **trial}, -np.inf, np.inf)
        missed = np.sqrt(np.mean((law.cdf(values) - probabilities) ** 2))
        assert missed >= residual - 1e-12


@pytest.mark.parametrize(
    ("values", "probabilities", "able"),
    [
        ([0.2, 0.4], [0.3, 0.6], set(SUPPORTS)),
        ([0.2, 1.4], [0.3, 0.6], set(SUPPORTS) - {"beta"}),
        ([-0.2, 0.4], [0.3, 0.6], {"normal", "student_t", "uniform"}),
        ([-0.2, 0.4, 1.4], [0.0, 0.6, 1.0], set(SUPPORTS)),
    ],
)
def test_a_family_can_hold_what_lies_within_its_support(
    values: list[float], probabilities: list[float], able: set[PriorFamily]
) -> None:
    judgements = np.array(values), np.array(probabilities)
    assert {f for f in SUPPORTS if can_hold(f, *judgements, -np.inf, np.inf)} == able


def test_only_families_without_an_end_that_nobody_spoke_of_are_tried() -> None:
    assert candidates(0.0, 1.0) == ("normal", "beta", "gamma", "lognormal", "student_t")
    assert candidates(0.0, 2.0) == ("normal", "gamma", "lognormal", "student_t")
    assert candidates(-1.0, 1.0) == ("normal", "student_t")


def test_what_was_said_is_left_as_it_was() -> None:
    values, probabilities = np.array([0.1, 0.2, 0.4]), np.array([0.2, 0.5, 0.9])
    before = values.copy(), probabilities.copy()
    fit_probabilities("beta", values, probabilities, 0.0, 1.0)
    np.testing.assert_array_equal((values, probabilities), before)
