"""Which repair first? Effects ranked by expected gain per unit of cost, from joint draws."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tasks.bayes.arguments import Floats
from tasks.bayes.interval import Interval, intervals
from tasks.domain import PLACEBO, Costs
from tasks.errors import InputError
from tasks.intervention.replicate_cells import DO
from tasks.report.effect_record import Confidence, Effect, Ranked
from tasks.report.further_replicates import further_replicates


def rank(
    effects: Sequence[Effect], draws: npt.ArrayLike, costs: Costs, cells: int
) -> tuple[Ranked, ...]:
    """Rank the effects at tables and columns that may be recommended.

    Left out are value ranges, the placebo, illusory gains, and changes of the world itself, which
    mend no record. The benefit of an action is minus
    its effect, per unit of cost. Doing nothing has the benefit 0 and is a choice too: the benefit
    given up by an action is that of the best choice, never below 0.

    Parameters
    ----------
    effects
        K effects whose `counted` effect summarizes a column of `draws`.
    draws
        Joint posterior draws of the effects, in per cent of U, shape (S, K), S >= 2.
    costs
        From the contract; a node without an entry of its own costs the default.
    cells
        Number of replicate cells behind each effect.

    Returns
    -------
    tuple of Ranked
        Best first; empty where nothing may be recommended.

    Raises
    ------
    InputError
        If the draws are not of that shape or not finite, or there is no cell.
    """
    values = np.asarray(draws, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] != len(effects):
        raise InputError(
            f"Draws must hold one column for each of {len(effects)} effects, got the shape "
            f"{values.shape}."
        )
    chosen = [k for k, effect in enumerate(effects) if _is_candidate(effect)]
    if not chosen:
        return ()
    candidates = [effects[k] for k in chosen]
    changes = values[:, chosen]
    cost = np.array([costs.of(effect.node) for effect in candidates])
    per_cost = changes / cost
    summaries = intervals(per_cost)
    p_best, regret = _probability_best(-per_cost), _expected_regret(-per_cost)
    order = sorted(range(len(chosen)), key=lambda k: _sort_key(summaries[k], candidates[k]))
    return tuple(
        _ranked(
            candidates[k],
            changes[:, k],
            cells,
            rank=place,
            p_best=float(p_best[k]),
            cost=float(cost[k]),
            per_cost=summaries[k],
            regret=float(regret[k]),
        )
        for place, k in enumerate(order, start=1)
    )


def confidence_of(effect: Interval) -> Confidence:
    """How sure the sign and the size of an effect are.

    Examples
    --------
    >>> confidence_of(Interval(mean=-10, low=-12, high=-8))
    'high'
    >>> confidence_of(Interval(mean=-10, low=-13, high=-7))
    'medium'
    >>> confidence_of(Interval(mean=-10, low=-21, high=1))
    'needs more data'
    """
    if effect.low <= 0 <= effect.high:
        return "needs more data"
    return "high" if effect.high - effect.low < abs(effect.mean) / 2 else "medium"


def _is_candidate(effect: Effect) -> bool:
    node = effect.node
    is_place = node.level != "range" and node.table != PLACEBO
    return is_place and effect.intervention != DO and not effect.illusory


def _sort_key(per_cost: Interval, effect: Effect) -> tuple[float, str, str]:
    return per_cost.mean, str(effect.node), effect.intervention


def _probability_best(benefit: Floats) -> Floats:
    """Share of the draws in which each has the largest benefit; those that tie divide a draw."""
    is_best = benefit == benefit.max(axis=1, keepdims=True)
    return np.asarray((is_best / is_best.sum(axis=1, keepdims=True)).mean(axis=0))


def _expected_regret(benefit: Floats) -> Floats:
    best = np.maximum(benefit.max(axis=1, keepdims=True), 0.0)
    return np.asarray((best - benefit).mean(axis=0))


def _ranked(
    effect: Effect,
    draws: Floats,
    cells: int,
    *,
    rank: int,
    p_best: float,
    cost: float,
    per_cost: Interval,
    regret: float,
) -> Ranked:
    confidence = confidence_of(effect.counted)
    open_question = confidence == "needs more data"
    return Ranked(
        rank=rank,
        effect=effect,
        p_reduces=float((draws < 0).mean()),
        p_best=p_best,
        cost=cost,
        per_cost=per_cost,
        regret=regret,
        confidence=confidence,
        further_replicates=further_replicates(
            effect.counted, float(draws.var(ddof=1)), effect.counted_error, cells
        )
        if open_question
        else None,
    )
