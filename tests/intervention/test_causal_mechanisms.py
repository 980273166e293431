"""Graphs of tasks, rows in which mechanisms are seen, and counterfactuals of single columns."""

import numpy as np
import polars as pl
import pytest

from tasks.domain import Domain
from tasks.errors import InputError
from tasks.intervention import causal_traces
from tasks.intervention.causal_mechanisms import counterfactual, fit_mechanisms, gate
from tasks.intervention.causal_reach import following_features, key_path, task_graph
from tasks.intervention.causal_traces import mechanism_traces, node_values
from tasks.intervention.faulty_database import FaultyDatabase
from tasks.intervention.structural_model import FittedModel

from .causal_shop import (
    CHAIN,
    ITEMS,
    PRICE_OF_WEIGHT,
    SALES,
    Tables,
    causal_database,
    causal_tables,
    with_cells,
)
from .shop import START

RNG = np.random.default_rng(1)


def fitted(database: FaultyDatabase, name: str = "items.price") -> FittedModel:
    found = fit_mechanisms(database, task_graph(database), (name,), seed=1)[name]
    assert not isinstance(found, str)
    return found


@pytest.mark.parametrize("task", ["amount", "mean"])
def test_without_a_graph_parents_make_facts_and_facts_make_the_target(task: str) -> None:
    graph = task_graph(causal_database({}, [], task=task))
    causes = ("items.kind", "items.new", "items.price", "items.stock", "items.weight")
    assert graph.edges == (
        *((cause, "sales.cost") for cause in causes),
        ("sales.cost", "sales.amount"),
    )


def test_the_graph_of_the_contract_is_taken_where_there_is_one() -> None:
    assert task_graph(causal_database({})).edges == tuple(sorted(map(tuple, CHAIN)))


def test_a_fact_table_without_columns_of_its_own_has_an_empty_graph() -> None:
    contract = causal_database({}, []).contract.model_dump(mode="json")
    del contract["tables"]["sales"]["columns"]["cost"]
    database = causal_database({}, [])
    bare = Domain.model_validate(contract)
    left = FaultyDatabase(bare, database.tables, database.faults, bare.tasks["amount"])
    assert task_graph(left).edges == ()
    assert following_features(left, task_graph(left), "items.weight") == ()


def test_features_follow_causes_before_effects_and_the_target_is_none() -> None:
    database = causal_database({})
    graph = task_graph(database)
    assert following_features(database, graph, "items.weight") == ("items.price", "sales.cost")
    assert following_features(database, graph, "sales.cost") == ()
    assert following_features(database, graph, "items.stock") == ()


def test_the_shortest_way_along_keys_is_taken() -> None:
    tables = {
        "a": {"columns": {}, "foreign_keys": {"slow": "b", "fast": "c"}},
        "b": {"columns": {}, "foreign_keys": {"on": "c"}},
        "c": {"columns": {}},
    }
    contract = Domain.model_validate(
        {"name": "x", "title": "x", "source": {"kind": "csv"}, "tables": tables, "tasks": {}}
    )
    assert key_path(contract, "a", "c") == ("fast",)
    assert key_path(contract, "a", "a") == ()
    assert key_path(contract, "c", "a") is None


def test_values_are_read_along_keys_and_those_that_break_a_rule_are_missing() -> None:
    tables = with_cells(causal_tables(), "sales", "item", [2], 9999)
    database = causal_database({}, tables=tables, faulty={("items", "price"): [4]})
    values = node_values(database, database.known_tables, "sales", ["items.price", "sales.cost"])
    items = tables["sales"]["item"].to_list()
    prices = tables["items"]["price"].to_list()
    expected = [None if k in (4, 9999) else prices[k] for k in items]
    assert values["items.price"].to_list() == expected
    assert values["sales.cost"].equals(tables["sales"]["cost"])


def seen(database: FaultyDatabase, name: str) -> pl.DataFrame:
    return pl.from_pandas(mechanism_traces(database, task_graph(database), name, RNG)[1].frame)


