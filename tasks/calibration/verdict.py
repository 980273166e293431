"""Whether simulations show that a model's posterior can be trusted, and if not, why not."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tasks.calibration.ecdf_bands import ecdf_statistic, p_value
from tasks.calibration.interval_coverage import Coverage, interval_coverage
from tasks.calibration.simulations import LOG_LIKELIHOOD, FloatArray, Simulations, Status
from tasks.calibration.uniformity import (
    Shape,
    chi_square_p_value,
    holm,
    name_shapes,
    rank_moments,
)
from tasks.errors import InputError

Outcome = Literal["calibrated", "not calibrated", "not assessable"]

FEWEST_FITTED = 20
MOST_FAILED = 0.02
MANY_SHORT = 0.05
ROUNDING_OF_P = 1e-10
"""Smaller p-values are lost in rounding."""
NO_CONTRACTION = 0.25
"""A posterior that removes less than this part of the prior's variance is as good as the prior; the
estimate of the part is itself uncertain by 0.07 at 1000 simulations."""

OF_PARAMETER = {
    Shape.LOW: "the posterior is biased upwards: true values rank too low",
    Shape.HIGH: "the posterior is biased downwards: true values rank too high",
    Shape.BOTH_ENDS: "the posterior is too narrow: true values rank at both ends, its intervals "
    "are overconfident",
    Shape.MIDDLE: "the posterior is too wide: true values pile up in the middle of the draws",
}
OF_LOG_LIKELIHOOD = {
    Shape.LOW: "the posterior follows the data more closely than it should: it is too narrow",
    Shape.HIGH: "the posterior does not use the data fully: the model ignores (part of) its data",
}
OF_ANOTHER_SHAPE = "the ranks deviate in another shape"


@dataclass(frozen=True)
class QuantityVerdict:
    """What the ranks of one quantity say.

    Attributes
    ----------
    name
        Of the quantity.
    p_value
        Exact p-value of its ECDF test.
    adjusted_p_value
        The same, adjusted across all quantities by `holm`.
    is_rejected
        Whether the adjusted p-value is at most alpha.
    chi_square_p_value
        None where too few simulations or no suitable divisor of L + 1 leave no two bins.
    coverage
        Of the central 50, 80 and 95 % intervals.
    contraction
        Part of the prior's variance that the posterior removes, at most 1:
        ``1 - (median posterior iqr / iqr of the true values)²``, for normal laws the usual
        ``1 - posterior variance / prior variance``. None for the log likelihood, whose prior is
        different for other data, and where the true values have no spread.
    z_score
        Median of |posterior mean - truth| / posterior sd; 0.67 for a calibrated normal posterior.
    meaning
        If rejected, what that says of the posterior.
    """

    name: str
    p_value: float
    adjusted_p_value: float
    is_rejected: bool
    chi_square_p_value: float | None
    coverage: tuple[Coverage, ...]
    contraction: float | None
    z_score: float
    meaning: tuple[str, ...]


@dataclass(frozen=True)
class CalibrationVerdict:
    """What simulation-based calibration says of a model.

    Attributes
    ----------
    status
        Calibrated means that no quantity is rejected at the level alpha.
    reasons
        Sentences that lead to the status.
    notes
        How many fits failed or are otherwise to be distrusted.
    alpha
        Level of the test of all quantities together.
    quantities
        In the simulations' order; empty where every fit failed.
    """

    status: Outcome
    reasons: tuple[str, ...]
    notes: tuple[str, ...]
    alpha: float
    quantities: tuple[QuantityVerdict, ...]


def judge(simulations: Simulations, *, alpha: float = 0.05) -> CalibrationVerdict:
    """Test whether all ranks are uniform, and say what it means if they are not.

    A model is not calibrated if the ranks of any quantity deviate. The p-values of the quantities
    are adjusted by Holm's rule, so the level holds however the quantities depend on each other.
    Nothing can be assessed with fewer than 20 fits, nor where more than 2 % of the fits failed and
    no quantity is rejected: fits do not fail at random.

    Parameters
    ----------
    simulations
        Those that failed take no part in the ranks but are counted.
    alpha
        Level of this test; that of a look, where a running calibration is looked at.

    Raises
    ------
    InputError
        If alpha is not between 0 and 1, L + 1 is below 3, or a rank of a fit is outside of 0..L.

    References
    ----------
    Modrák et al. (2025), Bayesian Analysis 20, 461-488, for the joint log likelihood.
    Schad, Betancourt & Vasishth (2021), Toward a principled Bayesian workflow in cognitive science,
    Psychological Methods 26, 103-126, for contraction and z-score.
    """
    if not 0 < alpha < 1:
        raise InputError(f"The level of a verdict must be between 0 and 1, got {alpha}.")
    n_fitted = int(simulations.is_fitted.sum())
    quantities = tuple(_judge_quantities(simulations, alpha)) if n_fitted else ()
    rejected = [quantity for quantity in quantities if quantity.is_rejected]
    n = len(simulations.status)
    obstacles = []
    if n_fitted < FEWEST_FITTED:
        obstacles.append(f"Only {n_fitted} of {n} simulations were fitted, {FEWEST_FITTED} needed.")
    elif n - n_fitted > MOST_FAILED * n and not rejected:
        obstacles.append(
            f"{n - n_fitted} of {n} fits failed, more than {100 * MOST_FAILED:g} %: the others are "
            "no random choice."
        )
    status: Outcome
    if obstacles:
        status, reasons = "not assessable", obstacles
    elif rejected:
        status, reasons = "not calibrated", [*_whole_model(quantities), *map(_reason, rejected)]
    else:
        status, reasons = "calibrated", [_reason_to_accept(quantities, alpha)]
    return CalibrationVerdict(status, tuple(reasons), tuple(_notes(simulations)), alpha, quantities)


def _judge_quantities(simulations: Simulations, alpha: float) -> Iterator[QuantityVerdict]:
    fitted, n_ranks = simulations.is_fitted, simulations.n_ranks
    ranks, truth = simulations.ranks[fitted], simulations.truth[fitted]
    gammas = ecdf_statistic(ranks, n_ranks).tolist()
    p_values = np.array([p_value(gamma, len(ranks), n_ranks) for gamma in gammas])
    adjusted = holm(p_values)
    chi_square = chi_square_p_value(ranks, n_ranks)
    coverage = interval_coverage(ranks, n_ranks)
    moments = rank_moments(ranks, n_ranks)
    contraction = _contraction(simulations.iqr[fitted], truth)
    with np.errstate(divide="ignore", invalid="ignore"):  # posteriors without spread
        z_scores = np.abs(simulations.mean[fitted] - truth) / simulations.sd[fitted]
    for q, name in enumerate(simulations.names):
        is_rejected = bool(adjusted[q] <= alpha)
        meaning = _meaning(name, name_shapes(moments[q]), simulations) if is_rejected else ()
        is_contraction = name != LOG_LIKELIHOOD and np.isfinite(contraction[q])
        yield QuantityVerdict(
            name=name,
            p_value=float(p_values[q]),
            adjusted_p_value=float(adjusted[q]),
            is_rejected=is_rejected,
            chi_square_p_value=None if np.isnan(chi_square[q]) else float(chi_square[q]),
            coverage=coverage[q],
            contraction=float(contraction[q]) if is_contraction else None,
            z_score=float(np.median(z_scores[:, q])),
            meaning=tuple(meaning),
        )


def _contraction(iqr: FloatArray, truth: FloatArray) -> FloatArray:
    quartiles = np.quantile(truth, [0.25, 0.75], axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.median(iqr, axis=0) / (quartiles[1] - quartiles[0])
    contraction: FloatArray = 1 - np.square(ratio)
    return contraction


def _meaning(name: str, shapes: tuple[Shape, ...], simulations: Simulations) -> Iterator[str]:
    words = OF_LOG_LIKELIHOOD if name == LOG_LIKELIHOOD else OF_PARAMETER
    named = [words[shape] for shape in shapes if shape in words]
    yield from named or [OF_ANOTHER_SHAPE]
    n_short = int((simulations.status == Status.SHORT).sum())
    n = len(simulations.status)
    if n_short > MANY_SHORT * n:
        yield f"autocorrelated draws alone can do this: those of {n_short} of {n} fits are"


def _whole_model(quantities: tuple[QuantityVerdict, ...]) -> Iterator[str]:
    ignoring = OF_LOG_LIKELIHOOD[Shape.HIGH]
    contractions = [q.contraction for q in quantities if q.contraction is not None]
    if (
        any(ignoring in q.meaning for q in quantities)
        and contractions
        and all(abs(contraction) < NO_CONTRACTION for contraction in contractions)
    ):
        yield (
            "The model ignores its data: every posterior is about as wide as its prior, and true "
            "parameters fit the data better than the posterior's draws."
        )


def _reason_to_accept(quantities: tuple[QuantityVerdict, ...], alpha: float) -> str:
    least = min(quantities, key=lambda quantity: quantity.adjusted_p_value)
    return (
        f"No quantity deviates at the level {alpha:.2g}; the smallest adjusted p-value is "
        f"{least.adjusted_p_value:.2g}, of {least.name}."
    )


def _reason(rejected: QuantityVerdict) -> str:
    p = rejected.adjusted_p_value
    told = f"{p:.2g}" if p >= ROUNDING_OF_P else f"below {ROUNDING_OF_P:g}"
    return f"{rejected.name}: {'; '.join(rejected.meaning)} (adjusted p-value {told})."


def _notes(simulations: Simulations) -> Iterator[str]:
    n = len(simulations.status)
    counts = {
        "failed and have no ranks": ~simulations.is_fitted,
        "kept autocorrelated draws": simulations.status == Status.SHORT,
        "had divergent iterations": simulations.divergences > 0,
        "had iterations that reached the tree depth limit": simulations.saturated > 0,
    }
    for what, is_so in counts.items():
        if is_so.any():
            yield f"{int(is_so.sum())} of {n} fits {what}"
