"""Can these draws be trusted? R-hat, effective sample size, divergences, energy, tree depth."""

from dataclasses import dataclass

import arviz as az
import numpy as np
import pandas as pd
import xarray as xr

from tasks.bayes.posterior_summary import flatten, summarize


@dataclass(frozen=True)
class Thresholds:
    """What a fit must reach before anything is concluded from it.

    Attributes
    ----------
    r_hat
        R-hat of every parameter must be below this.
    ess
        Bulk and tail effective sample size of every parameter must be above this.
    e_bfmi
        Energy's Bayesian fraction of missing information must be above this in every chain.
    """

    r_hat: float = 1.01
    ess: float = 400
    e_bfmi: float = 0.3


GATE = Thresholds()


@dataclass(frozen=True)
class Finding:
    """One statistic that misses its threshold.

    Examples
    --------
    >>> str(Finding("tau", "R-hat", 1.0432, "< 1.01"))
    'tau: R-hat is 1.043, must be < 1.01'
    """

    parameter: str
    statistic: str
    value: float
    rule: str

    def __str__(self) -> str:
        return f"{self.parameter}: {self.statistic} is {self.value:.4g}, must be {self.rule}"


@dataclass(frozen=True)
class Verdict:
    """What the diagnostics say of a fit.

    Attributes
    ----------
    failures
        Every statistic that misses its threshold, with parameter and number.
    not_assessable
        Of what nothing can be said, and why; no failure by itself.
    notes
        What costs time but not trust.
    """

    failures: tuple[Finding, ...]
    not_assessable: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether no statistic misses its threshold."""
        return not self.failures


def check(fit: az.InferenceData, thresholds: Thresholds = GATE) -> Verdict:
    """Judge a fit.

    Parameters
    ----------
    fit
        Groups ``posterior`` and ``sample_stats``, as Stan's sampler gives them.
    thresholds
        The defaults are those that a fit must pass before anything is ranked by it.

    Returns
    -------
    Verdict
        Fails on R-hat, effective sample size, divergent transitions, E-BFMI, draws that are not
        finite, and a single chain (R-hat compares chains). A parameter whose draws are all equal
        is not assessable.

    References
    ----------
    Vehtari et al. (2021), Bayesian Analysis 16, 667-718, for R-hat and ESS.
    Betancourt (2016), Diagnosing Suboptimal Cotangent Disintegrations, arXiv:1604.00695, E-BFMI.
    """
    stats = fit.sample_stats
    draws = fit.posterior.assign(lp__=stats["lp"]) if "lp" in stats else fit.posterior
    table = summarize(draws)
    infinite = flatten((~np.isfinite(draws)).sum(("chain", "draw")))
    constant = table.index[(infinite == 0) & (table["q5"] == table["q95"]) & (table["sd"] == 0)]
    sampler_failures, not_assessable = _check_sampler(stats, thresholds)
    return Verdict(
        failures=(
            *(
                Finding(str(name), "number of draws that are not finite", count, "0")
                for name, count in infinite[infinite > 0].items()
            ),
            *_check_convergence(table[infinite == 0].drop(constant), thresholds, draws),
            *sampler_failures,
        ),
        not_assessable=(*(f"{name}: all draws are equal" for name in constant), *not_assessable),
        notes=_note_tree_depth(stats),
    )


def _check_convergence(
    table: pd.DataFrame, thresholds: Thresholds, draws: xr.Dataset
) -> list[Finding]:
    rules = {
        "ess_bulk": ("bulk ESS", f"> {thresholds.ess:g}"),
        "ess_tail": ("tail ESS", f"> {thresholds.ess:g}"),
    }
    failures = []
    if draws.sizes["chain"] >= 2:
        rules["r_hat"] = ("R-hat", f"< {thresholds.r_hat:g}")
    else:
        failures.append(Finding("all parameters", "number of chains", 1, ">= 2 for R-hat"))
    for name, row in table.iterrows():
        for column, (statistic, rule) in rules.items():
            value = row[column]
            good = value < thresholds.r_hat if column == "r_hat" else value > thresholds.ess
            if not good:
                failures.append(Finding(str(name), statistic, value, rule))
    return failures


def _check_sampler(stats: xr.Dataset, thresholds: Thresholds) -> tuple[list[Finding], list[str]]:
    failures, not_assessable = [], []
    if "diverging" in stats:
        divergences = int(stats["diverging"].sum())
        if divergences:
            failures.append(Finding("sampler", "number of divergent transitions", divergences, "0"))
    else:
        not_assessable.append("divergences: the sampler does not report them")
    if "energy" in stats:
        for chain, value in enumerate(az.bfmi(stats["energy"].values), start=1):
            if not value > thresholds.e_bfmi:
                rule = f"> {thresholds.e_bfmi:g}"
                failures.append(Finding(f"chain {chain}", "E-BFMI", float(value), rule))
    else:
        not_assessable.append("E-BFMI: the sampler reports no energy")
    return failures, not_assessable


def _note_tree_depth(stats: xr.Dataset) -> tuple[str, ...]:
    if "tree_depth" not in stats or "max_treedepth" not in stats.attrs:
        return ()
    limit = stats.attrs["max_treedepth"]
    depth = stats["tree_depth"]
    saturated = int((depth >= limit).sum())
    if not saturated:
        return ()
    return (f"{saturated} of {depth.size} transitions reached the tree depth limit of {limit}",)
