"""Quadrature against Stan, against scipy and against simulation; draws, intervals, shares."""

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import arviz as az
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import integrate, stats
from scipy.interpolate import CubicSpline

from tasks.bayes.conjugate import (
    empirical_bayes_variance,
    log_marginal,
    posterior_mean,
    posterior_variance,
)
from tasks.bayes.importance_shares import credible_interval, importance_shares, share_interval
from tasks.bayes.key_importance import (
    ImportancePosterior,
    draw_importance,
    importance_posterior,
)
from tasks.bayes.posterior_diagnostics import check
from tasks.bayes.stan_model import sample
from tasks.bayes.stan_program import StanProgram, compile_program
from tasks.errors import InputError, RunError
from tasks.locations import resource

Floats = npt.NDArray[np.float64]

YBAR = [2.1, -0.4, 0.9, 0.0, 3.5, -1.2, 0.3]
COUNTS = [3, 40, 12, 0, 1, 7, 150]
DATA = {"K": 7, "ybar": YBAR, "n": COUNTS, "sigma2_obs": 4.0, "a0": 3.0, "b0": 2.0}
MOST_STANDARD_ERRORS = 4


def of_data(data: dict[str, Any] = DATA) -> ImportancePosterior:
    return importance_posterior(data["ybar"], data["n"], data["sigma2_obs"], data["a0"], data["b0"])


@pytest.fixture(scope="module")
def program() -> StanProgram:
    return compile_program(resource("stan", "key_importance.stan"))


@pytest.fixture(scope="module")
def fit(program: StanProgram) -> az.InferenceData:
    return sample(program, DATA, seed=1, draws=4000, adapt_delta=0.95)


