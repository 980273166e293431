"""How a fit is made, and made once more where it fails on its diagnostics."""

import arviz as az
import pytest

from tasks.inference.comparison.fitting import ITERATIONS, Fit, Problem, fit_all
from tasks.inference.comparison.settings import ComparisonSettings
from tasks.inference.comparison.units import Units

FIT = Fit("hierarchical_noncentered")
FIRST, SECOND = (0.9, ITERATIONS[0]), (0.99, ITERATIONS[1])
NO_CHAIN_PASSES = {"most_r_hat": 1.0}


def fitted(fit: Fit, units: Units, *, integrated: bool, **settings: float) -> az.InferenceData:
    given = ComparisonSettings.model_validate(settings)
    problem = Problem(units, given.priors(units), given, integrated, seed=1, workers=1)
    return fit_all(problem, [fit])[fit]


def how(fit: az.InferenceData) -> tuple[float, int]:
    made = fit.posterior.attrs
    assert made["iter_warmup"] == made["iter_sampling"]
    return made["adapt_delta"], made["iter_sampling"]


def test_a_fit_samples_the_effects_unless_it_is_told_not_to(schools: Units) -> None:
    sampled = fitted(FIT, schools, integrated=False)
    assert "eta" in sampled.posterior
    integrated = fitted(FIT, schools, integrated=True)
    assert "eta" not in integrated.posterior
    assert how(sampled) == how(integrated) == FIRST


@pytest.mark.parametrize("integrated", [False, True])
def test_a_fit_that_fails_is_repeated_with_its_effects_integrated_out(
    integrated: bool, schools: Units
) -> None:
    found = fitted(FIT, schools, integrated=integrated, **NO_CHAIN_PASSES)
    assert "eta" not in found.posterior
    assert how(found) == SECOND


def test_draws_from_the_prior_are_never_repeated(schools: Units) -> None:
    prior = fitted(
        Fit("hierarchical_noncentered", likelihood=False),
        schools,
        integrated=False,
        **NO_CHAIN_PASSES,
    )
    assert "eta" not in prior.posterior
    assert how(prior) == FIRST