def test_traces_are_rows_from_before_the_validation_date_without_repeats() -> None:
    tables = causal_tables()
    tables["sales"] = pl.concat([tables["sales"], tables["sales"].head(50)])
    found = seen(causal_database({}, tables=tables), "sales.cost")
    before = (causal_tables()["sales"]["day"] - START).dt.total_days() < 274
    assert found.height == int(before.sum()) < SALES
    assert (
        found["sales.cost"].to_list() == causal_tables()["sales"]["cost"].filter(before).to_list()
    )


def test_traces_of_a_parent_hold_each_of_its_complete_rows_once() -> None:
    tables = with_cells(causal_tables(), "items", "weight", [1], None)
    database = causal_database({}, tables=tables, faulty={("items", "price"): [5]})
    found = seen(database, "items.price")
    left = np.delete(np.arange(ITEMS), [1, 5])
    assert found["items.price"].to_list() == tables["items"]["price"][left].to_list()
    assert set(found.columns) == {"items.kind", "items.price", "items.weight"}


def test_no_more_than_so_many_rows_are_drawn_and_the_seed_says_which(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(causal_traces, "MOST_ROWS", 120)
    database = causal_database({})
    graph = task_graph(database)
    first, again, other = (
        mechanism_traces(database, graph, "items.price", np.random.default_rng(seed))[1].frame
        for seed in (1, 1, 2)
    )
    assert len(first) == 120
    assert first["items.price"].is_unique
    assert first.equals(again)
    assert not first.equals(other)


def test_columns_that_take_one_value_have_no_mechanism() -> None:
    tables = causal_tables()
    tables["items"] = tables["items"].with_columns(weight=pl.lit(3.0))
    database = causal_database({}, tables=tables)
    found = fit_mechanisms(database, task_graph(database), ("items.price",), seed=1)
    assert found["items.price"] == (
        "items.price has no mechanism: Column 'items.weight' takes one value only, 3.0: there is "
        "nothing to learn from it, leave it out of the graph."
    )


def test_the_mechanism_of_a_column_does_not_depend_on_those_fitted_beside_it() -> None:
    database = causal_database({})
    both = fit_mechanisms(database, task_graph(database), ("sales.cost", "items.price"), seed=1)
    alone = fitted(database).validation
    beside = both["items.price"]
    assert not isinstance(beside, str)
    assert beside.validation == alone


def test_the_gate_asks_every_mechanism_for_seven_tenths() -> None:
    database = causal_database({}, [["items.weight", "items.price"], ["items.new", "items.stock"]])
    good, bad = fitted(database), fitted(database, "items.stock")
    assert gate({"items.price": good}).passed
    verdict = gate({"items.price": good, "items.stock": bad})
    assert verdict.failed_nodes == ("items.stock",)
    assert verdict.threshold == 0.7


def rows_of(tables: Tables) -> pl.DataFrame:
    columns = ("kind", "weight", "price")
    return pl.DataFrame([tables["items"][column].alias(f"items.{column}") for column in columns])


def test_a_counterfactual_keeps_rows_whose_causes_stay_and_those_that_are_not_told() -> None:
    database = causal_database({})
    model = fitted(database).model
    before = rows_of(database.tables)
    far = before["items.price"].scatter([0], 0.1)  # its noise cannot be added without rounding
    before = before.with_columns(far)
    after = before.with_columns(
        (before["items.weight"] + 1).scatter([0], before["items.weight"][0]),
        before["items.kind"].scatter([1], "odd"),
        before["items.price"].scatter([2], -1.0),
    )
    found = counterfactual(model, "items.price", before, after)
    assert found[0] == 0.1
    assert found[1] is None
    moved = (found - before["items.price"])[2:]
    np.testing.assert_allclose(moved, PRICE_OF_WEIGHT, rtol=0.03)


def test_a_counterfactual_that_grows_too_large_is_refused() -> None:
    database = causal_database({})
    before = rows_of(database.tables)
    after = before.with_columns(pl.col("items.weight") * 1e300)
    with pytest.raises(InputError, match=r"items\.weight grow too large"):
        counterfactual(fitted(database).model, "items.price", before, after)
