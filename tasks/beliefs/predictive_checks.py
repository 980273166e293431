"""Posterior predictive checks: whether a model of a series of sales could have given the data."""

from collections.abc import Callable
from dataclasses import dataclass

import arviz as az
import numpy as np
import numpy.typing as npt
from scipy import stats

from tasks.calibration.uniformity import holm

Floats = npt.NDArray[np.float64]
LEVEL = 0.05
COVERAGE = 0.9


@dataclass(frozen=True)
class PredictiveCheck:
    """A statistic of the data against those of replicated data.

    Attributes
    ----------
    name
        Of the statistic.
    observed, replicated
        Its posterior means, of the data and of replicated data.
    p_value
        Two-sided posterior predictive p-value.
    mcse
        Its Monte Carlo standard error.
    adjusted_p_value
        The p-value adjusted over all checks by Holm's rule.
    is_rejected
        Whether that is below the level.
    """

    name: str
    observed: float
    replicated: float
    p_value: float
    mcse: float
    adjusted_p_value: float
    is_rejected: bool


@dataclass(frozen=True)
class PredictiveChecks:
    """What all checks say of a likelihood.

    Attributes
    ----------
    checks
        One a statistic.
    level
        Of all of them together.
    """

    checks: tuple[PredictiveCheck, ...]
    level: float

    @property
    def is_adequate(self) -> bool:
        """Whether no check is rejected."""
        return not any(check.is_rejected for check in self.checks)


def predictive_checks(fit: az.InferenceData, level: float = LEVEL) -> PredictiveChecks:
    """Hold residuals around the expected series against replicated ones.

    The statistics are those that a model of means cannot fit away: spread, memory, outliers and
    asymmetry of what is left, each computed with every draw's own means, and how many observations
    lie in central 90 % predictive intervals. Posterior predictive p-values crowd around 1/2, since
    the data are used twice: a check that is rejected tells, one that is not tells less.

    Parameters
    ----------
    fit
        With ``mu`` (chains, draws, T) in the posterior, and ``y`` and ``y_rep``.
    level
        All checks together reject a right model no more often: at 0.05 and five checks none of
        them before its own p-value is below 0.01.

    References
    ----------
    Gelman, Meng & Stern (1996), Posterior predictive assessment of model fitness via realized
    discrepancies, Statistica Sinica 6, 733-807.

    Meng (1994), Posterior predictive p-values, Annals of Statistics 22, 1142-1160.
    """
    y = fit.observed_data["y"].values
    mu = fit.posterior["mu"].values
    y_rep = fit.posterior_predictive["y_rep"].values
    bounds = np.quantile(y_rep, [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2], axis=(0, 1))

    def covered(series: Floats) -> Floats:
        return np.asarray(((series >= bounds[0]) & (series <= bounds[1])).mean(axis=-1))

    compared = {
        name: (statistic(y - mu), statistic(y_rep - mu)) for name, statistic in STATISTICS.items()
    }
    in_data = np.broadcast_to(covered(y), mu.shape[:2])
    compared["coverage of 90 % intervals"] = (in_data, covered(y_rep))
    found = {name: _p_value(*both) for name, both in compared.items()}
    adjusted = holm(np.array([p_value for p_value, _ in found.values()]))
    return PredictiveChecks(
        checks=tuple(
            PredictiveCheck(
                name=name,
                observed=float(observed.mean()),
                replicated=float(replicated.mean()),
                p_value=found[name][0],
                mcse=found[name][1],
                adjusted_p_value=float(p_adjusted),
                is_rejected=bool(p_adjusted < level),
            )
            for (name, (observed, replicated)), p_adjusted in zip(
                compared.items(), adjusted, strict=True
            )
        ),
        level=level,
    )


def lag_1_autocorrelation(residuals: Floats) -> Floats:
    """Correlation of each residual with the next, over the last axis.

    Examples
    --------
    >>> float(lag_1_autocorrelation(np.array([1.0, -1.0, 1.0, -1.0])))
    -0.75
    """
    centred = residuals - residuals.mean(axis=-1, keepdims=True)
    products = (centred[..., 1:] * centred[..., :-1]).sum(axis=-1)
    return np.asarray(products / np.square(centred).sum(axis=-1))


def _p_value(observed: Floats, replicated: Floats) -> tuple[float, float]:
    """Two-sided p-value over all draws, half of the ties on each side, and its standard error."""
    above = (replicated > observed) + 0.5 * (replicated == observed)
    n_draws, share = above.size, float(above.mean())
    size = float(az.ess(above)) if np.ptp(above) > 0 else n_draws
    one_sided = (min(share, 1 - share) * n_draws + 0.5) / (n_draws + 1)
    return min(2 * one_sided, 1.0), float(2 * np.sqrt(one_sided * (1 - one_sided) / size))


STATISTICS: dict[str, Callable[[Floats], Floats]] = {
    "sd of residuals": lambda residuals: residuals.std(axis=-1),
    "lag-1 autocorrelation of residuals": lag_1_autocorrelation,
    "largest absolute residual": lambda residuals: np.abs(residuals).max(axis=-1),
    "skewness of residuals": lambda residuals: stats.skew(residuals, axis=-1),
}
"""Of residuals (..., T), over the last axis."""
