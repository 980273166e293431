"""Contracts in RelBench's schemas, on small databases whose labels and faults are known."""

from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from tasks.contract import check_contract, load_contract
from tasks.domain import ColumnTask, Domain
from tasks.relations.encoding import split_rows
from tasks.relations.events import LABEL, TIME
from tasks.relations.feature_values import leaks_of, usable_columns
from tasks.relations.features import FeatureTable, build_features
from tasks.relations.gate import GateResult, check_tables
from tasks.relations.sources import read_tables
from tasks.relations.task_rows import task_rows

from .relbench_databases import (
    HM_UNSOLD,
    SALT_KNOWN,
    Tables,
    hm_tables,
    salt_tables,
    write_database,
)

HM, SALT = load_contract("hm"), load_contract("salt")
GENERATED = {"hm": hm_tables(1), "salt": salt_tables(1)}
EVERY_TASK = [(contract, task) for contract in (HM, SALT) for task in contract.tasks]
HEADER = (
    "SALESOFFICE",
    "SALESGROUP",
    "CUSTOMERPAYMENTTERMS",
    "SHIPPINGCONDITION",
    "HEADERINCOTERMSCLASSIFICATION",
)
ITEM = ("PLANT", "SHIPPINGPOINT", "ITEMINCOTERMSCLASSIFICATION")
PREDICTED = {f"salesdocument.{name}" for name in HEADER} | {
    f"salesdocumentitem.{name}" for name in ITEM
}


def gate(contract: Domain, tables: Tables, folder: Path) -> tuple[GateResult, Tables]:
    read = read_tables(contract, write_database(tables, folder))
    return check_tables(contract, read), {name: data.frame for name, data in read.items()}


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Tables]:
    """The tables of both as their contracts read them."""
    folder = tmp_path_factory.mktemp("relbench")
    return {
        contract.name: gate(contract, GENERATED[contract.name], folder / contract.name)[1]
        for contract in (HM, SALT)
    }


def features(contract: Domain, databases: dict[str, Tables], task: str) -> FeatureTable:
    return build_features(contract, databases[contract.name], contract.tasks[task])


def broken(contract: Domain, tables: Tables, folder: Path) -> dict[tuple[str, str, str], int]:
    result, _ = gate(contract, tables, folder)
    assert not result.blocking
    return {(check.table, check.column, check.rule): check.failing for check in result.broken}


def test_the_gate_finds_nothing_but_two_of_one_article_in_a_basket(tmp_path: Path) -> None:
    twice = {("transactions", "(row)", "no repetition"): 1}
    assert broken(HM, GENERATED["hm"], tmp_path / "hm") == twice
    assert broken(SALT, GENERATED["salt"], tmp_path / "salt") == {}


def test_the_gate_finds_what_is_wrong_with_shops(tmp_path: Path) -> None:
    tables = dict(GENERATED["hm"])
    sold = tables["transactions"]
    row = pl.int_range(pl.len())
    tables["transactions"] = pl.concat(
        [
            sold.with_columns(
                pl.when(row < 5).then(9999).otherwise("article_id").alias("article_id"),
                pl.when(row == 7).then(-0.5).otherwise("price").alias("price"),
                pl.when(row == 8).then(3).otherwise("sales_channel_id").alias("sales_channel_id"),
            ),
            sold[20:23],
        ]
    )
    tables["customer"] = tables["customer"].with_columns(
        pl.when(pl.col("customer_id") == 4)
        .then(pl.lit("GONE"))
        .otherwise("club_member_status")
        .alias("club_member_status"),
        pl.when(pl.col("customer_id") < 2).then(200.0).otherwise("age").alias("age"),
    )
    assert broken(HM, tables, tmp_path) == {
        ("customer", "club_member_status", "values"): 1,
        ("customer", "age", "range"): 2,
        ("transactions", "(row)", "no repetition"): 1 + 3,
        ("transactions", "price", "range"): 1,
        ("transactions", "sales_channel_id", "values"): 1,
        ("transactions", "article_id", "foreign key"): 5,
    }


