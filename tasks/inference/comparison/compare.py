"""The whole comparison: fit, judge, turn to fallbacks where red flags say so, decide."""

from collections.abc import Sequence

import arviz as az

from tasks.inference.comparison.candidates import CANDIDATES, COMPETING
from tasks.inference.comparison.decision import decide
from tasks.inference.comparison.draws import estimate
from tasks.inference.comparison.exploration import Exploration, explore
from tasks.inference.comparison.fitting import Problem, fit_all, fits_of, with_prior
from tasks.inference.comparison.flags import red_flags
from tasks.inference.comparison.judging import Judged, judge, prior_statistics, unit_records
from tasks.inference.comparison.predictive_checks import covered
from tasks.inference.comparison.record import (
    Comparison,
    Flag,
    ModelName,
    ModelRecord,
    SensitivityRow,
)
from tasks.inference.comparison.sensitivity import sensitivity, tau_ratio
from tasks.inference.comparison.settings import ComparisonSettings
from tasks.inference.comparison.standing import Standing, standings
from tasks.inference.comparison.units import Units

MOST_I_SQUARED = 0.5
"""Above it effects differ by more than their errors, and sampling them is slow."""
AT_FIRST = "one of the three that compete"


def compare_models(
    units: Units, settings: ComparisonSettings, *, seed: int, workers: int
) -> tuple[Comparison, dict[ModelName, az.InferenceData]]:
    """Fit competing hierarchical models, try to falsify each, and recommend one or none.

    Parameters
    ----------
    units
        Estimated effects with known standard errors.
    settings
        Priors and thresholds.
    seed
        Of all random numbers.
    workers
        Fits at the same time. The result does not depend on it.

    Returns
    -------
    comparison : Comparison
        Everything that was found.
    fits : dict of str to arviz.InferenceData
        Draws of each model, those from its prior in the groups ``prior`` and ``prior_predictive``.

    Raises
    ------
    RunError
        If a chain dies.

    References
    ----------
    Gelman et al. (2020), Bayesian Workflow, arXiv:2011.01808.
    Rubin (1981), Estimation in parallel randomized experiments, Journal of Educational Statistics
    6, 377-401.
    """
    explored, priors = explore(units), settings.priors(units)
    problem = Problem(units, priors, settings, explored.i_squared > MOST_I_SQUARED, seed, workers)
    rows = sensitivity(units, priors)
    fits = fit_all(problem, [fit for name in COMPETING for fit in fits_of(name)])
    judged = [judge(name, fits, problem, explored, rows) for name in COMPETING]

    flags = red_flags(judged)
    fallbacks = list(dict.fromkeys(flag.pivot for flag in flags if flag.is_raised))
    fits |= fit_all(problem, [fit for name in fallbacks for fit in fits_of(name)])
    judged += [judge(name, fits, problem, explored, rows) for name in fallbacks]
    found = conclude(judged, flags, problem, explored, rows)
    return found, {of.name: with_prior(of.name, fits) for of in judged}


def conclude(
    judged: Sequence[Judged],
    flags: tuple[Flag, ...],
    problem: Problem,
    explored: Exploration,
    rows: tuple[SensitivityRow, ...],
) -> Comparison:
    """Set the judged models against each other and decide."""
    places = standings(judged, problem.settings)
    models = [model_record(of, problem, places[of.name], flags) for of in judged]
    ratio = tau_ratio({model.name: model for model in models})
    is_critical = ratio > problem.settings.most_tau_ratio
    stages, recommended, conclusion = decide(models, flags, prior_decides=is_critical)
    return Comparison(
        exploration=explored,
        priors=problem.priors,
        settings=problem.settings,
        models=tuple(models),
        sensitivity=rows,
        tau_ratio=ratio,
        sensitivity_is_critical=is_critical,
        flags=flags,
        stages=stages,
        recommended=recommended,
        conclusion=conclusion,
    )


def model_record(
    judged: Judged, problem: Problem, standing: Standing, flags: Sequence[Flag]
) -> ModelRecord:
    """A judged model in plain values."""
    name, draws, computed = judged.name, judged.draws, judged.computed
    raised = [flag.name for flag in flags if flag.is_raised and flag.pivot == name]
    return ModelRecord(
        name=name,
        title=CANDIDATES[name].title,
        why=AT_FIRST if name in COMPETING else "; ".join(raised),
        mu=estimate(draws.mu),
        tau=estimate(draws.tau) if CANDIDATES[name].tau else None,
        beta=judged.beta,
        divergences=computed.divergences if computed else None,
        r_hat=computed.r_hat if computed else None,
        ess_tau=computed.ess_tau if computed and CANDIDATES[name].tau else None,
        gradients=computed.gradients if computed else None,
        adapt_delta=computed.adapt_delta if computed else None,
        integrated=computed.integrated if computed else None,
        **prior_statistics(judged, problem),
        covered=covered(draws.y_rep, problem.units.y),
        elpd=float(judged.left_out.elpd.elpd_loo),
        elpd_se=float(judged.left_out.elpd.se),
        elpd_difference=standing.difference,
        elpd_difference_se=standing.difference_se,
        weight=standing.weight,
        units=unit_records(judged, problem),
        findings=(*judged.findings, standing.finding),
    )
