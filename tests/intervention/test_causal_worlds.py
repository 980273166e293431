"""Worlds against known coefficients, and why a change stays at its own column."""

import subprocess
import sys

import numpy as np
import polars as pl
import pytest

from tasks.domain import Node
from tasks.intervention.causal_worlds import World, make_worlds
from tasks.intervention.replicate_cells import FloatArray

from .causal_shop import (
    BASE,
    CHAIN,
    COST_OF_PRICE,
    ITEMS,
    NOISE,
    PRICE_OF_WEIGHT,
    SALES,
    Edges,
    Tables,
    causal_database,
    causal_tables,
    with_cells,
)

WEIGHT, PRICE, COST = ("items", "weight"), ("items", "price"), ("sales", "cost")


def world_of(
    actions: dict[str, str],
    edges: Edges = CHAIN,
    tables: Tables | None = None,
    *,
    faulty: dict[tuple[str, str], list[int]] | None = None,
    task: str = "amount",
) -> World:
    """The world after the only action."""
    database = causal_database(actions, edges, tables, faulty=faulty, task=task)
    worlds, left_out = make_worlds(database, seed=1)
    assert left_out == {}
    ((node, world),) = worlds.items()
    assert str(node) in actions
    return world


def moved(world: World, tables: Tables, place: tuple[str, str]) -> FloatArray:
    table, column = place
    difference: FloatArray = (world.columns[place] - tables[table][column]).to_numpy()
    return difference


def test_what_follows_moves_by_the_true_coefficients_and_every_row_keeps_its_noise() -> None:
    tables = causal_tables()
    world = world_of({"items.weight": "+=2"})
    assert list(world.columns) == [WEIGHT, PRICE, COST]
    np.testing.assert_allclose(moved(world, tables, WEIGHT), 2)
    price, cost = moved(world, tables, PRICE), moved(world, tables, COST)
    np.testing.assert_allclose(price, 2 * PRICE_OF_WEIGHT, rtol=0.03)
    np.testing.assert_allclose(cost, 2 * PRICE_OF_WEIGHT * COST_OF_PRICE, rtol=0.04)
    assert max(price.std(), cost.std() / COST_OF_PRICE) < 0.3 * NOISE, "it is not drawn anew"
    assert world.changed == 2 * ITEMS + SALES
    assert world.action == "items.weight+=2"
    assert set(world.r2) == {"items.price", "sales.cost"}
    assert min(world.r2.values()) > 0.95
    assert world.note.startswith("What follows keeps each row's own noise; R² on held-out rows: ")


def test_an_action_in_the_middle_leaves_causes_and_other_branches_alone() -> None:
    tables = causal_tables()
    world = world_of({"items.price": "*=1.1"})
    assert list(world.columns) == [PRICE, COST]
    expected = 0.1 * tables["items"]["price"].gather(tables["sales"]["item"]) * COST_OF_PRICE
    np.testing.assert_allclose(moved(world, tables, COST), expected, rtol=0.03)


def test_a_label_that_is_set_moves_the_rows_that_bore_another() -> None:
    tables = causal_tables()
    world = world_of({"items.kind": "=fine"})
    price, basic = moved(world, tables, PRICE), (tables["items"]["kind"] == "basic").to_numpy()
    np.testing.assert_allclose(price[basic], BASE["fine"] - BASE["basic"], rtol=0.05)
    assert world.columns["items", "kind"].unique().to_list() == ["fine"]
    assert (price[~basic] == 0).all()
    sold = basic[tables["sales"]["item"].to_numpy()]
    assert (moved(world, tables, COST)[~sold] == 0).all()
    assert world.changed == 2 * basic.sum() + sold.sum()


