"""Repairs that a budget may be spent on, with their costs and single effects."""

import numpy as np
import numpy.typing as npt
import pytest

from tasks.domain import Costs, Node
from tasks.intervention.budget_candidates import budget_candidates
from tasks.intervention.budget_choice import Candidate
from tasks.intervention.changes import PLACEBO_ACTIONS
from tasks.intervention.replicate_cells import DO, Action, ReplicateCells
from tasks.intervention.retrained_cells import RetrainedCells

Floats = npt.NDArray[np.float64]

WEIGHT, STORES = Node(table="품목", column="<b>무게</b> kg"), Node(table="stores")
J, V = 4, 3
FILL, SMOOTH, SETTLE, MEND = (
    Action(WEIGHT, "impute_missing"),
    Action(WEIGHT, "reduce_variance"),
    Action(WEIGHT, "impute_mean"),
    Action(STORES, "improve_quality"),
)
RANGE = Action(WEIGHT.model_copy(update={"range": "missing"}), "impute_missing")
WORLD = Action(Node(table="stores", column="big"), DO)
ACTIONS = (FILL, RANGE, SMOOTH, WORLD, MEND, *PLACEBO_ACTIONS)
EFFECTS = np.array([-10.0, -50.0, -8.0, -60.0, 2.0, -0.1, -70.0])
COSTS = Costs(default=2, nodes={str(STORES): 7.5, "품목": 100})


def cells_of(actions: tuple[Action, ...], effects: Floats, likelihood: Floats) -> ReplicateCells:
    """Cells that differ, with these means; changes of the likelihood in nats."""
    k = len(actions)
    before = np.random.default_rng(1).uniform(1, 3, (J, V))
    return ReplicateCells(
        actions=actions,
        changed=np.ones(k, dtype=np.int64),
        row_fraction=np.ones(k),
        u_before=before,
        u_after=before * (1 + effects[:, None, None] / 100),
        nll_before=np.zeros((J, V)),
        nll_after=np.broadcast_to(likelihood[:, None, None], (k, J, V)),
    )


def simulated() -> ReplicateCells:
    return cells_of(ACTIONS, EFFECTS, np.zeros(len(ACTIONS)))


def anew(actions: tuple[Action, ...], likelihood: Floats) -> RetrainedCells:
    """Members fitted anew, whose likelihood is worse or not beyond doubt."""
    cells = cells_of(actions, np.full(len(actions), -5.0), likelihood)
    same, after = np.zeros((J, V)), np.zeros((len(actions), J, V))
    return RetrainedCells(cells, same, after, same, after, 1000, 200)


def test_repairs_at_tables_and_columns_come_with_cost_and_effect() -> None:
    """Neither value ranges, nor real changes, nor noise; a table's price is not its columns'."""
    found = budget_candidates(simulated(), None, COSTS)
    assert [(of.action, of.cost) for of in found] == [(FILL, 2), (SMOOTH, 2), (MEND, 7.5)]
    assert [of.effect for of in found] == pytest.approx([-10, -8, 2])


def test_a_gain_that_was_found_illusory_by_fitting_anew_is_none() -> None:
    found = budget_candidates(simulated(), anew((FILL, SMOOTH), np.array([-0.2, 0.3])), COSTS)
    assert [of.action for of in found] == [FILL, MEND]


def test_without_fitting_anew_it_would_have_been_among_them() -> None:
    """The control: the same interventions, whose likelihood is better with members fitted anew."""
    found = budget_candidates(simulated(), anew((FILL, SMOOTH), np.array([-0.2, -0.3])), COSTS)
    assert found == budget_candidates(simulated(), None, COSTS)


def test_drawn_values_are_illusory_too_once_members_are_fitted_to_them() -> None:
    """Scored again they may worsen the likelihood, for no true value is known there."""
    worse = cells_of(ACTIONS, EFFECTS, np.full(len(ACTIONS), 0.5))
    assert [of.action for of in budget_candidates(worse, None, COSTS)] == [FILL, MEND]
    found = budget_candidates(worse, anew((MEND, FILL), np.array([-0.1, 0.4])), COSTS)
    assert [of.action for of in found] == [MEND]


def test_illusory_gains_by_scoring_again_are_left_out() -> None:
    both = cells_of((SETTLE, SMOOTH), np.array([-9.0, -8.0]), np.array([0.2, -0.2]))
    assert [of.action for of in budget_candidates(both, None, COSTS)] == [SMOOTH]


def test_effects_are_those_of_scoring_again_in_their_order() -> None:
    order = np.array([4, 2, 0, 1, 3, 5, 6])
    found = budget_candidates(simulated().take(order), anew((FILL,), np.array([-1.0])), COSTS)
    assert [of.action for of in found] == [MEND, SMOOTH, FILL]
    assert [of.effect for of in found] == pytest.approx([2, -8, -10])


def test_where_nothing_may_be_recommended_there_are_no_candidates() -> None:
    nothing: list[Candidate] = []
    places = np.array([1, 3, 5, 6])
    assert budget_candidates(simulated().take(places), None, COSTS) == nothing
