"""What a coverage study says, as a record."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from tasks.calibration.coverage.clustered import Measure, Share
from tasks.calibration.coverage.ranking_summary import RankingSummary
from tasks.calibration.coverage.study import Reading

Level = Literal["table", "column", "range", "placebo"]
Verdict = Literal["holds", "too few", "too many", "open"]
"""On a share: between its bounds, below, above, or not to be told yet."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class IntervalShare(Share):
    """Share of the central intervals of a probability that hold the truth."""

    level: float


class LevelSummary(_Record):
    """Effects of one reading at one level, told and true, in per cent.

    Attributes
    ----------
    effects, databases
        How many.
    coverage
        Of the 50, 80 and 95 % intervals.
    verdict
        Whether the coverage of the 95 % intervals lies between 93 and 97 %: ``too few`` where they
        are too narrow, ``too many`` where they are wider than need be, ``open`` where the
        coverage's own interval reaches across an end.
    bias, rmse
        Mean, and root mean square, of told less true effects; the error of the true ones is in it.
    told_sd
        Mean sd that the 95 % intervals stand for.
    truth_error
        Mean Monte Carlo standard error of the true effects.
    """

    reading: Reading
    level: Level
    effects: int
    databases: int
    coverage: tuple[IntervalShare, ...]
    verdict: Verdict
    bias: Measure
    rmse: Measure
    told_sd: float
    truth_error: float


class PlaceboSummary(_Record):
    """How often the placebo would be recommended: its 95 % interval lies wholly below 0.

    It is new noise in the place of noise, which does nothing. Noise that is smoothed is no placebo
    where rows are scored again: they move to the middle of the noise, where members agree more.

    Attributes
    ----------
    databases
        How many, each of which stands for a run.
    runs
        Share of the runs in which it would be.
    verdict
        Whether `runs` is at most 5 %: ``open`` where its interval reaches across.
    """

    reading: Reading
    databases: int
    runs: Share
    verdict: Verdict


class Failure(_Record):
    """A database that gave no outcome."""

    number: int
    reason: str


class Summary(_Record):
    """A coverage study.

    Attributes
    ----------
    databases
        How many gave an outcome; `failures` are those that did not.
    levels
        By reading and level, as far as there are effects.
    placebo
        By reading.
    ranking
        None where no database gave a list.
    """

    databases: int
    failures: tuple[Failure, ...]
    levels: tuple[LevelSummary, ...]
    placebo: tuple[PlaceboSummary, ...]
    ranking: RankingSummary | None
