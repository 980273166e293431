"""The contracts of four real databases find the faults that were counted, and let tasks be learnt.

Marks of quality, from models on columns made by hand, some of other definitions of the task: 0.47
(R2) for the position of a driver, 0.79 and 0.87 (AUC) for not finishing and the first three; 0.22
(R2) for what a household spends and 0.76 (AUC) for churn; 0.74 (AUC) for who posts again. Votes on
posts are hard: a flat model does worse than the mean. 0.97 (AUC) for what is rejected, and 0.83
(R2) for the fill rate, of which an order's final status, a leak, alone tells most.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import r2_score, roc_auc_score

from tasks.contract import load_contract
from tasks.domain import Domain
from tasks.relations.encoding import fit_encoder, split_rows
from tasks.relations.events import LABEL, TIME
from tasks.relations.features import FeatureTable, build_features
from tasks.relations.gate import GateResult, check_tables
from tasks.relations.sources import TableData, read_tables

FOLDERS = {
    "f1": "f1",
    "stack": "stack",
    "retail": "retail",
    "adventureworks": "erp_adventureworks",
}
QUALITY = {
    ("f1", "driver-position"): (0.47, 0.65),
    ("f1", "driver-dnf"): (0.75, 0.85),
    ("f1", "driver-top3"): (0.87, 0.95),
    ("stack", "user-engagement"): (0.74, 0.92),
    ("stack", "post-votes"): (-0.5, 0.2),
    ("retail", "spend"): (0.22, 0.42),
    ("retail", "churn"): (0.76, 0.85),
    ("adventureworks", "fill-rate"): (0.05, 0.4),
    ("adventureworks", "any-rejected"): (0.85, 0.97),
}
"""Least and largest R2 or AUC on the test rows, by domain and task; more would be a leak."""
LINE = ["household_id", "sales_value", "transaction_timestamp"]
DEMOGRAPHICS = (
    "age",
    "income",
    "home_ownership",
    "marital_status",
    "household_size",
    "household_comp",
    "kids_count",
)


class Database(NamedTuple):
    name: str
    folder: Path
    contract: Domain
    data: dict[str, TableData]
    gate: GateResult
    verified: dict[str, Any]

    def raw(self, table: str) -> pl.DataFrame:
        """The file as it is, all of it texts."""
        return pl.read_csv(self.folder / f"{table}.csv", infer_schema=False)


@pytest.fixture(scope="module", params=list(FOLDERS))
def database(request: pytest.FixtureRequest, shared: Callable[[str], Path]) -> Database:
    name = str(request.param)
    folder, contract = shared(FOLDERS[name]), load_contract(name)
    data = read_tables(contract, folder)
    verified = json.loads((folder / "verified_schema.json").read_text("utf-8"))
    return Database(name, folder, contract, data, check_tables(contract, data), verified)


def test_the_tables_are_read_whole(database: Database) -> None:
    for name, read in database.data.items():
        known = database.verified["tables"][name]
        assert read.frame.height == known["rows"], name
        assert set(read.frame.columns) <= set(known["column_names"])
        assert not any(column.any() for column in read.unreadable), name


def test_keys_are_those_that_were_counted(database: Database) -> None:
    """But for the posts that point to posts, and the tables that a contract does not name."""
    tables = database.contract.tables
    keys = {
        f"{name}.{key}>{parent}.{tables[parent].primary_key[0]}"
        for name, table in tables.items()
        for key, parent in table.foreign_keys.items()
    }
    counted = {entry["fk"]: entry for entry in database.verified["foreign_keys"]}
    assert keys <= set(counted)
    left = {key for key in set(counted) - keys if key.partition(".")[0] in tables}
    assert left == {
        "stack": {
            "Posts.ParentId>Posts.Id",
            "Posts.AcceptedAnswerId>Posts.Id",
            "Posts.LastEditorUserId>Users.Id",
        },
        "adventureworks": {"Product.ProductModelID>ProductModel.ProductModelID"},
    }.get(database.name, set())
    for name, table in tables.items():
        listed = database.verified["tables"][name]["primary_key"]
        assert not table.primary_key or list(table.primary_key) == listed


def counted_faults(database: Database) -> Iterator[tuple[tuple[str, str, str], int]]:
    """Faults as the verified schema lists them, and those that were counted by hand."""
    tables = database.contract.tables
    for entry in database.verified["foreign_keys"]:
        table, _, column = entry["fk"].partition(">")[0].partition(".")
        if table in tables and column in tables[table].foreign_keys and entry["orphans"]:
            yield (table, "foreign key", column), entry["orphans"]
    if database.name == "f1":
        yield ("results", "range", "grid"), 1638
        yield ("results", "unique", "raceId, driverId"), 91
        sprints = database.raw("sprint_results")
        yield ("sprint_results", "range", "grid"), sprints["grid"].str.count_matches("^0$").sum()
    elif database.name == "retail":
        yield ("transactions", "range", "quantity"), 416 + 692
        for column in DEMOGRAPHICS:
            yield (
                ("households", "required", column),
                database.raw("households")[column].null_count(),
            )
        products = database.raw("products")
        yield (
            ("products", "required", "product_category"),
            products["product_category"].null_count(),
        )
    elif database.name == "stack":
        posts = database.raw("Posts")
        nobody = posts["OwnerUserId"].is_null() | (posts["OwnerUserId"] == "-1")
        yield ("Posts", "required", "OwnerUserId"), nobody.sum()
        yield ("Posts", "required", "BodyLength"), posts["BodyLength"].null_count()
        yield ("Comments", "required", "UserId"), 1
    else:
        free = database.raw("Product")["StandardCost"].cast(pl.Float64) == 0
        yield ("Product", "range", "StandardCost"), free.sum()


def test_the_gate_finds_the_counted_faults_and_no_others(database: Database) -> None:
    found = {
        (check.table, check.rule, check.column): check.failing for check in database.gate.broken
    }
    assert found == dict(counted_faults(database))


def test_nothing_stops_a_run(database: Database) -> None:
    assert database.gate.blocking == ()


def test_a_fault_that_was_not_counted_is_found(database: Database) -> None:
    """The negative control: one row of the first task's fact table that points to nothing."""
    task = next(iter(database.contract.tasks.values()))
    events, key = (task.events, task.key) if task.kind == "window" else (task.table, task.entity)
    read = database.data[events]
    lost = read.frame.with_row_index("at").with_columns(
        pl.when(pl.col("at") == 7).then(-999).otherwise(pl.col(key)).alias(key)
    )
    data = database.data | {events: TableData(lost.drop("at"), read.unreadable)}
    broken = {
        (check.table, check.rule, check.column): check.failing
        for check in check_tables(database.contract, data).broken
    }
    before = dict(counted_faults(database)).get((events, "foreign key", key), 0)
    assert broken[events, "foreign key", key] == before + 1