def test_rows_that_lack_a_value_keep_what_follows_but_not_the_column_itself() -> None:
    tables = with_cells(causal_tables(), "items", "weight", [0, 1], None)
    tables = with_cells(tables, "items", "kind", [2], None)
    tables = with_cells(tables, "items", "weight", [3], 999.0)
    world = world_of({"items.weight": "+=2"}, tables=tables, faulty={WEIGHT: [3]})
    weight, price = world.columns[WEIGHT], moved(world, tables, PRICE)
    assert weight[:2].to_list() == [None, None]
    assert weight[2] == tables["items"]["weight"][2] + 2
    assert weight[3] == 999.0
    assert (price[:4] == 0).all()
    assert (price[4:] > 5).all()
    kept = np.isin(tables["sales"]["item"].to_numpy(), [0, 1, 2, 3])
    cost = moved(world, tables, COST)
    assert (cost[kept] == 0).all()
    assert (cost[~kept] > 10).all()
    assert f"4 of {ITEMS} rows of items do not tell all that items.price follows from: kept." in (
        world.note
    )


def test_a_missing_or_faulty_effect_stays_as_it_is() -> None:
    tables = with_cells(causal_tables(), "items", "price", [5], None)
    tables = with_cells(tables, "items", "price", [6], -7.0)
    world = world_of({"items.weight": "+=2"}, tables=tables, faulty={PRICE: [6]})
    assert world.columns[PRICE][5:7].to_list() == [None, -7.0]


def test_a_value_that_is_set_where_it_was_missing_moves_nothing_that_follows() -> None:
    tables = with_cells(causal_tables(), "items", "weight", [0], None)
    world = world_of({"items.weight": "=10"}, tables=tables)
    assert world.columns[WEIGHT].unique().to_list() == [10.0]
    assert moved(world, tables, PRICE)[0] == 0


def test_numbers_stop_at_the_end_of_their_range_and_what_follows_knows_it() -> None:
    tables = causal_tables()
    world = world_of({"items.weight": "+=15"})
    weight = moved(world, tables, WEIGHT)
    assert world.columns[WEIGHT].max() == 30.0
    assert weight.min() < 12
    np.testing.assert_allclose(moved(world, tables, PRICE), weight * PRICE_OF_WEIGHT, rtol=0.03)
    assert "there the mechanisms extrapolate." in world.note


def test_an_effect_stops_at_the_end_of_its_range_too() -> None:
    database = causal_database({"items.weight": "+=2"})
    bounded = database.contract.model_dump(mode="json")
    bounded["tables"]["items"]["columns"]["price"]["range"] = [None, 60]
    contract = type(database.contract).model_validate(bounded)
    tables = causal_tables()
    tables["items"] = tables["items"].with_columns(pl.col("price").clip(upper_bound=60))
    capped = type(database)(contract, tables, database.faults, contract.tasks["amount"])
    worlds, _ = make_worlds(capped, seed=1)
    assert worlds[Node(table="items", column="weight")].columns[PRICE].max() == 60.0


@pytest.mark.parametrize(
    ("edges", "note"),
    [
        (
            [["items.weight", "items.stock"]],
            "The change stays at items.weight. R² on held-out rows is below 0.7: items.stock ",
        ),
        (
            [["items.weight", "items.kind"]],
            "The change stays at items.weight. items.kind holds no numbers: what is its own, "
            "beside its causes, cannot be told.",
        ),
        (
            [["items.weight", "sales.amount"], ["sales.amount", "sales.cost"]],
            "The change stays at items.weight. sales.cost follows from sales.amount, which is the "
            "target, a key, a time, or no feature.",
        ),
        (
            [["items.weight", "items.price"], ["sales.secret", "items.price"]],
            "The change stays at items.weight. items.price follows from sales.secret, which is ",
        ),
        (
            [["items.weight", "items.price"], ["sales.cost", "items.price"]],
            "The change stays at items.weight. items.price follows from sales.cost, to which no "
            "key of items leads.",
        ),
        (
            [["items.price", "sales.cost"]],
            "No feature follows from items.weight in the causal graph.",
        ),
        (
            [["items.weight", "sales.amount"], ["items.weight", "sales.secret"]],
            "No feature follows from items.weight in the causal graph.",
        ),
    ],
)
def test_a_change_stays_at_its_own_column_and_says_why(edges: Edges, note: str) -> None:
    world = world_of({"items.weight": "+=2"}, edges)
    assert list(world.columns) == [WEIGHT]
    assert (world.changed, world.r2) == (ITEMS, {})
    assert world.note.startswith(note)


