"""Which effect is pooled towards which."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.domain import Node
from tasks.errors import InputError
from tasks.inference.pooling_tree import LEVELS, PoolingTree, canonical_order, pooling_tree
from tasks.intervention.replicate_cells import Action


def action(table: str, column: str = "", span: str = "", intervention: str = "mend") -> Action:
    return Action(Node(table=table, column=column, range=span), intervention)


ACTIONS = [
    action("a"),
    action("c", intervention="improve"),
    action("c", intervention="relink"),
    action("a", "x"),
    action("a", "x", intervention="reduce"),
    action("b", "x"),
    action("a", "x", "high"),
    action("a", "x", "high", "reduce"),
    action("a", "x", "low"),
]
FRACTION = np.array([1, 1, 1, 1, 1, 1, 0.3, 0.3, 0.7])


def parent_names(actions: list[Action], tree: PoolingTree) -> list[str]:
    """What each action is pooled towards: an action, a latent table in brackets, or nothing."""
    names = dict(enumerate(f"({table})" for table in tree.tables))
    names |= {int(node): str(one) for one, node in zip(actions, tree.node, strict=True)}
    return [names.get(int(tree.parent[node]), "") for node in tree.node]


def test_every_action_hangs_where_it_should() -> None:
    tree = pooling_tree(ACTIONS, FRACTION)
    assert tree.tables == ("a", "b", "c")
    assert parent_names(ACTIONS, tree) == [
        "",  # a's only action is the table's effect
        "(c)",  # c has two: both are pooled towards a latent effect
        "(c)",
        "mend a",
        "mend a",
        "(b)",  # b has none
        "mend a.x",
        "reduce a.x",
        "mend a.x",
    ]
    levels = [LEVELS[tree.pooled_by[node]] for node in tree.node]
    assert levels == ["table"] + ["column"] * 5 + ["range"] * 3
    assert tree.fraction[tree.node].tolist() == FRACTION.tolist()
    assert (tree.parent[:3] == -1).all()
    assert len(tree.parent) == 3 + 8


@given(st.permutations(range(len(ACTIONS))))
def test_the_order_of_actions_does_not_matter(order: list[int]) -> None:
    shuffled = [ACTIONS[k] for k in order]
    canonical = canonical_order(shuffled)
    assert [shuffled[k] for k in canonical] == ACTIONS
    tree = pooling_tree([shuffled[k] for k in canonical], FRACTION[order][canonical])
    expected = pooling_tree(ACTIONS, FRACTION)
    assert tree.parent.tolist() == expected.parent.tolist()
    assert tree.fraction.tolist() == expected.fraction.tolist()
    assert tree.node.tolist() == expected.node.tolist()


@given(st.lists(st.sampled_from(ACTIONS[:6]), unique=True, min_size=1))
def test_parents_come_before_their_children(actions: list[Action]) -> None:
    ordered = [actions[k] for k in canonical_order(actions)]
    tree = pooling_tree(ordered, np.ones(len(actions)))
    assert (tree.parent < np.arange(len(tree.parent))).all()
    assert len(set(tree.node.tolist())) == len(actions)
    assert ((tree.parent == -1) == (np.arange(len(tree.parent)) < len(tree.tables))).all()


def test_a_fraction_counts_below_tables_and_not_for_a_table_itself() -> None:
    """Of two interventions at a table each is a part of its latent effect."""
    tree = pooling_tree(ACTIONS, np.full(len(ACTIONS), 0.25))
    assert tree.fraction[tree.node].tolist() == [1] + [0.25] * 8
    assert tree.fraction[:3].tolist() == [1] * 3


def test_a_column_that_is_no_part_of_its_table_is_a_root_like_a_table() -> None:
    actions = [action("a"), action("a", "x"), action("a", "x", "low")]
    tree = pooling_tree(actions, np.array([1.0, 0.0, 0.4]))
    assert tree.parent[tree.node].tolist() == [-1, -1, 1]
    assert tree.pooled_by[tree.node].tolist() == [0, 0, LEVELS.index("range")]
    assert tree.fraction[tree.node].tolist() == [1, 1, 0.4]


def test_an_action_that_comes_twice_is_refused() -> None:
    with pytest.raises(InputError, match=r"must come once, got 'mend a\.x' twice"):
        pooling_tree([action("a", "x"), action("a", "x")], np.ones(2))


@pytest.mark.parametrize("column", [action("a", "x", intervention="reduce"), action("a", "y")])
def test_a_range_without_its_columns_action_is_refused(column: Action) -> None:
    with pytest.raises(InputError, match=r"add 'mend a\.x' to the actions, or leave 'mend a\.x \["):
        pooling_tree([column, action("a", "x", "low")], np.array([1, 0.5]))


@pytest.mark.parametrize("fraction", [0.0, -0.1, 1.1, float("nan")])
def test_a_fraction_out_of_bounds_is_refused(fraction: float) -> None:
    with pytest.raises(InputError, match=r"in \(0, 1\], 'mend a\.x \[low\]' has"):
        pooling_tree([action("a", "x"), action("a", "x", "low")], np.array([1, fraction]))