def test_the_gate_finds_what_is_wrong_with_sales_documents(tmp_path: Path) -> None:
    tables = dict(GENERATED["salt"])
    items = tables["salesdocumentitem"]
    row = pl.int_range(pl.len())
    tables["salesdocumentitem"] = pl.concat(
        [
            items.with_columns(
                pl.when(row < 4).then(9999).otherwise("SOLDTOPARTY").alias("SOLDTOPARTY"),
                pl.when(row == 5).then(None).otherwise("PLANT").alias("PLANT"),
                pl.when(row == 6).then(None).otherwise("SHIPTOPARTY").alias("SHIPTOPARTY"),
            ),
            items[10:11],
        ]
    )
    assert broken(SALT, tables, tmp_path) == {
        ("salesdocumentitem", "(row)", "no repetition"): 1,
        ("salesdocumentitem", "PLANT", "required"): 1,
        ("salesdocumentitem", "SOLDTOPARTY", "foreign key"): 4,
    }


def test_two_rows_of_one_key_stop_a_run(tmp_path: Path) -> None:
    tables = dict(GENERATED["salt"])
    tables["customer"] = tables["customer"].with_columns(
        pl.when(pl.col("CUSTOMER") == 3).then(2).otherwise("CUSTOMER").alias("CUSTOMER")
    )
    result, _ = gate(SALT, tables, tmp_path)
    assert [(check.table, check.rule) for check in result.blocking] == [("customer", "primary key")]


@pytest.mark.parametrize(("contract", "name"), EVERY_TASK, ids=lambda of: getattr(of, "name", of))
def test_each_task_has_rows_of_each_part(
    contract: Domain, name: str, databases: dict[str, Tables]
) -> None:
    task = contract.tasks[name]
    rows = task_rows(contract, databases[contract.name], task)
    train, validation, test = (part.sum() for part in split_rows(rows[TIME], task.split))
    assert train > validation > 0
    assert test > 0


def labels(databases: dict[str, Tables], task: str, key: str, entity: int) -> dict[str, float]:
    rows = task_rows(HM, databases["hm"], HM.tasks[task]).filter(pl.col(key) == entity)
    return {f"{row[TIME]:%m-%d}": row[LABEL] for row in rows.to_dicts() if row[TIME].year == 2020}


def test_customers_who_stay_away_for_a_week(databases: dict[str, Tables]) -> None:
    # Bought on 09-07, which is t itself, and on 09-14, the last day after it.
    assert labels(databases, "user-churn", "customer_id", 0) == {"09-07": 0.0, "09-14": 1.0}
    # Bought on 08-31: a week later that is over.
    assert labels(databases, "user-churn", "customer_id", 1) == {"08-31": 1.0}
    # Bought on 09-01 and 09-10.
    assert labels(databases, "user-churn", "customer_id", 2) == {"09-07": 0.0, "09-14": 1.0}


def test_what_an_article_is_sold_for_in_a_week(databases: dict[str, Tables]) -> None:
    sales = labels(databases, "item-sales", "article_id", 0)
    # Both of the two in one basket count; what is sold on t itself was sold before.
    assert sales == pytest.approx({"08-31": 0.03 + 0.01, "09-07": 2 * 0.05 + 0.04, "09-14": 0.0})
    idle = labels(databases, "item-sales", "article_id", 1)
    assert set(idle.values()) == {0.0}
    assert len(idle) == 37  # the Mondays from 2020-01-06 to 2020-09-14
    assert labels(databases, "item-sales", "article_id", HM_UNSOLD) == {}


def test_weeks_are_those_of_relbench(databases: dict[str, Tables]) -> None:
    for name, task in HM.tasks.items():
        times = task_rows(HM, databases["hm"], task)[TIME].unique().sort()
        assert (times[0], times[-1]) == (datetime(2019, 9, 9), datetime(2020, 9, 14)), name
        assert len(times) == 54
        parts = split_rows(times, task.split)
        assert [int(part.sum()) for part in parts] == [52, 1, 1]


