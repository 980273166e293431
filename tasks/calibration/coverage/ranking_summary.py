"""What the recommended lists of a coverage study are worth: their order, and the regret."""

from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict
from scipy import stats

from tasks.calibration.coverage.clustered import Measure, clustered_mean
from tasks.calibration.coverage.study import Choice, Outcome


class RankingSummary(BaseModel):
    """Recommended lists against true effects; databases count alike.

    The regret of an act is its true effect less the lowest of those of all interventions of the
    list and of doing nothing, which is 0. True effects have a Monte Carlo error, so that the lowest
    is a little too low, for all acts alike.

    Attributes
    ----------
    databases
        With a list.
    correlation
        Mean of Spearman's rank correlations of told and true effects; None where no list has two
        interventions that differ.
    first
        Mean regret, in per cent, of making the first of the list where it is told to lower
        uncertainty, and nothing else.
    rescored_first
        The same if rows had been scored again only: which is first is told without members that
        are fitted anew.
    random, nothing
        Mean regrets of making any of the list, and none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    databases: int
    correlation: Measure | None
    first: Measure
    rescored_first: Measure
    random: Measure
    nothing: Measure


def summarise_ranking(outcomes: Sequence[Outcome]) -> RankingSummary | None:
    """Judge the lists; None where there is none."""
    listed = [of for of in outcomes if of.ranking]
    if not listed:
        return None
    correlations = [found for of in listed if (found := _correlation(of.ranking)) is not None]
    first, rescored = (
        _mean([_regret(of.ranking, _acted(of.ranking, told)) for of, told in pairs])
        for pairs in (
            [(of, {choice.action: choice.mean for choice in of.ranking}) for of in listed],
            [(of, _rescored(of)) for of in listed],
        )
    )
    everything = [np.mean([choice.truth for choice in of.ranking]) for of in listed]
    return RankingSummary(
        databases=len(listed),
        correlation=_mean(correlations) if correlations else None,
        first=first,
        rescored_first=rescored,
        random=_mean(
            [_regret(of.ranking, float(e)) for of, e in zip(listed, everything, strict=True)]
        ),
        nothing=_mean([_regret(of.ranking, 0.0) for of in listed]),
    )


def _rescored(outcome: Outcome) -> dict[str, float]:
    """Effects as they are told by scoring rows again."""
    return {of.action: of.mean for of in outcome.effects if of.reading == "rescored"}


def _acted(ranking: Sequence[Choice], told: dict[str, float]) -> float:
    """True effect of making what is told to be best, of nothing where nothing lowers."""
    first = min(ranking, key=lambda choice: told[choice.action])
    return first.truth if told[first.action] < 0 else 0.0


def _regret(ranking: Sequence[Choice], truth: float) -> float:
    return truth - min(0.0, *(choice.truth for choice in ranking))


def _correlation(ranking: Sequence[Choice]) -> float | None:
    told, true = [choice.mean for choice in ranking], [choice.truth for choice in ranking]
    if len(set(told)) < 2 or len(set(true)) < 2:
        return None
    return float(stats.spearmanr(told, true).statistic)


def _mean(values: Sequence[float]) -> Measure:
    return clustered_mean(np.array(values, dtype=np.float64), np.arange(len(values)))
