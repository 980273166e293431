"""The flag `likelihood`: at 0 a program draws from its prior, whatever the data."""

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from tasks.bayes.batch import BatchSettings, batch_process
from tasks.bayes.batch_record import BatchFit, FitStatus
from tasks.bayes.stan_program import compile_program
from tasks.calibration.models import simulator_of
from tasks.calibration.quantities import scalar_quantities, variables_of
from tasks.calibration.simulators.hierarchical_adaptive import HierarchicalAdaptive
from tasks.calibration.simulators.hierarchical_covariates import HierarchicalCovariates
from tasks.calibration.simulators.precision_regression import PrecisionRegression
from tasks.errors import InputError
from tasks.inference.comparison.marginal_normal import effective_tau
from tasks.locations import resource

Floats = npt.NDArray[np.float64]

INTEGRATED = " integrated"
FLAGGED = (
    "complete_pooling",
    "hierarchical_adaptive",
    "hierarchical_adaptive integrated",
    "hierarchical_covariates",
    "hierarchical_noncentered",
    "hierarchical_noncentered integrated",
    "hierarchical_student_t",
    "precision_regression",
)
EVERY_FLAGGED = pytest.mark.parametrize("model", FLAGGED)
SETTINGS = BatchSettings(
    seed=1, draws=2000, most_draws=8000, kept=500, first_warmup=0, adapt_delta=0.9
)
PRIOR_DRAWS = 10_000
LEAST_P = 1e-4


def program_of(model: str) -> str:
    return model.removesuffix(INTEGRATED)


def data_of(model: str, *, likelihood: int, y: float) -> dict[str, Any]:
    simulator, rng = simulator_of(program_of(model)), np.random.default_rng(1)
    data = simulator.draw_data(simulator.draw_parameters(rng), rng)
    if "integrated" in data:
        data["integrated"] = int(model.endswith(INTEGRATED))
    data["tau_family"] = 2  # half-normal: a chain reaches all of it
    return data | {"likelihood": likelihood, "y": np.linspace(-y, y, 8)}


@cache
def fit_of(model: str, *, likelihood: int, y: float) -> BatchFit:
    program = compile_program(resource("stan", f"{program_of(model)}.stan"), many_fits=True)
    with batch_process(program, SETTINGS) as process:
        return process.fit([(1, data_of(model, likelihood=likelihood, y=y))])[0]


def scalars_of(model: str, values: dict[str, Floats], data: dict[str, Any]) -> dict[str, Floats]:
    return scalar_quantities(simulator_of(program_of(model), data), values, data, with_further=True)


def p_values(model: str, *, likelihood: int) -> dict[str, float]:
    """That a program's draws have the prior's law, by scalar."""
    data = data_of(model, likelihood=likelihood, y=20.0)
    fit = fit_of(model, likelihood=likelihood, y=20.0)
    simulator, rng = simulator_of(program_of(model), data), np.random.default_rng(2)
    rows = [simulator.draw_parameters(rng) for _ in range(PRIOR_DRAWS)]
    prior = scalars_of(
        model, {name: np.array([row[name] for row in rows]) for name in rows[0]}, data
    )
    drawn = scalars_of(model, variables_of(fit.names, fit.draws, list(rows[0])), data)
    return {name: float(stats.ks_2samp(drawn[name], prior[name]).pvalue) for name in prior}


@EVERY_FLAGGED
def test_without_the_likelihood_the_draws_have_the_law_of_the_prior(model: str) -> None:
    assert fit_of(model, likelihood=0, y=20.0).status is FitStatus.OK
    assert min(p_values(model, likelihood=0).values()) > LEAST_P


@EVERY_FLAGGED
def test_with_the_likelihood_they_have_another(model: str) -> None:
    """Control: the comparison has the power to fail."""
    assert p_values(model, likelihood=1)["mu"] < LEAST_P


@EVERY_FLAGGED
def test_without_the_likelihood_the_estimates_are_not_looked_at(model: str) -> None:
    fits = [fit_of(model, likelihood=0, y=y) for y in (20.0, 1e6)]
    looked_at = [name.startswith("log_lik") for name in fits[0].names]
    first, second = (fit.draws[:, np.logical_not(looked_at)] for fit in fits)
    np.testing.assert_array_equal(first, second)
    assert sum(looked_at) == 8
    assert (fits[0].draws[:, looked_at] != fits[1].draws[:, looked_at]).all()


@EVERY_FLAGGED
def test_a_flag_that_is_neither_0_nor_1_is_refused(model: str) -> None:
    with pytest.raises(InputError, match="likelihood is 2, but must be less than or equal to 1"):
        fit_of(model, likelihood=2, y=20.0)


@EVERY_FLAGGED
def test_effects_that_are_integrated_out_have_no_deviations(model: str) -> None:
    names = fit_of(model, likelihood=0, y=20.0).names
    is_sampled = model in ("hierarchical_adaptive", "hierarchical_noncentered")
    assert any(name.startswith("eta") for name in names) is is_sampled


def values_of(model: str, *names: str) -> list[Floats]:
    fit = fit_of(model, likelihood=0, y=20.0)
    return list(variables_of(fit.names, fit.draws, names).values())


def test_the_program_changes_the_scale_as_the_generator_does() -> None:
    """Over the prior, which is on both sides of the threshold."""
    tau, tau_effective = values_of("hierarchical_adaptive", "tau", "tau_effective")
    own = HierarchicalAdaptive()
    expected = effective_tau(tau, own.threshold, own.sigma_pooled, own.steepness)
    np.testing.assert_allclose(tau_effective, expected, rtol=1e-9)
    assert min((tau < 2.0).sum(), (tau > 4.0).sum()) > 20


@pytest.mark.parametrize("generator", [PrecisionRegression, HierarchicalCovariates])
def test_the_program_has_the_regression_of_the_generator(
    generator: type[PrecisionRegression | HierarchicalCovariates],
) -> None:
    model = generator.program.removesuffix(".stan")
    mu, beta, location = values_of(model, "mu", "beta", "location")
    slopes, x = beta.reshape(len(mu), -1), generator().covariates().reshape(8, -1)
    np.testing.assert_allclose(location, mu[:, None] + slopes @ x.T, atol=1e-9)
