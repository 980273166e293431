"""Several repairs at once against brute force: tables mended in turn, every feature built anew."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from tasks.domain import Node
from tasks.errors import InputError
from tasks.intervention.changes import PLACEBO_ACTIONS, Change, plan_change
from tasks.intervention.faulty_database import FaultyDatabase
from tasks.intervention.joint_change import exclude_each_other, join_changes
from tasks.intervention.replicate_cells import Action
from tasks.intervention.rescoring import Evaluation
from tasks.relations.features import link_rows
from tasks.relations.gate import ROW
from tasks.seeds import generator

from .shop import SELF, WEIGHT, evaluated
from .test_simulation import TASKS, action, faulty_shop, features_anew

FILL = action("impute_missing", "품목", WEIGHT)
CORRECT = action("correct", "sales", SELF)
KIND = action("impute_mean", "품목", "kind")
SALES = action("improve_quality", "sales")
ITEMS = action("improve_quality", "품목")
STORES = action("impute_mean", "stores", "big")
SETS = pytest.mark.parametrize(
    "actions",
    [
        (FILL, KIND),
        (CORRECT, FILL),
        (SALES, FILL),
        (SALES, ITEMS),
        (SALES, FILL, KIND, STORES),
        (ITEMS, CORRECT),
    ],
    ids=lambda actions: ", ".join(map(str, actions)),
)


def shop(task: str, turned: bool = False) -> FaultyDatabase:
    """The faulty shop with an item that is repeated too, its tables in either order."""
    database = faulty_shop(task)
    if turned:
        contract = database.contract
        tables = dict(reversed(contract.tables.items()))
        database = replace(database, contract=contract.model_copy(update={"tables": tables}))
    items, faults = database.tables["품목"], database.faults["품목"]
    repeat = faults.tail(1).with_columns(pl.lit(True).alias(ROW))
    return replace(
        database,
        tables=database.tables | {"품목": pl.concat([items, items.tail(1)])},
        faults=database.faults | {"품목": pl.concat([faults, repeat])},
    )


def planned(
    database: FaultyDatabase, evaluation: Evaluation, actions: tuple[Action, ...]
) -> dict[Action, Change]:
    links = link_rows(database.contract, database.tables, database.task, evaluation.rows)
    return {one: plan_change(one, database, evaluation, links) for one in actions}


@TASKS
@SETS
@pytest.mark.parametrize("turned", [False, True])
def test_features_are_those_of_tables_mended_in_turn(
    task: str, actions: tuple[Action, ...], turned: bool
) -> None:
    database = shop(task, turned)
    evaluation = evaluated(database)
    before = {name: frame.clone() for name, frame in database.tables.items()}
    changes = planned(database, evaluation, actions)
    joint = join_changes(changes)
    every_row = np.arange(len(evaluation.x))
    places, values = joint.features(every_row, np.random.default_rng(3))
    x = evaluation.x.copy()
    x[:, places] = values
    key = int(np.random.default_rng(3).integers(2**63))
    tables = database.tables
    for one, part in zip(joint.actions, joint.parts, strict=True):
        tables = part.repair.apply(tables, generator(key, str(one)))
    np.testing.assert_array_equal(x, features_anew(database, evaluation, tables))
    assert not np.array_equal(x, evaluation.x, equal_nan=True)
    assert joint.changed == sum(part.changed for part in changes.values())
    for name, frame in database.tables.items():
        assert frame.equals(before[name])


@SETS
def test_some_rows_have_the_features_they_have_among_all(actions: tuple[Action, ...]) -> None:
    database = shop("amount")
    evaluation = evaluated(database)
    joint = join_changes(planned(database, evaluation, actions))
    some = np.array([7, 3, 390, 41])
    all_places, everything = joint.features(np.arange(400), np.random.default_rng(3))
    places, values = joint.features(some, np.random.default_rng(3))
    np.testing.assert_array_equal(places, all_places)
    np.testing.assert_array_equal(values, everything[some])


def test_what_an_action_draws_is_the_same_in_every_set_and_order() -> None:
    database = shop("amount")
    evaluation = evaluated(database)
    rows = np.arange(400)
    found = []
    for actions in ((FILL,), (FILL, CORRECT), (CORRECT, FILL), (KIND, FILL, STORES)):
        joint = join_changes(planned(database, evaluation, actions))
        places, values = joint.features(rows, np.random.default_rng(3))
        x = evaluation.x.copy()
        x[:, places] = values
        found.append(x[:, [n.column == WEIGHT for n in evaluation.encoder.nodes]])
        _, others = joint.features(rows, np.random.default_rng(4))
        assert not np.array_equal(others, values, equal_nan=True)
    assert not np.array_equal(found[0], evaluation.x[:, : found[0].shape[1]], equal_nan=True)
    for other in found[1:]:
        np.testing.assert_array_equal(other, found[0])


def test_a_set_is_random_if_one_of_it_is() -> None:
    database = shop("amount")
    evaluation = evaluated(database)
    assert join_changes(planned(database, evaluation, (KIND, FILL))).is_random
    assert not join_changes(planned(database, evaluation, (KIND, STORES))).is_random


@pytest.mark.parametrize(
    ("actions", "told"),
    [
        ((SALES, CORRECT), "different cells, got improve_quality sales and correct sales.self"),
        ((FILL, action("impute_mean", "품목", WEIGHT)), "must be of different cells"),
        ((FILL, PLACEBO_ACTIONS[0]), r"got correct \(placebo\).noise"),
        ((), "at least one, got none"),
    ],
)
def test_sets_that_make_no_sense_are_refused(actions: tuple[Action, ...], told: str) -> None:
    database = shop("amount")
    changes = planned(database, evaluated(database), actions)
    with pytest.raises(InputError, match=told):
        join_changes(changes)


def test_columns_of_different_tables_never_exclude_each_other() -> None:
    one, other = Node(table="a", column="x"), Node(table="b", column="x")
    assert not exclude_each_other(one, other)
    assert not exclude_each_other(one, Node(table="b"))
    assert exclude_each_other(one, one)