@pytest.mark.parametrize("name", [name for name in SALT.tasks if name.startswith("item")])
def test_items_are_split_by_the_time_of_their_document(
    name: str, databases: dict[str, Tables]
) -> None:
    task = SALT.tasks[name]
    assert isinstance(task, ColumnTask)
    rows = task_rows(SALT, databases["salt"], task)
    codes = databases["salt"]["salesdocumentitem"].select("ID", task.column)
    assert rows.join(codes, on="ID").filter(pl.col(LABEL) != pl.col(task.column)).is_empty()
    parts = [pl.Series(part) for part in split_rows(rows[TIME], task.split)]
    for (moment, plant), place in zip(SALT_KNOWN.items(), (0, 0, 1, 1, 2), strict=True):
        here = rows[TIME] == datetime.fromisoformat(moment)
        assert here.sum() > 0
        assert parts[place].filter(here).all()
        if name == "item-plant":
            assert set(rows.filter(here)[LABEL]) == {str(plant)}


@pytest.mark.parametrize("name", SALT.tasks)
def test_no_task_is_told_what_relbench_removes(name: str, databases: dict[str, Tables]) -> None:
    task = SALT.tasks[name]
    assert isinstance(task, ColumnTask)
    target = f"{task.table}.{task.column}"
    assert target in PREDICTED
    assert leaks_of(SALT, task) == PREDICTED  # the seven others, and what earlier rows tell of it
    told = {f"{of.table}.{of.column}" for of in features(SALT, databases, name).nodes}
    assert not told & PREDICTED
    assert "salesdocument.SALESORGANIZATION" in told


def test_a_copy_of_the_target_is_a_feature_of_the_tasks_that_do_not_bar_it(
    databases: dict[str, Tables],
) -> None:
    told = features(SALT, databases, "item-plant")
    assert "salesdocumentitem.SHIPPINGPOINT value" not in told.features.columns
    task = SALT.tasks["item-plant"].model_copy(update={"leaks": ()})
    careless = SALT.model_copy(update={"tasks": SALT.tasks | {"item-plant": task}})
    assert list(check_contract(careless)) == []
    table = features(careless, databases, "item-plant")
    copied = table.features["salesdocumentitem.SHIPPINGPOINT value"].cast(pl.Float64) - 7
    assert copied.to_list() == table.rows[LABEL].cast(pl.Float64).to_list()
    shippoint = careless.tasks["item-shippoint"]
    assert "SHIPPINGPOINT" in usable_columns(careless, task, "salesdocumentitem")
    assert "PLANT" not in usable_columns(careless, shippoint, "salesdocumentitem")


def test_the_country_that_is_delivered_to_tells_the_plant(databases: dict[str, Tables]) -> None:
    table = features(SALT, databases, "item-plant")
    country = "->SHIPTOPARTY->ADDRESSID address.COUNTRY value"
    found = table.rows.with_columns(table.features[country].alias("country"))
    usual = found.group_by("country").agg(pl.col(LABEL).mode().first().alias("usual"))
    share = (found.join(usual, on="country")).select((pl.col(LABEL) == pl.col("usual")).mean())
    assert share.item() == pytest.approx(0.9 + 0.1 / 3, abs=0.02)


def test_regular_news_tells_who_comes_back(databases: dict[str, Tables]) -> None:
    table = features(HM, databases, "user-churn")
    news = table.features["customer.fashion_news_frequency value"]
    away = table.rows[LABEL].cast(pl.Float64)
    # exp(-1.2) = 0.30 of those who buy 1.2 times a week, exp(-0.25) = 0.78 of the others.
    assert away.filter(news == "Regularly").mean() == pytest.approx(0.30, abs=0.04)
    assert away.filter(news == "NONE").mean() == pytest.approx(0.78, abs=0.06)


def test_the_tables_are_the_same_for_one_seed_and_others_for_another() -> None:
    for make in (hm_tables, salt_tables):
        one, same, other = make(3), make(3), make(4)
        assert all(one[name].equals(same[name]) for name in one)
        assert any(not one[name].equals(other[name]) for name in one)
