"""What a budget buys: the set of repairs chosen, its effect, and the sets that come next."""

from pydantic import BaseModel, ConfigDict

from tasks.bayes.interval import Interval
from tasks.domain import Node


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class BudgetedRepair(_Frozen):
    """One repair of a set.

    Attributes
    ----------
    cost
        In the unit of the budget.
    effect
        Mean over the replicate cells of 100 (U_after - U_before) / U_before, in per cent, if it is
        made alone.
    """

    node: Node
    intervention: str
    cost: float
    effect: float


class RepairSet(_Frozen):
    """A set of repairs that was simulated.

    Attributes
    ----------
    actions
        Their names.
    cost
        Of all together.
    effect
        Mean over the replicate cells of the change of U in per cent, all repairs made together. The
        best of such means errs downwards.
    """

    actions: tuple[str, ...]
    cost: float
    effect: float


class BudgetRecord(_Frozen):
    """The answer to a budget.

    Attributes
    ----------
    budget
        In the unit of the costs.
    chosen
        The repairs of the set, the most effective per cost first; empty where `reason` says why.
    cost
        Of all together.
    effect
        Change of U in per cent with all of them made together, corrected for the choice among the
        sets, with its 95 % confidence interval; None where nothing is chosen.
    sum_of_singles
        What their single effects sum to, corrected likewise; None where nothing is chosen.
    interaction
        `effect` less `sum_of_singles`: below 0 they do more together; likewise with a
        confidence interval. None for less than two.
    considered
        How many sets were simulated.
    exhaustive
        Whether these are all that the candidates and the budget admit.
    next_best
        The best sets after the chosen one, best first.
    passed_over
        Candidates that cost more than the budget or were beyond the number that is combined.
    reason
        Why nothing is chosen; else empty.
    """

    budget: float
    chosen: tuple[BudgetedRepair, ...] = ()
    cost: float = 0.0
    effect: Interval | None = None
    sum_of_singles: float | None = None
    interaction: Interval | None = None
    considered: int = 0
    exhaustive: bool = True
    next_best: tuple[RepairSet, ...] = ()
    passed_over: tuple[str, ...] = ()
    reason: str = ""

    @property
    def left(self) -> float:
        """What is left of the budget."""
        return max(self.budget - self.cost, 0.0)
