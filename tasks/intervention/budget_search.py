"""Which repairs to pay from a budget: sets of them simulated together."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import inf

from tasks.attribution.relative_change import relative_change
from tasks.errors import InputError
from tasks.intervention.budget_choice import Candidate, SetCells, choose_set
from tasks.intervention.budget_record import BudgetRecord
from tasks.intervention.budget_sets import ItemSet, admissible_sets, search_sets
from tasks.intervention.changes import Change, plan_change
from tasks.intervention.joint_change import exclude_each_other, join_changes
from tasks.intervention.replicate_cells import Action
from tasks.intervention.simulated_action import Scene, score_changed

MOST_CANDIDATES = 8
"""Candidates that are combined: they have at most 255 sets."""
ANY_SET = "repairs made together"
"""Names the seed of the draws, which all sets have in common."""


def search_budget(scene: Scene, candidates: Sequence[Candidate], budget: float) -> BudgetRecord:
    """Find the repairs that lower U most, all made together, for at most so much.

    The most promising candidates are combined, at most one a node, and none of a column beside one
    of its table. The repairs of a set are made in the same tables at once, and the rows are scored
    again in all replicate cells; what an action draws is the same in every set. `search_sets` says
    which sets are tried and when the best is found for sure, `choose_set` what is told of it.

    Parameters
    ----------
    scene
        The database, the rows and their scores before.
    candidates
        Repairs that may be recommended: no illusory gain, no placebo, no value range.
    budget
        In the unit of the candidates' costs.

    Raises
    ------
    InputError
        If the budget is not above 0 and finite, or an action is among the candidates twice.
    NotApplicable
        If a candidate changes nothing.
    """
    if not 0 < budget < inf:
        raise InputError(f"A budget must be above 0 and finite, got {budget:g}.")
    names = [str(one.action) for one in candidates]
    if repeated := {name for name in names if names.count(name) > 1}:
        raise InputError(
            "Each action must be among the candidates once, got more than once: "
            f"{', '.join(sorted(repeated))}."
        )
    combined = shortlist(candidates, budget)
    passed_over = tuple(str(one.action) for one in candidates if one not in combined)
    if not combined:
        return BudgetRecord(
            budget=budget, passed_over=passed_over, reason=_unaffordable(candidates, budget)
        )
    changes = [
        plan_change(one.action, scene.database, scene.evaluation, scene.links) for one in combined
    ]
    cells: dict[ItemSet, SetCells] = {}

    def evaluate(items: ItemSet) -> float:
        cells[items] = simulate_set(scene, {combined[k].action: changes[k] for k in items})
        return cells[items].value

    excluded = {
        pair
        for pair in combinations(range(len(combined)), 2)
        if exclude_each_other(*(combined[k].action.node for k in pair))
    }
    costs = [one.cost for one in combined]
    sets = admissible_sets(costs, excluded, budget)
    search_sets(sets, costs, evaluate)
    return choose_set(budget, combined, cells).model_copy(
        update={"exhaustive": len(cells) == len(sets), "passed_over": passed_over}
    )


def shortlist(candidates: Sequence[Candidate], budget: float) -> list[Candidate]:
    """The candidates that are combined: affordable, the largest reduction per cost first.

    The best one of each node comes before the second best of any, since at most one is made there.
    One that lowers U little alone, or not at all, is not left out if there is room: it may do so
    together with another.
    """
    ordered = sorted(
        (one for one in candidates if one.cost <= budget),
        key=lambda one: (one.effect / one.cost, str(one.action)),
    )
    nodes = [one.action.node for one in ordered]
    places = [nodes[:k].count(node) for k, node in enumerate(nodes)]
    by_place = sorted(range(len(ordered)), key=places.__getitem__)
    return [ordered[k] for k in by_place[:MOST_CANDIDATES]]


def simulate_set(scene: Scene, changes: Mapping[Action, Change]) -> SetCells:
    """Make repairs together and score the rows again in every replicate cell.

    Parameters
    ----------
    scene
        The database, the rows and their scores before.
    changes
        What each action does alone to the rows of the scene.

    Raises
    ------
    InputError
        As `join_changes`.
    """
    scores, _ = score_changed(scene, join_changes(changes), ANY_SET)
    u_before, nll_before = scene.cells(scene.scores)
    u_after, nll_after = scene.cells(scores)
    return SetCells(
        effects=relative_change(u_before, u_after),
        nll_change=float((nll_after - nll_before).mean()),
        drawn=any(action.is_drawn for action in changes),
    )


def _unaffordable(candidates: Sequence[Candidate], budget: float) -> str:
    if not candidates:
        return "There is no repair to recommend."
    cheapest = min(candidates, key=lambda one: one.cost)
    return (
        f"The budget of {budget:g} is below the cost of every candidate; the cheapest is "
        f"{cheapest.action}, {cheapest.cost:g}."
    )
