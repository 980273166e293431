"""Diagnostics say what they should of draws whose faults are known."""

from typing import Any

import arviz as az
import numpy as np
import numpy.typing as npt
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.bayes.inference_data import group_dataset
from tasks.bayes.posterior_diagnostics import Thresholds, Verdict, check
from tasks.bayes.posterior_summary import summarize
from tasks.bayes.stan_model import sample
from tasks.bayes.stan_program import StanProgram

CHAINS, DRAWS = 4, 1000


def normal(seed: int, *shape: int) -> npt.NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=(CHAINS, DRAWS, *shape))


def autocorrelated(seed: int, correlation: float) -> npt.NDArray[np.float64]:
    """Stationary AR(1) chains of variance 1."""
    noise = normal(seed)
    draws = noise.copy()
    for t in range(1, DRAWS):
        draws[:, t] = correlation * draws[:, t - 1] + np.sqrt(1 - correlation**2) * noise[:, t]
    return draws


def fit_of(stats: dict[str, Any] | None = None, **parameters: Any) -> az.InferenceData:
    good = {
        "lp": normal(90),
        "energy": normal(91),
        "diverging": np.zeros((CHAINS, DRAWS), dtype=bool),
        "tree_depth": np.full((CHAINS, DRAWS), 3),
    }
    return az.InferenceData(
        posterior=group_dataset(parameters, {}),
        sample_stats=group_dataset(good | (stats or {}), {"max_treedepth": 10}),
    )


def failed(verdict: Verdict) -> set[tuple[str, str]]:
    return {(finding.parameter, finding.statistic) for finding in verdict.failures}


def test_independent_draws_pass() -> None:
    verdict = check(fit_of(mu=normal(1), theta=normal(2, 3)))
    assert verdict.passed
    assert verdict == Verdict((), (), ())


def test_a_real_fit_passes_but_for_its_constant(programs: dict[str, StanProgram]) -> None:
    data = {"N": 3, "y": [1.0, 2.0, 4.0], "sd_y": 1.0}
    verdict = check(sample(programs["normal_mean"], data, seed=1))
    assert verdict.passed
    assert verdict.not_assessable == ("one: all draws are equal",)


def test_a_funnel_that_is_not_reparametrised_fails(programs: dict[str, StanProgram]) -> None:
    """Few draws of a hard posterior: the gate must not let them through."""
    data = {"J": 2, "y": [0.0, 1.0], "sigma": [5.0, 5.0], "mu_mean": 0, "mu_sd": 50}
    data |= {"tau_family": 1, "tau_scale": 50, "likelihood": 1, "integrated": 0}
    fit = sample(programs["hierarchical_noncentered"], data, seed=1, warmup=50, draws=100)
    verdict = check(fit)
    assert not verdict.passed
    assert ("tau", "bulk ESS") in failed(verdict)


def test_a_shifted_chain_fails_on_r_hat_of_that_parameter_alone() -> None:
    shifted = normal(1, 2)
    shifted[0, :, 1] += 3
    verdict = check(fit_of(mu=normal(2), theta=shifted))
    assert ("theta[2]", "R-hat") in failed(verdict)
    assert {parameter for parameter, _ in failed(verdict)} == {"theta[2]"}


def test_chains_that_differ_in_scale_alone_fail_on_r_hat() -> None:
    scaled = normal(1)
    scaled[0] *= 4
    assert ("x", "R-hat") in failed(check(fit_of(x=scaled)))


def test_chains_stuck_at_different_values_fail() -> None:
    stuck = np.repeat(np.arange(4.0)[:, None], DRAWS, axis=1)
    assert ("x", "R-hat") in failed(check(fit_of(x=stuck)))


def test_autocorrelated_draws_fail_on_effective_sample_size() -> None:
    verdict = check(fit_of(x=autocorrelated(1, 0.99)))
    assert {("x", "bulk ESS"), ("x", "tail ESS")} <= failed(verdict)


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.8])
def test_effective_sample_size_of_an_autoregression_is_known(correlation: float) -> None:
    """ESS of AR(1) is N (1 - rho) / (1 + rho)."""
    exact = CHAINS * DRAWS * (1 - correlation) / (1 + correlation)
    estimates = [
        summarize(fit_of(x=autocorrelated(seed, correlation)).posterior).loc["x", "ess_bulk"]
        for seed in range(10)
    ]
    assert np.mean(estimates) == pytest.approx(exact, rel=0.1)


def test_the_summary_holds_known_values() -> None:
    ramp = np.broadcast_to(np.arange(101.0), (2, 101)).copy()
    row = summarize(group_dataset({"x": ramp}, {})).loc["x"]
    assert row["mean"] == 50
    assert row["median"] == 50
    assert (row["q5"], row["q95"]) == (5, 95)
    assert row["sd"] == pytest.approx(np.std(ramp, ddof=1))


