"""The log density of a program at given points, and draws on the scale on which it is taken."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import arviz as az
import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats
from scipy.special import expit

from tasks.bayes.log_density import log_density
from tasks.bayes.stan_model import sample
from tasks.bayes.stan_program import StanProgram
from tasks.errors import InputError, RunError

Floats = npt.NDArray[np.float64]

TRIO = {"N": 3, "y": [0.4, 1.9, 1.1], "t": [0.2, 0.9, 0.4], "counts": [4, 2, 5]}
PROPHET = {
    **{"T": 5, "K": 1, "S": 1, "t": [0, 0.25, 0.5, 0.75, 1], "cap": [0] * 5, "tau": 0.05},
    **{"y": [0.1, 0.3, 0.2, 0.5, 0.6], "t_change": [0.5], "X": [[1], [0], [1], [0], [1]]},
    **{"sigmas": [10], "trend_indicator": 0, "s_a": [1], "s_m": [0]},
}


@pytest.fixture(scope="module")
def trio(programs: dict[str, StanProgram]) -> StanProgram:
    return programs["conjugate_trio"]


@pytest.fixture
def reference(programs: dict[str, StanProgram], cmdstan_reference: Path) -> StanProgram:
    """A program as CmdStan itself compiled it."""
    return replace(programs["prophet"], executable=cmdstan_reference)


def trio_parameters(points: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """mu, rate and share of unconstrained points, and the log of the Jacobian."""
    mu, log_rate, sticks = points[:, 0], points[:, 1], points[:, 2:]
    broken = expit(sticks - np.log([2, 1]))
    left = np.column_stack([np.ones(len(points)), np.cumprod(1 - broken, axis=1)])
    share = np.column_stack([left[:, :2] * broken, left[:, 2]])
    log_jacobian = log_rate + np.log(broken * (1 - broken) * left[:, :2]).sum(axis=1)
    return mu, np.exp(log_rate), share, log_jacobian


def trio_density(points: Floats) -> Floats:
    mu, rate, share, log_jacobian = trio_parameters(points)
    waits = np.array(TRIO["t"])[:, None]
    return np.asarray(
        log_jacobian
        + stats.norm.logpdf(mu, 0, 2)
        + stats.norm.logpdf(np.array(TRIO["y"])[:, None], mu, 1).sum(axis=0)
        + stats.gamma.logpdf(rate, 2, scale=1 / 3)
        + stats.expon.logpdf(waits, scale=1 / rate).sum(axis=0)
        + stats.dirichlet.logpdf(share.T, [1.5, 1, 2])
        + stats.multinomial.logpmf(TRIO["counts"], 11, share)
    )


def test_the_density_is_that_of_the_closed_form_with_its_jacobian(trio: StanProgram) -> None:
    points = np.random.default_rng(1).normal(size=(2000, 4))
    got = log_density(trio, TRIO, points)
    np.testing.assert_allclose(got, trio_density(points), rtol=1e-12)
    without = got - trio_parameters(points)[3]
    assert not np.allclose(without, trio_density(points), atol=0.1)


def test_one_point_may_be_asked_for(trio: StanProgram) -> None:
    point = np.array([[0.1, 0.2, 0.3, 0.4]])
    np.testing.assert_allclose(log_density(trio, TRIO, point), trio_density(point), rtol=1e-12)


def test_a_rejected_point_has_no_density_and_the_others_keep_theirs(trio: StanProgram) -> None:
    points = np.array([[0.1, 0.2, 0.3, 0.4], [0.1, 800.0, 0.3, 0.4], [0.5, -0.2, 0.0, 0.4]])
    got = log_density(trio, TRIO, points)
    assert got[1] == -np.inf  # a rate of infinity
    np.testing.assert_allclose(got[[0, 2]], trio_density(points[[0, 2]]), rtol=1e-12)


def test_a_density_that_is_0_everywhere_is_said_to_be(programs: dict[str, StanProgram]) -> None:
    got = log_density(programs["nowhere"], {"N": 0}, [[0.0], [1.0]])
    np.testing.assert_array_equal(got, [-np.inf, -np.inf])


@pytest.mark.parametrize(
    ("points", "data", "said"),
    [
        (np.zeros((2, 3)), {}, r"column for each .* conjugate_trio: .*has 4 .* but 3 were found"),
        (np.zeros((2, 5)), {}, "has 4 parameters but 5 were found"),
        (np.zeros(4), {}, r"must have the shape \(points, parameters\), got \(4,\)"),
        (np.zeros((0, 4)), {}, r"must have the shape \(points, parameters\), got \(0, 4\)"),
        (np.array([[0, 0, np.inf, 0]]), {}, "points must be finite, got inf"),
        (np.zeros((1, 4)), {"N": 4}, r"'y' must have the size \(4\), got \(3\)"),
        (np.zeros((1, 4)), {"t": [1.0, -1.0, 1.0]}, r"refuses its data: t\[2\] is -1, but must be"),
        (np.zeros((1, 4)), {"t": None}, "'t' must hold numbers"),
    ],
)
def test_what_does_not_fit_is_refused(
    points: Floats, data: dict[str, Any], said: str, trio: StanProgram
) -> None:
    with pytest.raises(InputError, match=said):
        log_density(trio, TRIO | data, points)


def test_a_program_that_cannot_be_run_is_named(trio: StanProgram, tmp_path: Path) -> None:
    script = tmp_path / "broken"
    script.write_text("#!/bin/sh\necho out of order >&2\nexit 3\n", encoding="utf-8")
    script.chmod(0o755)
    with pytest.raises(RunError, match=r"(?s)conjugate_trio failed.*out of order"):
        log_density(replace(trio, executable=script), TRIO, np.zeros((1, 4)))


def test_an_executable_of_cmdstan_gives_the_same_densities(
    reference: StanProgram, programs: dict[str, StanProgram]
) -> None:
    points = np.random.default_rng(2).normal(scale=0.5, size=(50, 5))
    theirs = log_density(reference, PROPHET, points)
    np.testing.assert_array_equal(theirs, log_density(programs["prophet"], PROPHET, points))


def test_an_executable_of_cmdstan_that_ends_at_a_point_says_why(reference: StanProgram) -> None:
    points = np.array([[0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, -2000.0, 0.0]])
    with pytest.raises(RunError, match=r"(?s)no log density at these points.*Scale vector is 0"):
        log_density(reference, PROPHET, points)


@pytest.fixture(scope="module")
def fits(trio: StanProgram) -> dict[bool, az.InferenceData]:
    return {
        keep: sample(trio, TRIO, seed=1, chains=2, draws=100, keep_unconstrained=keep)
        for keep in (True, False)
    }


def test_unconstrained_draws_are_the_draws_on_their_own_scale(
    fits: dict[bool, az.InferenceData],
) -> None:
    group = fits[True].unconstrained_posterior
    values = group["values"]
    assert values.dims[:2] == ("chain", "draw")
    assert values.shape == (2, 100, 4)
    assert group.attrs == fits[True].posterior.attrs
    mu, rate, share, _ = trio_parameters(values.values.reshape(-1, 4))
    posterior = fits[True].posterior
    np.testing.assert_array_equal(mu, posterior["mu"].values.ravel())
    np.testing.assert_allclose(rate, posterior["rate"].values.ravel(), rtol=1e-14)
    np.testing.assert_allclose(share, posterior["share"].values.reshape(-1, 3), rtol=1e-13)


def test_the_density_at_the_draws_is_the_one_that_the_sampler_saw(
    trio: StanProgram, fits: dict[bool, az.InferenceData]
) -> None:
    points = fits[True].unconstrained_posterior["values"].values.reshape(-1, 4)
    lp = fits[True].sample_stats["lp"].values.ravel()
    np.testing.assert_array_equal(log_density(trio, TRIO, points), lp)


def test_all_else_is_as_it_is_without_them(fits: dict[bool, az.InferenceData]) -> None:
    assert set(fits[True].groups()) - set(fits[False].groups()) == {"unconstrained_posterior"}
    for group in fits[False].groups():
        assert fits[True][group].identical(fits[False][group])


def test_a_program_without_parameters_has_no_unconstrained_draws(
    programs: dict[str, StanProgram],
) -> None:
    fit = sample(
        programs["dice"], {"sides": 6}, seed=1, chains=1, draws=10, keep_unconstrained=True
    )
    assert fit.unconstrained_posterior["values"].shape == (1, 10, 0)
