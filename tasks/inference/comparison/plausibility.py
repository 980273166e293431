"""Stage 2: is the posterior plausible? Size of tau, range of theta, weight of the prior."""

import numpy as np

from tasks.bayes.normal_divergence import kl_normal
from tasks.inference.comparison.draws import Draws
from tasks.inference.comparison.findings import at_least, at_most, not_assessable
from tasks.inference.comparison.record import Finding, ModelName
from tasks.inference.comparison.settings import ComparisonSettings, Priors
from tasks.inference.comparison.units import Units

NO_TAU = "The model has no tau."


def tau_findings(
    name: ModelName, draws: Draws, priors: Priors, settings: ComparisonSettings
) -> tuple[Finding, ...]:
    """Tau is neither implausibly large nor collapsed, and stays small under a skeptical prior."""
    checks = ("tau_large", "tau_collapsed", "tau_skeptical")
    if not draws.tau.any():
        return tuple(not_assessable(check, 2, NO_TAU) for check in checks)
    median, upper = (float(of) for of in np.quantile(draws.tau, [0.5, 0.95]))
    told = f"The median of tau is {median:.3g}"
    return (
        at_most(
            "tau_large",
            2,
            median,
            settings.most_tau * priors.unit,
            f"{told}; the spread of the estimates itself allows no more.",
        ),
        at_least(
            "tau_collapsed",
            2,
            median,
            settings.least_tau * priors.unit,
            f"{told}; below the limit the units do not differ.",
        ),
        at_most(
            "tau_skeptical",
            2,
            upper,
            settings.most_skeptical_tau * priors.unit,
            f"The 95 % quantile of tau is {upper:.3g}; beyond the limit the data overrule the "
            "skeptical prior.",
        )
        if name == "hierarchical_skeptical"
        else not_assessable("tau_skeptical", 2, "The prior is not the skeptical one."),
    )


def range_finding(draws: Draws, units: Units, settings: ComparisonSettings) -> Finding:
    """No unit's posterior mean lies outside of the plausible range."""
    low, high = settings.theta_range(units)
    theta = draws.theta.mean(axis=(0, 1))
    beyond = np.maximum(low - theta, theta - high)
    worst = int(beyond.argmax())
    return at_most(
        "theta_range",
        2,
        float(max(beyond[worst], 0.0)),
        0.0,
        f"The effects' means go from {theta.min():.3g} to {theta.max():.3g}; plausible is "
        f"{low:.3g} to {high:.3g}.",
    )


def prior_finding(
    name: ModelName, draws: Draws, priors: Priors, settings: ComparisonSettings
) -> Finding:
    """Mu's posterior has moved by a prior sd, or has learnt enough: else the prior dominates."""
    if name == "empirical_bayes":
        return not_assessable("prior_dominates", 2, "The prior is flat.")
    is_skeptical = name == "hierarchical_skeptical"
    mean = priors.skeptical_mean if is_skeptical else priors.mu_mean
    sd = priors.skeptical_sd if is_skeptical else priors.mu_sd
    learnt = kl_normal(float(draws.mu.mean()), float(draws.mu.std(ddof=1)), mean, sd)
    moved = abs(float(draws.mu.mean()) - mean) / sd
    is_far = moved > 1
    return at_least(
        "prior_dominates",
        2,
        learnt,
        0.0 if is_far else settings.least_divergence,
        f"The data moved mu by {moved:.2g} prior sds and by a Kullback-Leibler divergence of "
        f"{learnt:.2g} nats from its prior.",
    )
