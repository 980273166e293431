"""Judge a coverage study: coverage, bias, the placebo, the order and the regret."""

from collections.abc import Iterator, Sequence
from typing import get_args

import numpy as np
import numpy.typing as npt

from tasks.calibration.coverage.clustered import (
    FloatArray,
    Measure,
    Share,
    clustered_mean,
    clustered_share,
)
from tasks.calibration.coverage.ranking_summary import summarise_ranking
from tasks.calibration.coverage.records import StudyRecord
from tasks.calibration.coverage.study import QUANTILES, Held, Outcome, Reading
from tasks.calibration.coverage.summary_record import (
    Failure,
    IntervalShare,
    Level,
    LevelSummary,
    PlaceboSummary,
    Summary,
    Verdict,
)
from tasks.errors import RunError
from tasks.intervention.changes import PLACEBO_ACTIONS

INTERVALS = tuple(
    (round(QUANTILES[-1 - k] - QUANTILES[k], 9), k) for k in reversed(range(len(QUANTILES) // 2))
)
"""Probability of each central interval, and the place of its lower end among `QUANTILES`."""
ASKED = (0.93, 0.97)
"""Between which the coverage of 95 % intervals must lie."""
MOST_PLACEBOS = 0.05
"""Share of runs in which the placebo may be recommended."""
NULL = next(str(action) for action in PLACEBO_ACTIONS if action.is_drawn)
"""Intervention on the placebo that does nothing."""
NORMAL_WIDTH = 3.919927969080109
"""Of a normal's central 95 % interval, in sds."""


def summarise(record: StudyRecord) -> Summary:
    """Judge a study; databases are independent of each other, effects of one are not.

    Raises
    ------
    RunError
        If every database failed.
    """
    failures = tuple(
        Failure(number=of.number, reason=of.failure)
        for of in record.databases
        if of.failure is not None
    )
    if not record.outcomes:
        raise RunError(f"All {len(failures)} databases failed, the first so: {failures[0].reason}")
    return Summary(
        databases=len(record.outcomes),
        failures=failures,
        levels=tuple(_levels(record.outcomes)),
        placebo=tuple(_placebos(record.outcomes)),
        ranking=summarise_ranking(record.outcomes),
    )


def verdict_on(share: Share, low: float, high: float) -> Verdict:
    """Whether a share lies between two bounds, as far as its interval tells.

    Examples
    --------
    >>> verdict_on(Share(value=0.95, error=0.01, low=0.94, high=0.96), 0.93, 0.97)
    'holds'
    >>> verdict_on(Share(value=0.90, error=0.02, low=0.86, high=0.94), 0.93, 0.97)
    'open'
    """
    if low <= share.low and share.high <= high:
        return "holds"
    if share.high < low:
        return "too few"
    return "too many" if share.low > high else "open"


def _levels(outcomes: Sequence[Outcome]) -> Iterator[LevelSummary]:
    for reading in get_args(Reading):
        for level in get_args(Level):
            effects, clusters = _effects(outcomes, reading, level)
            if effects:
                yield _summarise_level(effects, clusters, reading, level)


def _effects(
    outcomes: Sequence[Outcome], reading: Reading, level: Level
) -> tuple[list[Held], npt.NDArray[np.int64]]:
    """Effects of all databases, and the database of each."""
    found = [
        (of, number)
        for number, outcome in enumerate(outcomes)
        for of in outcome.effects
        if (of.reading, of.level) == (reading, level)
    ]
    return [of for of, _ in found], np.array([number for _, number in found], dtype=np.int64)


def _summarise_level(
    effects: Sequence[Held], clusters: npt.NDArray[np.int64], reading: Reading, level: Level
) -> LevelSummary:
    truth = np.array([of.truth for of in effects])
    measured = np.array([of.measured for of in effects])
    told = np.array([of.quantiles for of in effects])
    off: FloatArray = np.array([of.mean for of in effects]) - truth
    coverage = tuple(
        IntervalShare(
            level=probability,
            **clustered_share(
                (measured[:, k] <= truth) & (truth <= measured[:, -1 - k]), clusters
            ).model_dump(),
        )
        for probability, k in INTERVALS
    )
    return LevelSummary(
        reading=reading,
        level=level,
        effects=len(effects),
        databases=len(np.unique(clusters)),
        coverage=coverage,
        verdict=verdict_on(coverage[-1], *ASKED),
        bias=clustered_mean(off, clusters),
        rmse=_root(clustered_mean(off**2, clusters)),
        told_sd=float((told[:, -1] - told[:, 0]).mean() / NORMAL_WIDTH),
        truth_error=float(np.mean([of.truth_error for of in effects])),
    )


def _root(square: Measure) -> Measure:
    """Square root, its error by linearisation."""
    root = float(np.sqrt(square.value))
    error = None if square.error is None or not root else square.error / (2 * root)
    return Measure(value=root, error=error)


def _placebos(outcomes: Sequence[Outcome]) -> Iterator[PlaceboSummary]:
    for reading in get_args(Reading):
        effects, clusters = _effects(outcomes, reading, "placebo")
        is_null = np.array([of.action == NULL for of in effects], dtype=bool)
        if is_null.any():
            below = np.array([of.quantiles[-1] < 0 for of in effects])[is_null]
            runs = clustered_share(below, clusters[is_null])
            yield PlaceboSummary(
                reading=reading,
                databases=len(below),
                runs=runs,
                verdict=verdict_on(runs, 0, MOST_PLACEBOS),
            )