def test_the_standard_error_of_the_mean_is_that_of_independent_draws() -> None:
    row = summarize(group_dataset({"x": normal(5)}, {})).loc["x"]
    assert row["mcse_mean"] == pytest.approx(1 / np.sqrt(CHAINS * DRAWS), rel=0.1)


def test_scalars_are_named_as_in_stan() -> None:
    names = summarize(group_dataset({"a": normal(1, 2, 2), "b": normal(2)}, {})).index
    assert list(names) == ["a[1,1]", "a[1,2]", "a[2,1]", "a[2,2]", "b"]


def test_a_constant_parameter_is_not_assessable_and_no_failure() -> None:
    fit = fit_of(x=normal(1), one=np.ones((CHAINS, DRAWS)))
    verdict = check(fit)
    assert verdict.passed
    assert verdict.not_assessable == ("one: all draws are equal",)
    assert summarize(fit.posterior).loc["one", ["ess_bulk", "ess_tail", "r_hat"]].isna().all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_draws_that_are_not_finite_fail_with_their_number(bad: float) -> None:
    draws = normal(1, 2)
    draws[1, :3, 0] = bad
    (finding,) = check(fit_of(x=draws)).failures
    assert str(finding) == "x[1]: number of draws that are not finite is 3, must be 0"


def test_divergences_fail_with_their_number() -> None:
    diverging = np.zeros((CHAINS, DRAWS), dtype=bool)
    diverging[2, 5:7] = True
    (finding,) = check(fit_of({"diverging": diverging}, x=normal(1))).failures
    assert str(finding) == "sampler: number of divergent transitions is 2, must be 0"


def test_energy_that_hardly_moves_fails_in_its_chain() -> None:
    energy = normal(3)
    energy[1] = autocorrelated(4, 0.99)[1]
    (finding,) = check(fit_of({"energy": energy}, x=normal(1))).failures
    assert (finding.parameter, finding.statistic) == ("chain 2", "E-BFMI")
    assert finding.value == pytest.approx(2 * (1 - 0.99), rel=0.5)  # E-BFMI of AR(1)


def test_a_single_chain_fails_since_r_hat_compares_chains() -> None:
    fit = fit_of(x=normal(1))
    one = az.InferenceData(
        posterior=fit.posterior.isel(chain=[0]), sample_stats=fit.sample_stats.isel(chain=[0])
    )
    assert ("all parameters", "number of chains") in failed(check(one))
    assert ("x", "R-hat") not in failed(check(one))


def test_too_few_draws_fail_rather_than_pass_unseen() -> None:
    fit = fit_of(x=normal(1))
    short = az.InferenceData(
        posterior=fit.posterior.isel(draw=slice(3)),
        sample_stats=fit.sample_stats.isel(draw=slice(3)),
    )
    assert {("x", "bulk ESS"), ("x", "tail ESS"), ("x", "R-hat")} <= failed(check(short))


def test_saturated_trees_are_noted_and_no_failure() -> None:
    depth = np.full((CHAINS, DRAWS), 3)
    depth[0, :2] = 10
    verdict = check(fit_of({"tree_depth": depth}, x=normal(1)))
    assert verdict.passed
    assert verdict.notes == ("2 of 4000 transitions reached the tree depth limit of 10",)


def test_a_sampler_without_energy_is_not_assessable(programs: dict[str, StanProgram]) -> None:
    verdict = check(sample(programs["dice"], {"sides": 6}, seed=1))
    assert verdict.passed
    assert "E-BFMI: the sampler reports no energy" in verdict.not_assessable
    assert "lp__: all draws are equal" in verdict.not_assessable


def test_thresholds_are_settings() -> None:
    fit = fit_of(x=autocorrelated(1, 0.8))
    ess = summarize(fit.posterior).loc["x", "ess_bulk"]
    assert ("x", "bulk ESS") not in failed(check(fit, Thresholds(ess=0.9 * ess)))
    assert ("x", "bulk ESS") in failed(check(fit, Thresholds(ess=1.1 * ess)))


@settings(max_examples=20, deadline=None)
@given(order=st.permutations(range(CHAINS)), scale=st.floats(1e-3, 1e3), shift=st.floats(-5, 5))
def test_diagnostics_ignore_the_order_of_chains_and_the_unit(
    order: list[int], scale: float, shift: float
) -> None:
    draws = autocorrelated(1, 0.5)
    before = summarize(group_dataset({"x": draws}, {})).loc["x"]
    after = summarize(group_dataset({"x": draws[order] * scale + shift}, {})).loc["x"]
    for statistic in ("ess_bulk", "ess_tail", "r_hat"):
        assert after[statistic] == pytest.approx(before[statistic], rel=1e-6)
    assert after["mcse_mean"] == pytest.approx(before["mcse_mean"] * scale, rel=1e-6)


def test_the_fit_is_not_mutated() -> None:
    fit = fit_of(x=normal(1))
    before = fit.posterior.copy(deep=True)
    check(fit)
    xr.testing.assert_identical(fit.posterior, before)
