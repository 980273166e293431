"""Stage 3: how the models stand to each other in the prediction of new units."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import arviz as az
import numpy as np

from tasks.inference.comparison.findings import at_most, not_assessable
from tasks.inference.comparison.judging import Judged
from tasks.inference.comparison.record import Finding, ModelName
from tasks.inference.comparison.settings import ComparisonSettings


@dataclass(frozen=True)
class Standing:
    """A model among the others.

    Attributes
    ----------
    difference, difference_se
        Expected log predictive density of the best model less this one's.
    weight
        By stacking.
    finding
        Whether it is not too far behind.
    """

    difference: float
    difference_se: float
    weight: float
    finding: Finding


def standings(judged: Sequence[Judged], settings: ComparisonSettings) -> dict[ModelName, Standing]:
    """Compare all models with the best of those that stages 1 and 2 leave, or of all if none.

    References
    ----------
    Yao, Vehtari, Simpson & Gelman (2018), Using stacking to average Bayesian predictive
    distributions, Bayesian Analysis 13, 917-1007.
    """
    left = [of for of in judged if of.is_left(2)] or list(judged)
    best = max(left, key=lambda of: float(of.left_out.elpd.elpd_loo))
    weights = _weights({of.name: of.left_out.elpd for of in judged})
    return {of.name: _standing(of, best, weights[of.name], settings) for of in judged}


def _weights(elpds: Mapping[ModelName, az.ELPDData]) -> dict[str, float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Pareto k: judged by ourselves
        compared = az.compare(dict(elpds), method="stacking")
    return {str(name): float(weight) for name, weight in compared["weight"].items()}


def _standing(
    judged: Judged, best: Judged, weight: float, settings: ComparisonSettings
) -> Standing:
    differences = best.left_out.elpd.loo_i.values - judged.left_out.elpd.loo_i.values
    behind = float(differences.sum())
    error = float(np.sqrt(differences.size * differences.var(ddof=1)))
    worst = max(float(of.left_out.pareto_k.max()) for of in (judged, best))
    if worst > settings.most_pareto_k:
        finding = not_assessable(
            "elpd",
            3,
            f"Leaving a unit out has a Pareto k of {worst:.2f}: the prediction from the others "
            "is not known.",
        )
    else:
        finding = at_most(
            "elpd",
            3,
            behind,
            settings.most_elpd_behind,
            f"In the prediction of new units it is {abs(behind):.1f} ± {error:.1f} "
            f"{'behind' if behind >= 0 else 'ahead of'} the best that is left, with the weight "
            f"{weight:.2f} among all.",
        )
    return Standing(behind, error, weight, finding)
