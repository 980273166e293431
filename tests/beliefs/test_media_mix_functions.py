"""The functions of the media mix program, one by one, against closed forms and SciPy."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import integrate, stats

from tasks.bayes.stan_model import sample
from tasks.beliefs.belief import Belief, Law
from tasks.beliefs.media_mix_data import share_priors

Floats = npt.NDArray[np.float64]
Evaluate = Callable[..., dict[str, Floats]]
PROGRAM = Path(__file__).parent / "programs" / "media_functions.stan"
UNIFORM = Law(family="uniform", parameters={"low": 0.0, "high": 1.0}, weight=0.6)


def mixture(law: Law) -> Belief:
    return Belief(laws=(law.model_copy(update={"weight": 0.4}), UNIFORM), low=0, high=1)


LAWS = [
    Law(family="normal", parameters={"mean": 0.5, "sd": 0.1}),
    Law(family="normal", parameters={"mean": -0.3, "sd": 0.2}),
    Law(family="student_t", parameters={"df": 3.0, "location": 0.9, "scale": 0.2}),
    Law(family="lognormal", parameters={"log_mean": -1.0, "log_sd": 0.7}),
    Law(family="beta", parameters={"alpha": 2.0, "beta": 6.0}),
    Law(family="gamma", parameters={"shape": 3.0, "rate": 4.0}),
    Law(family="uniform", parameters={"low": 0.0, "high": 1.0}),
    Law(family="uniform", parameters={"low": -0.5, "high": 1.5}),
]
BELIEFS = [Belief(laws=(law,), low=0, high=1) for law in LAWS] + [mixture(law) for law in LAWS[:6]]
VALUES = np.linspace(0.02, 0.98, 25)


@pytest.fixture(scope="module")
def evaluate() -> Evaluate:
    def run(
        beliefs: list[Belief] = BELIEFS[:1],
        spend: npt.ArrayLike = (1.0, 2.0),
        n_weeks: int = 2,
        decay: float = 0.5,
        half: float = 1.0,
        shock_sd: float = 0.4,
    ) -> dict[str, Floats]:
        names = [f"b{place}" for place in range(len(beliefs))]
        priors = share_priors(names, dict(zip(names, beliefs, strict=True)))
        data: dict[str, Any] = {
            "N": len(VALUES),
            "value": VALUES,
            "F": len(beliefs),
            "family": priors["share_family"],
            "given": priors["share_parameters"],
            "log_mass": priors["share_log_mass"],
            "weight": priors["share_weight"],
            "T": n_weeks,
            "W": np.size(spend),
            "spend": np.asarray(spend, dtype=np.float64),
            "decay": decay,
            "half": half,
            "sd": 0.1,
            "shock_probability": 0.2,
            "shock_sd": shock_sd,
        }
        drawn = sample(PROGRAM, data, seed=1, chains=1, warmup=1, draws=1).posterior
        return {str(name): values.values[0, 0] for name, values in drawn.items()}

    return run


def test_a_belief_has_the_density_that_it_has_in_python(evaluate: Evaluate) -> None:
    found = evaluate(beliefs=BELIEFS)["log_density"]
    for belief, row in zip(BELIEFS, found, strict=True):
        np.testing.assert_allclose(row, belief.log_density(VALUES), rtol=1e-9, atol=1e-9)


def test_every_belief_integrates_to_one_over_the_shares() -> None:
    """The densities that the program is compared with are complete themselves."""
    for belief in BELIEFS:
        total, _ = integrate.quad(lambda x, b=belief: float(np.exp(b.log_density(x))), 0, 1)
        assert abs(total - 1) < 1e-6, str(belief)


def test_the_adstock_of_one_burst_is_a_geometric_series(evaluate: Evaluate) -> None:
    spend = np.zeros(10)
    spend[4] = 3.0
    stock = evaluate(spend=spend, n_weeks=7, decay=0.6)["stock"]
    np.testing.assert_allclose(stock, [0, 3.0, 1.8, 1.08, 0.648, 0, 0], atol=1e-12)


def test_what_was_spent_before_the_period_acts_in_it(evaluate: Evaluate) -> None:
    spend, decay = np.random.default_rng(1).gamma(1.0, size=9), 0.3
    stock = evaluate(spend=spend, n_weeks=6, decay=decay)["stock"]
    expected = [sum(decay**lag * spend[3 + t - lag] for lag in range(4)) for t in range(6)]
    np.testing.assert_allclose(stock, expected, rtol=1e-12)


def test_saturation_is_half_where_the_adstock_is_half_times_its_mean(evaluate: Evaluate) -> None:
    found = evaluate(spend=[1.0, 2.0, 3.0, 6.0], n_weeks=4, decay=0.0, half=2.0)
    np.testing.assert_allclose(found["stock"], [1.0, 2.0, 3.0, 6.0])
    np.testing.assert_allclose(found["effect"], np.array([1, 2, 3, 6]) / (np.array([7, 8, 9, 12])))
    assert found["effect"][3] == pytest.approx(0.5)


def test_a_response_has_the_mean_one_in_any_unit_of_spend(evaluate: Evaluate) -> None:
    spend = np.random.default_rng(2).gamma(0.5, size=30)
    found = evaluate(spend=spend, n_weeks=20, decay=0.4, half=0.7)["response"]
    in_cents = evaluate(spend=100 * spend, n_weeks=20, decay=0.4, half=0.7)["response"]
    assert found.mean() == pytest.approx(1.0)
    assert np.ptp(found) > 0.5
    np.testing.assert_allclose(in_cents, found, rtol=1e-9)


def test_noise_with_shocks_is_a_mixture_of_two_normals(evaluate: Evaluate) -> None:
    usual, shocked = (
        stats.norm(0.5, 0.1).pdf(VALUES),
        stats.norm(0.5, np.hypot(0.1, 0.4)).pdf(VALUES),
    )
    found = evaluate()["noise_density"]
    np.testing.assert_allclose(found, np.log(0.8 * usual + 0.2 * shocked), rtol=1e-10)


def test_noise_with_shocks_of_no_size_is_normal(evaluate: Evaluate) -> None:
    found = evaluate(shock_sd=0.0)["noise_density"]
    np.testing.assert_allclose(found, stats.norm(0.5, 0.1).logpdf(VALUES), rtol=1e-10)
