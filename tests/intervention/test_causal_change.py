"""Features after a real change against those of the changed database, built anew."""

import numpy as np
import polars as pl
import pytest

from tasks.contract import load_contract
from tasks.contract_checks import read_operation
from tasks.domain import Column, Node
from tasks.errors import InputError
from tasks.intervention.causal_action import act
from tasks.intervention.causal_change import CausalChange
from tasks.intervention.causal_worlds import make_worlds
from tasks.intervention.changes import Change
from tasks.intervention.faulty_database import FaultyDatabase
from tasks.intervention.replicate_cells import FloatArray
from tasks.intervention.structural.action import NodeAction
from tasks.intervention.structural.action_grammar import parse_action
from tasks.relations.features import build_features
from tasks.relations.gate import check_tables
from tasks.relations.sources import read_tables

from .causal_shop import SALES, causal_database, causal_tables, given_rows, with_cells
from .structural.hand_built import CHAIN, hand_built

RNG = np.random.default_rng(1)


def changed_features(
    name: str, text: str, task: str
) -> tuple[CausalChange, FloatArray, FloatArray]:
    """A change, X before, and X of the changed database, with every feature built anew."""
    tables = with_cells(causal_tables(), "items", "weight", [0, 1], None)
    tables = with_cells(tables, "sales", "item", [5], 9999)
    tables["sales"] = pl.concat([tables["sales"], tables["sales"].head(3)])
    database = causal_database({name: text}, tables=tables, task=task)
    (world,) = make_worlds(database, seed=1)[0].values()
    given, links = given_rows(database)
    anew = build_features(
        database.contract, world.apply(database.tables), database.task, given.rows
    )
    places, values = given.encoder.transform_some(anew)
    x = given.x.copy()
    x[:, places] = values
    return CausalChange(world, database, given, links), given.x, x


@pytest.mark.parametrize("task", ["amount", "mean"])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("items.weight", "+=2"),
        ("items.kind", "=fine"),
        ("sales.cost", "*=0.5"),
        ("items.new", "=true"),
    ],
)
def test_features_are_those_of_the_changed_database(name: str, text: str, task: str) -> None:
    change, before, expected = changed_features(name, text, task)
    protocol: Change = change
    assert not protocol.is_random
    assert protocol.changed == change.world.changed > 0
    for rows in (np.arange(len(before)), np.arange(len(before))[::-3], np.arange(0)):
        x = before[rows].copy()
        places, values = protocol.features(rows, RNG)
        x[:, places] = values
        np.testing.assert_array_equal(x, expected[rows])
    assert not np.array_equal(before, expected, equal_nan=True)


def test_rows_that_the_change_does_not_reach_are_equal_bit_for_bit() -> None:
    change, before, _ = changed_features("items.weight", "+=2", "amount")
    places, values = change.features(np.arange(len(before)), RNG)
    untold = np.isin(change.database.tables["sales"]["item"][:SALES].to_numpy(), [0, 1, 9999])
    nodes = [change.given.encoder.nodes[place] for place in places]
    direct = np.flatnonzero([node.path in ((), ("->item",)) for node in nodes])
    assert len(direct) == 3
    np.testing.assert_array_equal(
        values[np.ix_(untold, direct)], before[np.ix_(untold, places[direct])]
    )
    assert (values[np.ix_(~untold, direct)] > before[np.ix_(~untold, places[direct])]).all()


def test_the_given_rows_stay_and_the_random_numbers_are_left_alone() -> None:
    change, before, _ = changed_features("items.weight", "+=2", "amount")
    kept, rng = before.copy(), np.random.default_rng(3)
    change.features(np.arange(len(before)), rng)
    np.testing.assert_array_equal(before, kept)
    assert rng.random() == np.random.default_rng(3).random()


def test_the_past_of_the_target_stays() -> None:
    change, before, expected = changed_features("items.weight", "+=2", "mean")
    moved = {
        change.given.encoder.nodes[place].column
        for place in np.flatnonzero((before != expected).any(axis=0))
        if not np.array_equal(before[:, place], expected[:, place], equal_nan=True)
    }
    assert moved == {"weight", "price", "cost"}


def test_a_boolean_and_a_whole_number_are_set_in_every_row() -> None:
    tables = with_cells(causal_tables(), "items", "new", [0], None)
    tables = with_cells(tables, "items", "stock", [0], None)
    database = causal_database({}, tables=tables)
    new, stock = act(database, "items.new", "=false"), act(database, "items.stock", "=7")
    assert new.known.dtype == pl.Boolean
    assert not new.known.any()
    assert stock.known.unique().to_list() == [7.0]
    assert (new.place, stock.place) == (("items", "new"), ("items", "stock"))
    assert act(database, "items.stock", "+=1").known.null_count() == 1


@pytest.mark.parametrize(
    "operation", ["=5", "= -5", "=+1", "+=1", "-=1.5", "-= -2", "*=0.9", " = 3 ", "=1e3"]
)
def test_contracts_read_operations_as_the_grammar_of_actions_does(operation: str) -> None:
    rng = np.random.default_rng(1)
    model = hand_built(CHAIN, {node: rng.normal(size=100) for node in "XYZ"})
    expected = parse_action(f"X{operation}", model)
    assert NodeAction("X", *read_operation(operation, Column(type="number"))) == expected


@pytest.mark.parametrize("operation", ["5", "", "=", "+=", "=x", "=inf", "==5", "*=-", "/=2"])
def test_what_the_grammar_refuses_is_refused_in_contracts(operation: str) -> None:
    model = hand_built(CHAIN, {node: np.arange(100) / 7 for node in "XYZ"})
    with pytest.raises(InputError):
        parse_action(f"X{operation}", model)
    with pytest.raises(InputError):
        read_operation(operation, Column(type="number"))


def test_the_demo_considers_actions_and_its_prices_follow_its_weights() -> None:
    contract = load_contract("demo")
    source = contract.source.model_copy(update={"documents": 500})
    contract = contract.model_copy(update={"source": source})
    read = read_tables(contract, None)
    frames = {name: data.frame for name, data in read.items()}
    faults = check_tables(contract, read).faults
    database = FaultyDatabase(contract, frames, faults, contract.tasks["lead-time"])
    worlds, left_out = make_worlds(database, seed=1)
    weight, efficiency = worlds.values()
    assert left_out == {}
    assert set(weight.columns) == {("items", "weight"), ("items", "price")}
    assert weight.r2["items.price"] > 0.7
    assert list(worlds)[1] == Node(table="plants", column="efficiency")
    assert set(efficiency.columns) == {("plants", "efficiency")}
    assert efficiency.columns["plants", "efficiency"].is_between(0, 1).all()
