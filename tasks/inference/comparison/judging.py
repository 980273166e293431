"""One fitted model, judged on every criterion of the first two stages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import arviz as az
import numpy as np

from tasks.inference.comparison.adaptive_checks import adaptive_findings
from tasks.inference.comparison.candidates import CANDIDATES, regressor_names
from tasks.inference.comparison.computation import (
    Computation,
    computation_findings,
    computation_of,
)
from tasks.inference.comparison.draws import Draws, draws_of, estimate, estimates
from tasks.inference.comparison.exploration import Exploration
from tasks.inference.comparison.fitting import Fit, Problem
from tasks.inference.comparison.heterogeneity import (
    heterogeneity_finding,
    unit_intervals_finding,
)
from tasks.inference.comparison.plausibility import (
    prior_finding,
    range_finding,
    tau_findings,
)
from tasks.inference.comparison.predictive import LeftOut, leave_one_out
from tasks.inference.comparison.predictive_checks import (
    coverage_finding,
    covered,
    outlier_finding,
    predictive_interval,
    trend_finding,
)
from tasks.inference.comparison.record import (
    Estimate,
    Finding,
    ModelName,
    SensitivityRow,
    UnitRecord,
)
from tasks.inference.comparison.shrinkage import shrinkage, shrinkage_finding
from tasks.inference.comparison.units import LOG_PRECISION

Fits = Mapping[Fit, az.InferenceData]


@dataclass(frozen=True)
class Judged:
    """A model with what was found of it by itself.

    Attributes
    ----------
    name
        Of the model.
    draws, computed, left_out
        Its draws, its chain's statistics, and the prediction of each unit from the others.
    prior
        Draws from its prior, where that is proper.
    findings
        Criteria of stages 1 and 2.
    """

    name: ModelName
    draws: Draws
    beta: dict[str, Estimate]
    computed: Computation | None
    prior: Draws | None
    left_out: LeftOut
    findings: tuple[Finding, ...]

    def fails(self, check: str) -> bool:
        """Whether it fails a criterion."""
        return any(of.check == check and of.status == "fail" for of in self.findings)

    def is_left(self, stage: int) -> bool:
        """Whether it fails no criterion up to a stage."""
        return not any(of.status == "fail" and of.stage <= stage for of in self.findings)


def judge(
    name: ModelName,
    fits: Fits,
    problem: Problem,
    explored: Exploration,
    grid: Sequence[SensitivityRow],
) -> Judged:
    """Judge a model.

    Parameters
    ----------
    name
        Of the model.
    fits
        Of all models that have been fitted.
    problem, explored, grid
        Units, priors and thresholds; their statistics; the sensitivity to the priors.
    """
    units, priors, settings = problem.units, problem.priors, problem.settings
    fit, reference = fits[Fit(name)], fits[Fit("hierarchical_noncentered")]
    draws, computed = draws_of(name, fit), computation_of(name, fit)
    left_out = leave_one_out(draws, units.y, units.sigma)
    prior = fits.get(Fit(name, likelihood=False))
    trends = {LOG_PRECISION: units.log_precision, **units.covariates}
    return Judged(
        name=name,
        draws=draws,
        beta=_coefficients(name, fit, problem),
        computed=computed,
        prior=None if prior is None else draws_of(name, prior),
        left_out=left_out,
        findings=(
            *computation_findings(computed, settings),
            *tau_findings(name, draws, priors, settings),
            heterogeneity_finding(draws, explored),
            unit_intervals_finding(
                draws, draws_of("hierarchical_noncentered", reference), settings
            ),
            shrinkage_finding(draws, units),
            range_finding(draws, units, settings),
            prior_finding(name, draws, priors, settings),
            coverage_finding(draws.y_rep, units, settings),
            outlier_finding(left_out, units, settings, heavy_tails=draws.nu is not None),
            *(trend_finding(of, values, left_out, settings) for of, values in trends.items()),
            *adaptive_findings(
                name,
                draws,
                computed,
                computation_of("hierarchical_noncentered", reference),
                grid,
                priors,
                settings,
            ),
        ),
    )


def unit_records(judged: Judged, problem: Problem) -> tuple[UnitRecord, ...]:
    """Every unit as a model sees it."""
    units, draws = problem.units, judged.draws
    part = shrinkage(draws, units)
    low, high = predictive_interval(draws.y_rep)
    return tuple(
        UnitRecord(
            label=label,
            y=float(units.y[j]),
            sigma=float(units.sigma[j]),
            theta=theta,
            shrinkage=float(part[j]) if np.isfinite(part[j]) else None,
            y_low=float(low[j]),
            y_high=float(high[j]),
            pareto_k=float(judged.left_out.pareto_k[j]),
            loo_z=float(judged.left_out.z[j]),
        )
        for j, (label, theta) in enumerate(zip(units.labels, estimates(draws.theta), strict=True))
    )


def prior_statistics(judged: Judged, problem: Problem) -> dict[str, float | None]:
    """Share of the estimates inside of 95 % prior predictive intervals, and tau's prior median."""
    if judged.prior is None:
        return {"prior_covered": None, "prior_tau": None}
    has_tau = CANDIDATES[judged.name].tau is not None
    return {
        "prior_covered": covered(judged.prior.y_rep, problem.units.y),
        "prior_tau": float(np.median(judged.prior.tau)) if has_tau else None,
    }


def _coefficients(name: ModelName, fit: az.InferenceData, problem: Problem) -> dict[str, Estimate]:
    names = regressor_names(name, problem.units)
    if not names:
        return {}
    beta = fit.posterior["beta"].values.reshape(*fit.posterior["mu"].shape, -1)
    return {of: estimate(beta[..., k]) for k, of in enumerate(names)}
