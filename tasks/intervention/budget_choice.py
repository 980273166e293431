"""The best of the simulated sets of repairs, and what it is worth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite

import numpy as np

from tasks.attribution.satterthwaite import MeanInterval
from tasks.attribution.selected_mean import left_out_choice, selected_mean
from tasks.bayes.interval import Interval
from tasks.errors import InputError
from tasks.intervention.budget_record import BudgetedRepair, BudgetRecord, RepairSet
from tasks.intervention.budget_sets import ItemSet, total_cost
from tasks.intervention.replicate_cells import Action, FloatArray

NEXT_BEST = 5


@dataclass(frozen=True)
class Candidate:
    """A repair that may be recommended.

    Attributes
    ----------
    action
        At a table or a column.
    cost
        In the unit of the budget.
    effect
        Expected change of U in per cent, if it is made alone.
    """

    action: Action
    cost: float
    effect: float

    def __post_init__(self) -> None:
        if not 0 < self.cost < inf or not isfinite(self.effect):
            raise InputError(
                "A candidate's cost must be above 0 and finite, and its effect finite, got the "
                f"cost {self.cost:g} and the effect {self.effect:g} for {self.action}."
            )


@dataclass(frozen=True)
class SetCells:
    """A set of repairs, made together, in its replicate cells.

    Attributes
    ----------
    effects
        Change of U in per cent, shape (J, V).
    nll_change
        Of the mean held-out negative log likelihood, in nats a row.
    drawn
        Whether a repair of the set puts in drawn values.
    """

    effects: FloatArray
    nll_change: float
    drawn: bool

    @property
    def value(self) -> float:
        """Mean effect; infinite for an illusory gain, which is told as for a single action."""
        mean = float(self.effects.mean())
        return inf if not self.drawn and mean < 0 < self.nll_change else mean


def choose_set(
    budget: float, candidates: Sequence[Candidate], cells: Mapping[ItemSet, SetCells]
) -> BudgetRecord:
    """Choose the set that lowers U most, the cheaper of two that lower it alike.

    Parameters
    ----------
    budget
        What the sets keep to.
    candidates
        The n repairs.
    cells
        Sets of their numbers, each candidate alone among them.

    Returns
    -------
    BudgetRecord
        Nothing is chosen where no set lowers U, or none but by what choosing among them makes of
        noise. The effect is `selected_mean`, and so is its difference from the single effects' sum.
    """
    costs = [one.cost for one in candidates]
    eligible = sorted(
        (items for items, found in cells.items() if found.value < inf),
        key=lambda items: (cells[items].value, total_cost(items, costs)),
    )
    ranked = tuple(
        RepairSet(
            actions=tuple(str(candidates[k].action) for k in items),
            cost=total_cost(items, costs),
            effect=cells[items].value,
        )
        for items in eligible
    )
    if not eligible or cells[eligible[0]].value >= 0:
        return _nothing(budget, cells, ranked)
    best, drawn = eligible[0], cells[eligible[0]].drawn
    together = np.stack([cells[items].effects for items in eligible])
    singles = np.stack([np.sum([cells[(k,)].effects for k in items], axis=0) for items in eligible])
    choice = left_out_choice(together)
    effect = selected_mean(together, 0, drawn, choice)
    if effect.mean >= 0:
        return _nothing(budget, cells, ranked)
    interaction = selected_mean(together - singles, 0, drawn, choice)
    return BudgetRecord(
        budget=budget,
        chosen=tuple(_repair(candidates[k], cells[(k,)]) for k in best),
        cost=total_cost(best, costs),
        effect=_interval(effect),
        sum_of_singles=float(effect.mean - interaction.mean),
        interaction=_interval(interaction) if len(best) > 1 else None,
        considered=len(cells),
        next_best=ranked[1 : NEXT_BEST + 1],
    )


def _nothing(
    budget: float, cells: Mapping[ItemSet, SetCells], ranked: tuple[RepairSet, ...]
) -> BudgetRecord:
    return BudgetRecord(
        budget=budget,
        considered=len(cells),
        next_best=ranked[:NEXT_BEST],
        reason=f"No set of repairs that costs at most {budget:g} is expected to lower the "
        "uncertainty.",
    )


def _repair(candidate: Candidate, alone: SetCells) -> BudgetedRepair:
    return BudgetedRepair(
        node=candidate.action.node,
        intervention=candidate.action.intervention,
        cost=candidate.cost,
        effect=float(alone.effects.mean()),
    )


def _interval(of: MeanInterval) -> Interval:
    return Interval(mean=float(of.mean), low=float(of.low), high=float(of.high))
