"""Members are compared on held-out rows that no repair touches, known by brute force."""

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.domain import Node
from tasks.intervention.changes import PLACEBO_ACTIONS, plan_change
from tasks.intervention.faulty_database import FaultyDatabase
from tasks.intervention.feature_rows import FeatureRows
from tasks.intervention.held_out import FEWEST_A_BLOCK, complete_rows, touched_rows
from tasks.intervention.replicate_cells import Action
from tasks.relations.features import link_rows

from .shop import SALES, SELF, WEIGHT, evaluated, marked, shop_tables

Bools = npt.NDArray[np.bool_]

FILL = Action(Node(table="품목", column=WEIGHT), "impute_missing")
CORRECT = Action(Node(table="sales", column=SELF), "correct")
SMOOTH = Action(Node(table="품목", column=WEIGHT), "reduce_variance")


def faulty_shop(task: str = "amount") -> FaultyDatabase:
    """Weights of 4 items are missing, pieces of every tenth sale are wrong, some have no item."""
    tables = shop_tables()
    weight = tables["품목"][WEIGHT].set(pl.Series(np.arange(40) % 10 == 1), None)
    wrong = np.arange(SALES) % 10 == 3
    pieces = tables["sales"][SELF].set(pl.Series(wrong), 500)
    tables["품목"] = tables["품목"].with_columns(weight)
    orphans = pl.Series(np.arange(SALES) % 20 == 6)
    item = tables["sales"]["item"].set(orphans, 777)
    tables["sales"] = tables["sales"].with_columns(pieces, item)
    return marked(tables, {("sales", SELF): np.flatnonzero(wrong).tolist()}, task)


def touched_by(action: Action, database: FaultyDatabase, seed: int = 1) -> Bools:
    evaluation = evaluated(database)
    given_rows = FeatureRows(evaluation.rows, evaluation.encoder, evaluation.x)
    before = evaluation.x.copy()
    links = link_rows(database.contract, database.tables, database.task, evaluation.rows)
    change = plan_change(action, database, given_rows, links)
    found = touched_rows(action, change, given_rows, seed)
    np.testing.assert_array_equal(evaluation.x, before)
    return found


def test_rows_that_lead_to_a_cell_that_is_drawn_are_touched() -> None:
    """Orphans lack the item's weight before and after: they lead to no cell."""
    database = faulty_shop()
    items = database.tables["sales"]["item"].to_numpy()
    np.testing.assert_array_equal(touched_by(FILL, database), items % 10 == 1)
    np.testing.assert_array_equal(touched_by(CORRECT, database), np.arange(SALES) % 10 == 3)


@pytest.mark.parametrize("action", [SMOOTH, *PLACEBO_ACTIONS], ids=str)
def test_what_mends_nothing_touches_no_row(action: Action) -> None:
    """The placebo's values are drawn anew, by another seed, and stand for no true ones."""
    assert not touched_by(action, faulty_shop(), seed=2).any()


def test_what_is_aggregated_over_child_rows_is_not_looked_at() -> None:
    """A store's sales of the last days hold wrong pieces everywhere: no row would be left."""
    database = faulty_shop("mean")
    evaluation = evaluated(database)
    nodes = [node for node in evaluation.encoder.nodes if node.column == SELF]
    assert nodes
    assert not any(all(step.startswith("->") for step in node.path) for node in nodes)
    assert not touched_by(CORRECT, database).any()


A, B, C = (Action(Node(table="t", column=name), "impute_missing") for name in ("a", "<b>", "다"))


def rows(n: int, *numbers: int) -> Bools:
    return np.isin(np.arange(n), numbers)


def test_rows_that_none_touches_are_complete() -> None:
    touched = {A: rows(100, 1, 2), B: rows(100, 2, 3), C: rows(100)}
    complete, kept, left_out = complete_rows(touched, 100, 4)
    assert np.flatnonzero(~complete).tolist() == [1, 2, 3]
    assert list(kept) == [A, B, C]
    assert left_out == {}


def test_what_leaves_too_few_rows_is_left_out_and_a_later_one_is_not() -> None:
    """Ten rows a block are enough, nine and a bit are not."""
    touched = {A: rows(50, *range(5)), B: rows(50, *range(4, 11)), C: rows(50, *range(10))}
    complete, kept, left_out = complete_rows(touched, 50, 4)
    assert list(kept) == [A, C]
    assert complete.sum() == FEWEST_A_BLOCK * 4
    assert left_out == {
        str(B): f"{B} was not tried by fitting anew: only 39 of 50 held-out rows lead to no cell "
        "that it or a better one mends, 40 are needed."
    }


def test_where_there_are_too_few_rows_nothing_is_kept() -> None:
    complete, kept, left_out = complete_rows({A: rows(39), B: rows(39)}, 39, 4)
    assert (list(kept), set(left_out)) == ([], {str(A), str(B)})
    assert complete.all()


def test_without_interventions_all_rows_are_complete() -> None:
    complete, kept, left_out = complete_rows({}, 7, 2)
    assert complete.all()
    assert (len(complete), list(kept), left_out) == (7, [], {})


@given(
    st.lists(st.sets(st.integers(0, 59), max_size=30), min_size=3, max_size=3), st.integers(1, 5)
)
def test_all_that_are_kept_leave_the_rows_as_they_are_and_enough_of_them(
    numbers: list[set[int]], blocks: int
) -> None:
    touched = {one: rows(60, *of) for one, of in zip((A, B, C), numbers, strict=True)}
    before = {one: of.copy() for one, of in touched.items()}
    complete, kept, left_out = complete_rows(touched, 60, blocks)
    assert complete.sum() >= FEWEST_A_BLOCK * blocks
    assert not any((touched[one] & complete).any() for one in kept)
    assert {str(one) for one in kept} | set(left_out) == {str(one) for one in touched}
    assert complete.sum() == (~np.any([touched[one] for one in kept], axis=0)).sum() or not kept
    for one, of in before.items():
        np.testing.assert_array_equal(touched[one], of)
