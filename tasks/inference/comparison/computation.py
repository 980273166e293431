"""Stage 1: can the draws be trusted? Divergences, R-hat, effective sample size of tau."""

from dataclasses import dataclass

import arviz as az
import numpy as np

from tasks.inference.comparison.candidates import CANDIDATES
from tasks.inference.comparison.findings import at_least, at_most, failed, not_assessable
from tasks.inference.comparison.record import Finding, ModelName
from tasks.inference.comparison.settings import ComparisonSettings

SAMPLED_EFFECTS = "eta"
"""Variable of the programs whose chain walks over the effects."""
STUCK = "A parameter has the same value in all draws, or none: the chain does not move."
NO_CHAIN = "There is no Markov chain: the draws are independent."


@dataclass(frozen=True)
class Computation:
    """Statistics of a Markov chain.

    Attributes
    ----------
    divergences
        Share of transitions.
    r_hat
        The largest of all parameters.
    ess_tau
        Bulk effective sample size of tau; NaN where there is none.
    gradients
        Evaluations of the gradient after warm-up.
    adapt_delta
        Acceptance rate that warm-up aimed at.
    integrated
        Whether the true effects were integrated out, not sampled.
    """

    divergences: float
    r_hat: float
    ess_tau: float
    gradients: int
    adapt_delta: float
    integrated: bool


def computation_of(name: ModelName, fit: az.InferenceData) -> Computation | None:
    """Statistics of a fit; None where there is no Markov chain."""
    if "sample_stats" not in fit.groups():
        return None
    stats, posterior = fit.sample_stats, fit.posterior
    tau = CANDIDATES[name].tau
    with np.errstate(invalid="ignore"):  # 0 / 0 where no chain moves, which is judged
        r_hats = [value.values.max() for value in az.rhat(posterior).data_vars.values()]
    return Computation(
        divergences=float(stats["diverging"].mean()),
        r_hat=float(np.max(r_hats)),
        ess_tau=float(az.ess(posterior[tau].values, method="bulk")) if tau else np.nan,
        gradients=int(stats["n_steps"].sum()),
        adapt_delta=float(stats.attrs["adapt_delta"]),
        integrated=SAMPLED_EFFECTS not in posterior,
    )


def computation_findings(
    computed: Computation | None, settings: ComparisonSettings
) -> tuple[Finding, ...]:
    """Judge a fit's computation."""
    if computed is None:
        return tuple(
            not_assessable(check, 1, NO_CHAIN) for check in ("divergences", "r_hat", "ess_tau")
        )
    reached = "reaches" if computed.ess_tau >= settings.target_ess else "misses"
    return (
        at_most(
            "divergences",
            1,
            computed.divergences,
            settings.most_divergences,
            f"{100 * computed.divergences:.2g} % of the transitions diverged.",
        ),
        failed("r_hat", 1, STUCK)
        if np.isnan(computed.r_hat)
        else at_most(
            "r_hat",
            1,
            computed.r_hat,
            settings.most_r_hat,
            f"The largest R-hat of a parameter is {computed.r_hat:.4f}.",
        ),
        not_assessable("ess_tau", 1, "The model has no tau.")
        if np.isnan(computed.ess_tau)
        else at_least(
            "ess_tau",
            1,
            computed.ess_tau,
            settings.least_ess,
            f"The effective sample size of tau is {computed.ess_tau:.0f} and {reached} the target "
            f"of {settings.target_ess:g}.",
        ),
    )


def is_computed(name: ModelName, fit: az.InferenceData, settings: ComparisonSettings) -> bool:
    """Whether a fit passes stage 1."""
    findings = computation_findings(computation_of(name, fit), settings)
    return all(finding.status != "fail" for finding in findings)