def distances(draws: Floats, mean: npt.ArrayLike, second: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """How many MCSE two moments of draws, shape (chain, draw, ...), are from exact ones."""
    found = []
    for power, exact in ((1, mean), (2, second)):
        values = draws.reshape(*draws.shape[:2], -1) ** power
        for column, expected in zip(np.moveaxis(values, -1, 0), np.ravel(exact), strict=True):
            error = column.std(ddof=1) / math.sqrt(az.ess(column, method="mean"))
            found.append(abs(column.mean() - expected) / error)
    return np.array(found)


def test_stan_agrees_in_both_moments(fit: az.InferenceData) -> None:
    assert check(fit).passed
    exact = of_data()
    alpha = distances(fit.posterior["alpha"].values, exact.mean, exact.mean**2 + exact.sd**2)
    assert alpha.max() < MOST_STANDARD_ERRORS
    sigma2 = np.exp(exact.log_sigma2_fk)
    moments = exact.weights @ sigma2, exact.weights @ sigma2**2
    between = distances(fit.posterior["sigma2_FK"].values, *moments)
    assert between.max() < MOST_STANDARD_ERRORS


def test_stan_tells_another_prior_from_this_one(fit: az.InferenceData) -> None:
    """Control: the comparison has the power to fail."""
    other = of_data(DATA | {"b0": 2.5})
    alpha = fit.posterior["alpha"].values
    assert distances(alpha, other.mean, other.mean**2 + other.sd**2).max() > 6


def test_no_constant_is_dropped_and_the_evidence_is_that_of_stan(fit: az.InferenceData) -> None:
    """Joint density / posterior density is the evidence, at every draw."""
    exact = of_data()
    sigma2 = fit.posterior["sigma2_FK"].values.ravel()[:500]
    alpha = fit.posterior["alpha"].values.reshape(-1, 7)[:500]
    lam = 4.0 / sigma2[:, None]
    sd = np.sqrt(posterior_variance(COUNTS, lam, 4.0))
    log_posterior = CubicSpline(exact.log_sigma2_fk, exact.log_density)(np.log(sigma2))
    log_posterior += stats.norm.logpdf(alpha, posterior_mean(YBAR, COUNTS, lam), sd).sum(axis=1)
    log_posterior += 7 / 2 * np.log(sigma2)  # Stan's parameter is eta = alpha / sqrt(sigma2_FK)
    joint = fit.sample_stats["lp"].values.ravel()[:500]
    np.testing.assert_allclose(joint - log_posterior, exact.log_evidence, atol=1e-3)


def test_stan_keeps_likelihood_and_replications_by_key(fit: az.InferenceData) -> None:
    seen = np.array(COUNTS) > 0
    error = np.sqrt(4.0 / np.array(COUNTS)[seen])
    alpha = fit.posterior["alpha"].values[..., seen]
    log_lik = fit.log_likelihood["log_lik"].values
    expected = stats.norm.logpdf(np.array(YBAR)[seen], alpha, error)
    np.testing.assert_allclose(log_lik[..., seen], expected, rtol=1e-10)
    assert (log_lik[..., ~seen] == 0).all()
    replications = fit.posterior_predictive["ybar_rep"].values
    assert np.isnan(replications[..., ~seen]).all()
    z = ((replications[..., seen] - alpha) / error).ravel()
    assert abs(z.mean()) < MOST_STANDARD_ERRORS / math.sqrt(z.size)
    assert abs((z**2).mean() - 1) < MOST_STANDARD_ERRORS * math.sqrt(2 / z.size)
    assert fit.observed_data["ybar"].values.tolist() == YBAR


@pytest.mark.parametrize(
    ("change", "said"), [({"n": [-1, *COUNTS[1:]]}, "n"), ({"K": 0}, "K"), ({"b0": -1.0}, "b0")]
)
def test_stan_refuses_data_out_of_bounds(
    change: dict[str, Any], said: str, program: StanProgram
) -> None:
    with pytest.raises((InputError, RunError), match=rf"\b{said}\b"):
        sample(program, DATA | change, seed=1, chains=1)


CASES = {
    "unequal counts": DATA,
    "one key, vague prior": DATA
    | {"ybar": [5.0], "n": [2], "a0": 0.6, "b0": 0.01, "sigma2_obs": 30.0},
    "one key, a prior that says almost nothing": DATA
    | {"ybar": [5.0], "n": [2], "a0": 0.05, "b0": 1e-5, "sigma2_obs": 46.0},
    "a key without observations, heavy tail": DATA
    | {"ybar": [5.0, 0.0], "n": [2, 0], "a0": 1.2, "b0": 0.01},
    "a prior far from the data": DATA | {"a0": 25.0, "b0": 1e-4},
    "a prior far above the data": DATA | {"a0": 0.5, "b0": 400.0},
    "two tops": DATA
    | {"ybar": [0.02] * 4 + [8.0] * 5, "n": [10**6] * 4 + [1] * 5, "a0": 0.3, "b0": 1e-5},
}


def brute_force(data: dict[str, Any], key: int) -> tuple[float, float, float]:
    """Log evidence, and mean and sd of one alpha, by adaptive integration over log sigma2_fk."""
    ybar, n = np.array(data["ybar"]), np.array(data["n"])
    seen = n > 0
    error2 = data["sigma2_obs"] / n[seen]

    def log_joint(u: float) -> float:
        likelihood = stats.norm.logpdf(ybar[seen], 0, np.sqrt(math.exp(u) + error2)).sum()
        return float(
            stats.invgamma.logpdf(math.exp(u), data["a0"], scale=data["b0"]) + u + likelihood
        )

    grid = np.linspace(-25, 45, 701)
    values = np.array([log_joint(u) for u in grid])
    peak = values.max()
    kept = grid[values > peak - 70]  # far enough for the mean of sigma2_fk
    knots = np.linspace(kept[0] - 0.1, kept[-1] + 0.1, 41)

    def integral(weight: Callable[[float], float]) -> float:
        return sum(
            integrate.quad(
                lambda u: weight(u) * math.exp(log_joint(u) - peak), a, b, epsabs=0, epsrel=1e-9
            )[0]
            for a, b in pairwise(knots)
        )

    def given(u: float) -> tuple[float, float]:
        precision = n[key] / data["sigma2_obs"] + math.exp(-u)
        return ybar[key] * n[key] / data["sigma2_obs"] / precision, 1 / precision

    total = integral(lambda u: 1.0)
    mean = integral(lambda u: given(u)[0]) / total
    variance = integral(lambda u: given(u)[1] + (given(u)[0] - mean) ** 2) / total
    return peak + math.log(total), mean, math.sqrt(variance)


@pytest.mark.parametrize("case", CASES)
def test_quadrature_agrees_with_adaptive_integration(case: str) -> None:
    exact = of_data(CASES[case])
    key = len(exact.ybar) - 1
    evidence, mean, sd = brute_force(CASES[case], key)
    assert exact.log_evidence == pytest.approx(evidence, abs=1e-8)
    assert exact.mean[key] == pytest.approx(mean, rel=1e-8)
    assert exact.sd[key] == pytest.approx(sd, rel=1e-8)


@pytest.mark.parametrize("keys", [2, 30, 400, 3000])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_no_mass_is_missed_however_narrow_the_posterior(keys: int, scale: float) -> None:
    """Against a plain sum over a very wide and fine grid, with a prior far to the left."""
    rng = np.random.default_rng(keys)
    n = rng.integers(1, 100, keys)
    ybar = scale * rng.normal(0, np.sqrt(1 + 2.0 / n))
    exact = importance_posterior(ybar, n, 2.0 * scale**2, 0.2, 1e-6 * scale**2)
    centre = 2 * math.log(scale)
    grid = np.linspace(centre - 20, centre + (20 if keys > 2 else 40), 4001)
    prior = stats.invgamma.logpdf(np.exp(grid), 0.2, scale=1e-6 * scale**2) + grid
    rows = np.array_split(np.exp(grid), 40)
    likelihood = np.concatenate([log_marginal(row, ybar, 2.0 * scale**2 / n) for row in rows])
    expected = np.logaddexp.reduce(prior + likelihood) + math.log(grid[1] - grid[0])
    assert exact.log_evidence == pytest.approx(expected, rel=1e-11, abs=1e-8)


@given(
    ybar=arrays(float, 5, elements=st.floats(-10, 10)),
    unit=st.floats(1e-3, 1e3),
    sigma2_obs=st.floats(0.1, 10),
)
def test_a_change_of_unit_changes_the_unit_alone(
    ybar: Floats, unit: float, sigma2_obs: float
) -> None:
    n = [1, 2, 5, 0, 30]
    here = importance_posterior(ybar, n, sigma2_obs, 2.0, 1.0)
    there = importance_posterior(unit * ybar, n, unit**2 * sigma2_obs, 2.0, unit**2)
    np.testing.assert_allclose(there.mean, unit * here.mean, rtol=1e-8, atol=1e-12 * unit)
    np.testing.assert_allclose(there.sd, unit * here.sd, rtol=1e-8)
    assert here.weights.sum() == pytest.approx(1)
    assert (np.abs(here.mean) <= np.abs(ybar)).all()


def test_a_sharp_prior_gives_the_conjugate_posterior() -> None:
    a0, sigma2_fk = 1e7, 0.8
    exact = importance_posterior(YBAR, COUNTS, 4.0, a0, a0 * sigma2_fk)
    lam = 4.0 / sigma2_fk
    np.testing.assert_allclose(exact.mean, posterior_mean(YBAR, COUNTS, lam), rtol=1e-5)
    np.testing.assert_allclose(exact.sd**2, posterior_variance(COUNTS, lam, 4.0), rtol=1e-5)


def test_draws_follow_the_posterior() -> None:
    """sigma2_fk against the distribution function of the quadrature; alpha by both moments."""
    exact = of_data()
    sigma2, alpha = draw_importance(exact, 500_000, np.random.default_rng(1))
    below = integrate.cumulative_simpson(
        np.exp(log_density_on(exact, grid := np.linspace(-6, 8, 20_001))), x=grid, initial=0
    )
    assert below[-1] == pytest.approx(1, abs=1e-6)
    assert stats.kstest(np.log(sigma2), lambda u: np.interp(u, grid, below)).pvalue > 1e-3
    error = exact.sd / math.sqrt(len(alpha))
    assert (np.abs(alpha.mean(axis=0) - exact.mean) < MOST_STANDARD_ERRORS * error).all()
    squares = (alpha - exact.mean) ** 2
    error = squares.std(axis=0) / math.sqrt(len(alpha))
    assert (np.abs(squares.mean(axis=0) - exact.sd**2) < MOST_STANDARD_ERRORS * error).all()
    assert len(np.unique(sigma2)) == len(sigma2)


def log_density_on(exact: ImportancePosterior, grid: Floats) -> Floats:
    """Log posterior density of log sigma2_fk, written out with scipy's densities."""
    seen = np.array(COUNTS) > 0
    deviation = np.sqrt(np.exp(grid)[:, None] + 4.0 / np.array(COUNTS)[seen])
    likelihood = stats.norm.logpdf(np.array(YBAR)[seen], 0, deviation).sum(axis=1)
    prior = stats.invgamma.logpdf(np.exp(grid), 3.0, scale=2.0) + grid
    return np.asarray(prior + likelihood - exact.log_evidence)


def test_the_same_seed_gives_the_same_draws() -> None:
    one, two, other = (
        draw_importance(of_data(), 5, np.random.default_rng(seed))[1] for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, two)
    assert (one != other).all()


def test_intervals_cover_under_draws_from_the_prior() -> None:
    """95 % intervals hold 95 % of the truths; those that plug sigma2_fk in hold fewer."""
    rng = np.random.default_rng(11)
    n, a0, b0, databases = np.array([1, 2, 4, 8, 0, 16]), 2.0, 1.0, 2000
    held, held_plug_in = np.empty((databases, 6)), np.empty((databases, 6))
    for row in range(databases):
        sigma2_fk = b0 / rng.gamma(a0)
        alpha = rng.normal(0, math.sqrt(sigma2_fk), 6)
        ybar = alpha + rng.normal(size=6) * np.sqrt(2.0 / np.maximum(n, 1))
        draws = draw_importance(importance_posterior(ybar, n, 2.0, a0, b0), 1000, rng)[1]
        interval = credible_interval(draws)
        held[row] = (interval.lower <= alpha) & (alpha <= interval.upper)
        between = max(empirical_bayes_variance(ybar, n, 2.0), 1e-12)
        half = 1.96 * np.sqrt(posterior_variance(n, 2.0 / between, 2.0))
        held_plug_in[row] = np.abs(alpha - posterior_mean(ybar, n, 2.0 / between)) <= half
    error = held.mean(axis=1).std(ddof=1) / math.sqrt(databases)
    assert error < 0.004
    expected = coverage_of_quantiles(1000)
    assert abs(held.mean() - expected) < MOST_STANDARD_ERRORS * error
    by_key = math.sqrt(0.95 * 0.05 / databases)
    assert (np.abs(held.mean(axis=0) - expected) < MOST_STANDARD_ERRORS * by_key).all()
    assert held_plug_in.mean() < 0.9


def coverage_of_quantiles(draws: int) -> float:
    """What lies between the sample quantiles of so many draws, on average: not quite 0.95."""
    return 0.95 * (draws - 1) / (draws + 1)


def test_the_interval_of_normal_draws_is_known() -> None:
    draws = np.random.default_rng(2).normal(3.0, 2.0, (40_000, 2))
    interval = credible_interval(draws, level=0.9)
    for got, error, exact in (
        (interval.mean, interval.mean_error, 3.0),
        (interval.lower, interval.lower_error, 3 - 2 * 1.6449),
        (interval.upper, interval.upper_error, 3 + 2 * 1.6449),
    ):
        assert (np.abs(got - exact) < MOST_STANDARD_ERRORS * error).all()
    tail = 2.0 * math.sqrt(0.05 * 0.95 / 40_000) / stats.norm.pdf(1.6449)
    np.testing.assert_allclose(interval.upper_error, tail, rtol=0.15)
    np.testing.assert_allclose(interval.mean_error, 2.0 / 200, rtol=0.05)


def test_shares_sum_to_one_in_every_draw() -> None:
    _, alpha = draw_importance(of_data(), 5000, np.random.default_rng(3))
    shares = importance_shares(alpha[(alpha > 0).any(axis=1)])
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-12)
    assert (shares >= 0).all()
    summary = share_interval(alpha)
    assert summary.shares.mean.sum() == pytest.approx(1)
    assert (summary.shares.lower <= summary.shares.mean).all()
    assert (summary.shares.mean <= summary.shares.upper).all()


