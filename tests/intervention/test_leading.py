"""What members are fitted anew for: repairs that promise most for their cost, and the placebo."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from tasks.domain import PLACEBO, Costs, Node
from tasks.intervention.changes import PLACEBO_ACTIONS
from tasks.intervention.leading import leading_actions, recommendable
from tasks.intervention.replicate_cells import DO, Action, ReplicateCells

Floats = npt.NDArray[np.float64]

WEIGHT = Node(table="품목", column="<b>무게</b> kg")
J, V = 4, 4

FILL, SMOOTH, SETTLE, MEND = (
    Action(WEIGHT, "impute_missing"),
    Action(WEIGHT, "reduce_variance"),
    Action(WEIGHT, "impute_mean"),
    Action(Node(table="stores"), "improve_quality"),
)
RANGE = Action(WEIGHT.model_copy(update={"range": "missing"}), "impute_missing")
WORLD = Action(Node(table="stores", column="big"), DO)
WORSE = Action(Node(table="stores", column="big"), "correct")
NOISE, SHRUNK = PLACEBO_ACTIONS
ACTIONS = (FILL, SMOOTH, SETTLE, MEND, RANGE, WORLD, WORSE, NOISE, SHRUNK)
EFFECTS = np.array([-10.0, -8.0, -9.0, -20.0, -50.0, -60.0, 3.0, -0.1, -70.0])
LIKELIHOOD = np.array([0.5, -0.1, 0.1, 0.2, 0.0, 0.3, 0.0, 0.0, -0.1])
"""Drawn values (of the first, fourth and seventh) and the world may worsen it."""


def cells_of(effects: Floats = EFFECTS, likelihood: Floats = LIKELIHOOD) -> ReplicateCells:
    """Cells whose noise differs from action to action, and is none on average."""
    k = len(ACTIONS)
    noise = np.random.default_rng(1).normal(0, 0.01, (k, J, V))
    noise -= noise.mean(axis=(1, 2), keepdims=True)
    return ReplicateCells(
        actions=ACTIONS,
        changed=np.ones(k, dtype=np.int64),
        row_fraction=np.ones(k),
        u_before=np.ones((J, V)),
        u_after=1 + effects[:, None, None] / 100 + noise,
        nll_before=np.zeros((J, V)),
        nll_after=likelihood[:, None, None] + noise,
    )


def test_repairs_come_by_their_effect_with_the_placebo_last() -> None:
    found = leading_actions(cells_of(), Costs(), 10)
    assert found == (MEND, FILL, SMOOTH, NOISE)


@pytest.mark.parametrize("most", [0, 1, 2, 3, 4])
def test_only_so_many_are_told_and_the_placebo_on_top(most: int) -> None:
    assert leading_actions(cells_of(), Costs(), most) == (*(MEND, FILL, SMOOTH)[:most], NOISE)


def test_costs_turn_the_order() -> None:
    """20 for 3 is less than 8 for 1; columns do not inherit their table's cost."""
    costs = Costs(nodes={"stores": 3, "품목": 100})
    assert leading_actions(cells_of(), costs, 10) == (FILL, SMOOTH, MEND, NOISE)
    assert leading_actions(cells_of(), costs, 1) == (FILL, NOISE)


def test_what_is_a_gain_at_the_price_of_the_predictions_is_left_out() -> None:
    """Values that are not drawn are judged by the targets that were observed."""
    assert SETTLE not in leading_actions(cells_of(), Costs(), 10)
    better = cells_of(likelihood=np.where(LIKELIHOOD == 0.1, -0.1, LIKELIHOOD))
    assert leading_actions(better, Costs(), 10) == (MEND, FILL, SETTLE, SMOOTH, NOISE)


def test_what_raises_the_uncertainty_is_left_out() -> None:
    raising = leading_actions(cells_of(-EFFECTS), Costs(), 10)
    assert raising == (WORSE, NOISE)


def test_what_does_in_every_cell_what_a_better_one_does_is_left_out() -> None:
    """Of two that are alike in all cells the cheaper one stays; alike on average is not alike."""
    cells = cells_of()
    after = cells.u_after.copy()
    after[ACTIONS.index(FILL)] = after[ACTIONS.index(MEND)]
    twins = replace(cells, u_after=after)
    assert leading_actions(twins, Costs(nodes={"stores": 0.5}), 10) == (MEND, SMOOTH, NOISE)
    assert leading_actions(twins, Costs(nodes={"stores": 1.5}), 10) == (FILL, SMOOTH, NOISE)
    after[ACTIONS.index(FILL), 0, :2] += [0.001, -0.001]
    assert FILL in leading_actions(replace(cells, u_after=after), Costs(), 10)


def test_a_twin_does_not_take_the_place_of_another_repair() -> None:
    cells = cells_of()
    after = cells.u_after.copy()
    after[ACTIONS.index(FILL)] = after[ACTIONS.index(MEND)]
    assert len(leading_actions(replace(cells, u_after=after), Costs(), 2)) == 3


def test_the_order_of_actions_does_not_matter() -> None:
    cells = cells_of()
    order = np.random.default_rng(2).permutation(len(ACTIONS))
    costs = Costs(nodes={"stores": 2})
    assert leading_actions(cells.take(order), costs, 2) == leading_actions(cells, costs, 2)


def test_without_the_placebo_it_is_not_told() -> None:
    cells = cells_of().take(np.arange(4))
    assert leading_actions(cells, Costs(), 10) == (MEND, FILL, SMOOTH)
    assert PLACEBO not in {action.node.table for action in leading_actions(cells, Costs(), 10)}


def test_repairs_that_may_be_recommended_are_at_tables_and_columns_and_no_illusion() -> None:
    """One that raises the uncertainty is no gain, and no illusory one either."""
    assert [ACTIONS[k] for k in recommendable(cells_of())] == [FILL, SMOOTH, MEND, WORSE]
    raising = [ACTIONS[k] for k in recommendable(cells_of(-EFFECTS))]
    assert raising == [FILL, SMOOTH, SETTLE, MEND, WORSE]


def test_nothing_is_mutated() -> None:
    cells = cells_of()
    before = cells.u_after.copy()
    leading_actions(cells, Costs(), 3)
    np.testing.assert_array_equal(cells.u_after, before)