def test_missing_values_are_those_that_were_counted(database: Database) -> None:
    """To the three digits of the verified schema, where the contract adds no marker of its own."""
    for name, read in database.data.items():
        shares = database.verified["tables"][name]["missing_share"]
        for column, entry in database.contract.tables[name].columns.items():
            if not entry.missing:
                share = read.frame[column].null_count() / read.frame.height
                assert share == pytest.approx(shares.get(column, 0), abs=5e-4), (name, column)


def quality(table: FeatureTable, contract: Domain, name: str) -> float:
    """R2 or AUC on the test rows of boosting that was fitted to the train rows."""
    task = contract.tasks[name]
    train, validation, test = split_rows(table.rows[TIME], task.split)
    assert min(train.sum(), validation.sum(), test.sum()) > 100
    x = fit_encoder(table, train).transform(table)
    y = table.rows[LABEL].to_numpy()
    settings: dict[str, Any] = {"max_iter": 100, "learning_rate": 0.05, "random_state": 1}
    if task.output == "regression":
        told = HistGradientBoostingRegressor(**settings).fit(x[train], y[train]).predict(x[test])
        return float(r2_score(y[test], told))
    assert set(np.unique(y)) == {0, 1}
    model = HistGradientBoostingClassifier(**settings).fit(x[train], y[train])
    return float(roc_auc_score(y[test], model.predict_proba(x[test])[:, 1]))


def test_every_task_has_rows_of_known_entities_and_is_learnt(database: Database) -> None:
    frames = {name: read.frame for name, read in database.data.items()}
    for name, task in database.contract.tasks.items():
        table = build_features(database.contract, frames, task)
        if task.kind == "window":
            (primary,) = database.contract.tables[task.entity].primary_key
            assert table.rows[task.key].is_in(frames[task.entity][primary].implode()).all()
        least, most = QUALITY[database.name, name]
        reached = quality(table, database.contract, name)
        assert least <= reached <= most, f"{name}: {reached:.3f}"


def test_what_a_household_spends_is_the_sum_of_its_lines(shared: Callable[[str], Path]) -> None:
    """The labels of one test date, from the file by other means; who stays away spends nothing."""
    contract, folder = load_contract("retail"), shared("retail")
    frames = {name: read.frame for name, read in read_tables(contract, folder).items()}
    rows = build_features(contract, frames, contract.tasks["spend"]).rows
    churn = build_features(contract, frames, contract.tasks["churn"]).rows
    lines = pl.read_csv(folder / "transactions.csv", columns=LINE, try_parse_dates=True).filter(
        pl.col("transaction_timestamp") > pl.datetime(2017, 12, 4),
        pl.col("transaction_timestamp") <= pl.datetime(2018, 1, 1),
    )
    spent = dict(lines.group_by("household_id").agg(pl.col("sales_value").sum()).iter_rows())
    last = rows.filter(pl.col(TIME) == pl.datetime(2017, 12, 4))
    known = {household: spent.get(household, 0.0) for household in last["household_id"]}
    assert dict(last.select("household_id", LABEL).iter_rows()) == pytest.approx(known)
    assert rows[TIME].max() == last[TIME][0]
    stayed = churn.filter(pl.col(TIME) == pl.datetime(2017, 12, 4))
    assert dict(stayed.select("household_id", LABEL).iter_rows()) == {
        household: float(household not in spent) for household in known
    }
    assert 0 < stayed[LABEL].sum() < stayed.height