def test_draws_without_a_share_are_counted_and_too_many_are_refused() -> None:
    alpha = np.tile([[2.0, 1.0], [1.0, -1.0]], (50, 1))
    alpha[:4] = -1.0
    summary = share_interval(alpha)
    assert summary.undefined == pytest.approx(0.04)
    assert summary.shares.mean.sum() == pytest.approx(1)
    with pytest.raises(InputError, match="none in 4 of 100 draws"):
        importance_shares(alpha)
    alpha[:6] = -1.0
    with pytest.raises(InputError, match=r"not assessable at level 0.95: in 6.0% of the draws"):
        share_interval(alpha)


def test_share_intervals_cover_under_draws_from_the_prior() -> None:
    """Among intervals inside (0, 1): where a share may be 0 or 1, its interval holds more."""
    rng = np.random.default_rng(12)
    n, held = np.array([20, 40, 80]), []
    for _ in range(1500):
        alpha = rng.normal(0, math.sqrt(4.0 / rng.gamma(3.0)), 3)
        ybar = alpha + rng.normal(0, np.sqrt(1.0 / n))
        draws = draw_importance(importance_posterior(ybar, n, 1.0, 3.0, 4.0), 500, rng)[1]
        if (draws > 0).any(axis=1).mean() < 0.95:
            continue
        interval = share_interval(draws).shares
        share = np.maximum(alpha, 0) / max(np.maximum(alpha, 0).sum(), 1e-12)
        inside = (interval.lower > 0) & (interval.upper < 1)
        if inside.any():
            holds = (interval.lower <= share) & (share <= interval.upper)
            held.append(holds[inside].mean())
    error = np.std(held, ddof=1) / math.sqrt(len(held))
    assert error < 0.01
    assert abs(np.mean(held) - coverage_of_quantiles(500)) < MOST_STANDARD_ERRORS * error


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"n": [-1, *COUNTS[1:]]}, "Argument n must be finite and >= 0, got -1"),
        ({"sigma2_obs": 0.0}, "Argument sigma2_obs must be finite and > 0, got 0"),
        ({"sigma2_obs": math.nan}, "Argument sigma2_obs must be finite and > 0, got nan"),
        ({"ybar": [], "n": []}, "At least one key must have observations, got none among 0"),
        ({"n": [0] * 7}, "At least one key must have observations, got none among 7"),
        ({"ybar": [math.nan, *YBAR[1:]]}, "Argument ybar must be finite, got nan"),
        ({"ybar": YBAR[1:]}, r"got shapes \(6,\) and \(7,\)"),
        ({"a0": 0.0}, "Argument a0 must be finite and > 0"),
        ({"b0": math.inf}, "Argument b0 must be finite and > 0"),
        ({"ybar": [1.0, 0.0], "n": [5, 0], "a0": 0.5}, "at least 1.1, got 1: take a larger a0"),
    ],
)
def test_bad_data_are_refused_by_name(change: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        of_data(DATA | change)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: draw_importance(of_data(), 0, np.random.default_rng(1)), "draws must be >= 1"),
        (lambda: credible_interval([[1.0]]), "at least 2 draws, got 1"),
        (lambda: credible_interval([[1.0], [math.nan]]), "finite, got 1 that are not"),
        (lambda: credible_interval([1.0, 2.0]), r"shape \(draws, keys\), got \(2,\)"),
        (lambda: credible_interval([[1.0], [2.0]], level=1.0), "level must lie between 0 and 1"),
        (lambda: share_interval([[1.0], [2.0]], level=95.0), "level must lie between 0 and 1"),
        (lambda: importance_shares([[]]), r"shape \(draws, keys\)"),
    ],
)
def test_bad_draws_are_refused_by_name(call: Callable[[], object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        call()


def test_inputs_are_not_mutated() -> None:
    ybar, n = np.array(YBAR), np.array(COUNTS)
    posterior = importance_posterior(ybar, n, 4.0, 3.0, 2.0)
    alpha = draw_importance(posterior, 100, np.random.default_rng(1))[1]
    copy = alpha.copy()
    share_interval(alpha)
    credible_interval(alpha)
    np.testing.assert_array_equal(alpha, copy)
    np.testing.assert_array_equal(ybar, YBAR)
    np.testing.assert_array_equal(n, COUNTS)
