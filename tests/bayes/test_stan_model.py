"""Sampling: the right posterior, sorted into groups, reproducible, with clear refusals."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tasks.bayes.stan_model import sample
from tasks.bayes.stan_program import StanProgram
from tasks.errors import InputError, KilledError, RunError
from tests.chains import kill_first_chain

NORMAL = {"N": 4, "y": [1.0, 2.5, -0.5, 3.0], "sd_y": 2.0}


def test_a_conjugate_posterior_is_met(programs: dict[str, StanProgram]) -> None:
    fit = sample(programs["normal_mean"], NORMAL, seed=1, draws=4000)
    precision = 1 / 10**2 + 4 / 2.0**2
    mean, variance = sum(NORMAL["y"]) / 2.0**2 / precision, 1 / precision
    mu = fit.posterior["mu"].values
    error = np.sqrt(variance / (mu.size / 4))  # NUTS draws of one normal: ESS above a quarter
    assert abs(mu.mean() - mean) < 4 * error
    assert mu.var() == pytest.approx(variance, rel=0.1)


def test_draws_are_sorted_into_groups(programs: dict[str, StanProgram]) -> None:
    fit = sample(programs["normal_mean"], NORMAL, seed=1, chains=2, draws=50)
    assert set(fit.groups()) == {
        "posterior",
        "posterior_predictive",
        "log_likelihood",
        "sample_stats",
        "observed_data",
    }
    assert set(fit.posterior.data_vars) == {"mu", "mu_squared", "one"}
    assert fit.posterior["mu"].dims == ("chain", "draw")
    assert fit.posterior["mu"].shape == (2, 50)
    assert fit.log_likelihood["log_lik"].shape == (2, 50, 4)
    assert fit.posterior_predictive["y_rep"].shape == (2, 50, 4)
    assert fit.observed_data["y"].values.tolist() == NORMAL["y"]
    assert fit.sample_stats["diverging"].dtype == bool
    assert set(fit.sample_stats.data_vars) == {
        "lp",
        "acceptance_rate",
        "step_size",
        "tree_depth",
        "n_steps",
        "diverging",
        "energy",
    }


def test_a_replication_of_what_is_no_data_stays_in_the_posterior(
    programs: dict[str, StanProgram],
) -> None:
    fit = sample(programs["dice"], {"sides": 6}, seed=1, chains=1, draws=10)
    assert set(fit.posterior.data_vars) == {"roll", "throw_rep"}
    assert "posterior_predictive" not in fit.groups()


def test_values_stand_where_stan_put_them(programs: dict[str, StanProgram]) -> None:
    fit = sample(programs["normal_mean"], NORMAL, seed=1, chains=2, draws=50)
    mu = fit.posterior["mu"].values
    np.testing.assert_array_equal(fit.posterior["mu_squared"].values, mu**2)
    y, sd = np.array(NORMAL["y"]), NORMAL["sd_y"]
    expected = -0.5 * ((y - mu[..., None]) / sd) ** 2 - np.log(sd * np.sqrt(2 * np.pi))
    np.testing.assert_allclose(fit.log_likelihood["log_lik"].values, expected, rtol=1e-12)


def test_provenance_is_in_every_group(programs: dict[str, StanProgram]) -> None:
    fit = sample(programs["normal_mean"], NORMAL, seed=7, chains=1, draws=10, adapt_delta=0.9)
    for group in fit.groups():
        attributes = fit[group].attrs
        assert attributes["program"] == "normal_mean"
        assert attributes["program_digest"] == programs["normal_mean"].digest
        assert attributes["toolchain"] == programs["normal_mean"].toolchain
        assert (attributes["seed"], attributes["adapt_delta"]) == (7, 0.9)


def test_the_same_seed_gives_the_same_bytes(
    programs: dict[str, StanProgram], tmp_path: Path
) -> None:
    for name, seed in {"one": 3, "two": 3, "other": 4}.items():
        fit = sample(programs["normal_mean"], NORMAL, seed=seed, chains=2, draws=20)
        fit.to_netcdf(str(tmp_path / name))
    one, two, other = (path.read_bytes() for path in sorted(tmp_path.iterdir(), key=_order))
    assert one == two
    assert one != other


def _order(path: Path) -> int:
    return ["one", "two", "other"].index(path.name)


def test_chains_differ_and_keep_their_draws_whatever_their_number(
    programs: dict[str, StanProgram],
) -> None:
    two, one = (
        sample(programs["normal_mean"], NORMAL, seed=3, chains=chains, draws=20).posterior["mu"]
        for chains in (2, 1)
    )
    np.testing.assert_array_equal(one.values[0], two.values[0])
    assert not np.array_equal(two.values[0], two.values[1])


def test_data_are_not_mutated(programs: dict[str, StanProgram]) -> None:
    data: dict[str, Any] = {**NORMAL, "y": np.array(NORMAL["y"]), "unused": [1]}
    before = copy.deepcopy(data)
    sample(programs["normal_mean"], data, seed=1, chains=1, draws=10)
    assert data.keys() == before.keys()
    np.testing.assert_array_equal(data["y"], before["y"])


def test_a_program_without_parameters_gives_its_draws(programs: dict[str, StanProgram]) -> None:
    fit = sample(programs["dice"], {"sides": 2}, seed=1, chains=2, draws=100)
    assert set(np.unique(fit.posterior["roll"])) == {1, 2}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"y": [1.0, 2.0, 3.0]},
            r"^normal_mean refuses its data: 'y' must have the size \(4\), got \(3\)\.$",
        ),
        (
            {"sd_y": -1.0},
            r"^normal_mean refuses its data: sd_y is -1, but must be greater than or equal to "
            r"0\.000000 \(in 'normal_mean.stan', line \d+\)\.$",
        ),
        ({"y": [1.0, 2.0, 3.0, float("nan")]}, "'y' must not hold NaN"),
    ],
)
def test_data_that_do_not_fit_are_refused_by_name(
    change: dict[str, Any], said: str, programs: dict[str, StanProgram]
) -> None:
    with pytest.raises(InputError, match=said):
        sample(programs["normal_mean"], NORMAL | change, seed=1)


def test_a_posterior_that_cannot_be_started_is_a_failed_run(
    programs: dict[str, StanProgram],
) -> None:
    infinite = NORMAL | {"y": [1.0, 2.0, 3.0, float("inf")]}
    with pytest.raises(RunError, match=r"(?s)normal_mean failed while sampling.*[Ii]nitial"):
        sample(programs["normal_mean"], infinite, seed=1, chains=1)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"chains": 0}, "chains must be from 1"),
        ({"adapt_delta": 1.0}, "adapt_delta must lie between 0 and 1, got 1.0"),
        ({"seed": -1}, "seed must be from 0 to 4294967295, got -1"),
        ({"seed": 2**32}, "seed must be from 0 to 4294967295"),
        ({"draws": -5}, "draws must be from 1"),
        ({"warmup": 0}, "warmup must be from 1"),
        ({"max_treedepth": 0}, "max_treedepth must be from 1"),
    ],
)
def test_settings_out_of_bounds_are_refused_by_name(
    setting: dict[str, Any], said: str, programs: dict[str, StanProgram]
) -> None:
    with pytest.raises(InputError, match=said):
        sample(programs["normal_mean"], NORMAL, **({"seed": 1} | setting))


def test_a_chain_that_is_killed_is_told(programs: dict[str, StanProgram]) -> None:
    killing = kill_first_chain("normal_mean")
    with pytest.raises(
        KilledError, match="A chain of normal_mean was killed by SIGKILL while it sampled, as"
    ):
        sample(programs["normal_mean"], NORMAL, seed=1, chains=2, draws=1_000_000)
    assert killing.result()


def test_a_run_that_takes_too_long_is_stopped(programs: dict[str, StanProgram]) -> None:
    with pytest.raises(RunError, match=r"normal_mean was stopped after 0.5 s"):
        sample(programs["normal_mean"], NORMAL, seed=1, chains=1, draws=10**7, timeout=0.5)