def test_a_mechanism_that_no_action_reaches_does_not_matter() -> None:
    edges = [*CHAIN, ["items.new", "items.stock"]]
    assert list(world_of({"items.weight": "+=2"}, edges).columns) == [WEIGHT, PRICE, COST]


def test_one_mechanism_that_does_not_hold_keeps_all_others_back() -> None:
    world = world_of({"items.weight": "+=2"}, [*CHAIN, ["items.price", "items.stock"]])
    assert list(world.columns) == [WEIGHT]
    assert "items.stock" in world.note
    assert "sales.cost" not in world.note


def test_rows_of_a_parent_count_once_however_many_sales_lead_to_them() -> None:
    """Hundreds of sales of 24 items would tell each item's price by its weight, seen before."""
    tables = causal_tables(items=24)
    world = world_of({"items.weight": "+=2"}, CHAIN[:1], tables)
    assert list(world.columns) == [WEIGHT]
    assert world.note == (
        "The change stays at items.weight. items.price has no mechanism: Traces need at least 100 "
        "rows without a missing value, got 24 among 24 rows; values are missing in no column."
    )


def test_a_label_that_no_mechanism_has_seen_keeps_the_change_at_its_column() -> None:
    world = world_of({"items.kind": "=superb"})
    assert list(world.columns) == [("items", "kind")]
    assert world.note == (
        "The change stays at items.kind. None of the 240 rows of items tells all that items.price "
        "follows from."
    )


def test_actions_on_what_is_no_feature_of_the_task_are_left_out() -> None:
    database = causal_database({"sales.amount": "*=2", "sales.day": "=1", "items.weight": "+=0"})
    worlds, left_out = make_worlds(database, seed=1)
    assert worlds == {}
    assert list(left_out.values()) == [
        "sales.amount is the target, a time that orders rows, or no feature.",
        "sales.day is the target, a time that orders rows, or no feature.",
        "items.weight+=0 changes no cell.",
    ]


def test_several_actions_have_a_world_each_and_the_same_mechanisms() -> None:
    actions = {"items.price": "+=1", "items.weight": "-=1", "items.new": "=true"}
    database = causal_database(actions)
    worlds, _ = make_worlds(database, seed=1)
    assert [str(node) for node in worlds] == list(actions)
    price, weight, new = worlds.values()
    assert price.r2["sales.cost"] == weight.r2["sales.cost"]
    assert weight.columns[PRICE].equals(world_of({"items.weight": "-=1"}).columns[PRICE])
    assert new.columns["items", "new"].all()


def test_the_same_seed_gives_the_same_worlds_and_inputs_stay() -> None:
    database = causal_database({"items.weight": "+=2"})
    before = {name: frame.clone() for name, frame in database.tables.items()}
    (first,), (again,), (other,) = (make_worlds(database, s)[0].values() for s in (1, 1, 2))
    assert all(first.columns[place].equals(again.columns[place]) for place in first.columns)
    assert not first.columns[PRICE].equals(other.columns[PRICE])
    first.apply(database.tables)
    assert all(frame.equals(before[name]) for name, frame in database.tables.items())


def test_a_world_changes_its_columns_alone() -> None:
    database = causal_database({"items.weight": "+=2"})
    (world,) = make_worlds(database, seed=1)[0].values()
    after = world.apply(database.tables)
    differing = {
        (name, column)
        for name, frame in database.tables.items()
        for column in frame.columns
        if not after[name][column].equals(frame[column])
    }
    assert differing == set(world.columns)


def test_dowhy_is_not_imported_where_nothing_follows() -> None:
    program = (
        "import sys; from tests.intervention.causal_shop import causal_database\n"
        "from tasks.intervention.causal_change import CausalChange\n"
        "from tasks.intervention.causal_worlds import make_worlds\n"
        "for edges in ([['items.price', 'sales.amount']], [['items.price', 'items.kind']]):\n"
        "    worlds, _ = make_worlds(causal_database({'items.price': '+=1'}, edges), 1)\n"
        "    assert len(worlds) == 1\n"
        "assert 'dowhy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
