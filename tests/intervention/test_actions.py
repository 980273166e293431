"""Actions go where the uncertainty comes from."""

from tasks.domain import Domain, Node
from tasks.intervention.actions import choose_actions
from tasks.intervention.changes import PLACEBO_ACTIONS
from tasks.intervention.repairs import COLUMN_INTERVENTIONS, TABLE_INTERVENTIONS

from .shop import CONTRACT, SELF, WEIGHT

SHARES = {
    ("sales", "(rows)"): 9.0,
    ("stores", "big"): 0.1,
    ("품목", WEIGHT): 3.0,
    ("(placebo)", "noise"): 4.0,
    ("sales", SELF): 2.0,
    ("품목", "kind"): -0.5,
}


def test_the_columns_with_the_largest_shares_come_first_then_their_tables_then_the_placebo() -> (
    None
):
    actions = choose_actions(SHARES, Domain.model_validate(CONTRACT), 2)
    columns, tables, rest = actions[:10], actions[10:14], actions[14:]
    assert [(one.node, one.intervention) for one in columns] == [
        (Node(table=table, column=column), intervention)
        for table, column in (("품목", WEIGHT), ("sales", SELF))
        for intervention in COLUMN_INTERVENTIONS
    ]
    assert [(one.node, one.intervention) for one in tables] == [
        (Node(table=table), intervention)
        for table in ("sales", "품목")
        for intervention in TABLE_INTERVENTIONS
    ]
    assert rest == PLACEBO_ACTIONS


def test_more_columns_than_there_are_gives_all_of_them() -> None:
    contract = Domain.model_validate(CONTRACT)
    actions = choose_actions(SHARES, contract, 99)
    assert len({one.node for one in actions}) == 4 + 3 + 1
    assert choose_actions({}, contract, 5) == PLACEBO_ACTIONS
