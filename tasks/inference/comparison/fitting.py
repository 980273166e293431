"""Fit the candidates and draw from their priors: as many fits at once as wanted."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import arviz as az
import cmdstanpy
import numpy as np

from tasks.bayes.gated_fit import ADAPT_DELTAS
from tasks.bayes.stan_model import sample
from tasks.bayes.stan_program import compile_program
from tasks.inference.comparison.candidates import CANDIDATES, program_data
from tasks.inference.comparison.computation import is_computed
from tasks.inference.comparison.empirical_bayes import empirical_bayes
from tasks.inference.comparison.record import ModelName
from tasks.inference.comparison.settings import ComparisonSettings, Priors
from tasks.inference.comparison.units import Units
from tasks.progress import track
from tasks.seeds import child_seed, generator

ITERATIONS = (1000, 2000)
"""Of warm-up, and of sampling: of the first fit, and of the second where the first fails."""
MOST_DEPTH = 8
"""Of NUTS: a posterior that needs longer paths is one for another parametrisation."""
PRIOR_GROUPS = {"posterior": "prior", "posterior_predictive": "prior_predictive"}


@dataclass(frozen=True)
class Problem:
    """What every fit of a comparison shares.

    Attributes
    ----------
    units, priors, settings
        Units, priors and thresholds.
    integrated
        Whether to integrate the true effects out at once: sampling them is slow where they differ
        by more than their errors.
    seed
        Of all random numbers; a fit does not depend on which others are made.
    workers
        Fits at the same time.
    """

    units: Units
    priors: Priors
    settings: ComparisonSettings
    integrated: bool
    seed: int
    workers: int


@dataclass(frozen=True)
class Fit:
    """One fit to be made.

    Attributes
    ----------
    model
        Of which model.
    likelihood
        Whether to fit it to the estimates, or to draw from its prior.
    """

    model: ModelName
    likelihood: bool = True


def fits_of(model: ModelName) -> tuple[Fit, ...]:
    """A model's posterior, and its prior where it is a proper one."""
    posterior = Fit(model)
    return (posterior, Fit(model, likelihood=False)) if CANDIDATES[model].program else (posterior,)


def with_prior(model: ModelName, fits: Mapping[Fit, az.InferenceData]) -> az.InferenceData:
    """A model's posterior, with draws from its prior in the groups that ArviZ has for them."""
    fit = fits[Fit(model)].copy()
    if prior := fits.get(Fit(model, likelihood=False)):
        fit.add_groups({to: prior[of] for of, to in PRIOR_GROUPS.items()})
    return fit


def fit_all(problem: Problem, fits: Sequence[Fit]) -> dict[Fit, az.InferenceData]:
    """Make all fits; one that fails on its diagnostics is repeated in the safest way.

    That is longer, with smaller steps, and with the true effects integrated out.

    Raises
    ------
    InputError
        If a model is not to be had for these units.
    RunError
        If a chain dies.
    """
    for program in _programs(fits):
        compile_program(program)
    # Outermost, as fits in other threads would switch it on again.
    with cmdstanpy.disable_logging(), ThreadPoolExecutor(problem.workers) as pool:
        made = pool.map(lambda fit: _fitted(problem, fit), fits)
        return dict(zip(fits, track(made, "fits", len(fits)), strict=True))


def _programs(fits: Iterable[Fit]) -> list[Path]:
    return sorted({program for fit in fits if (program := CANDIDATES[fit.model].program)})


def _fitted(problem: Problem, fit: Fit) -> az.InferenceData:
    program = CANDIDATES[fit.model].program
    if program is None:
        return empirical_bayes(problem.units, generator(problem.seed, str(fit)))
    seed = int(child_seed(problem.seed, str(fit)).generate_state(1, np.uint32)[0])
    at_first = problem.integrated or not fit.likelihood
    for integrated, adapt_delta, iterations in zip(
        (at_first, True), ADAPT_DELTAS, ITERATIONS, strict=True
    ):
        drawn = sample(
            program,
            program_data(
                fit.model,
                problem.units,
                problem.priors,
                likelihood=fit.likelihood,
                integrated=integrated,
            ),
            seed=seed,
            adapt_delta=adapt_delta,
            warmup=iterations,
            draws=iterations,
            max_treedepth=MOST_DEPTH,
        )
        if not fit.likelihood or is_computed(fit.model, drawn, problem.settings):
            break
    return drawn
