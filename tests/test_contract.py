"""A contract is read whole or refused with the path of what is wrong."""

import copy
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from flows.cli import main
from tasks.contract import known_domains, load_contract
from tasks.domain import WindowTask
from tasks.errors import InputError

GOOD: dict[str, Any] = {
    "name": "가게",
    "title": "Shops",
    "source": {"kind": "csv", "location": "data"},
    "tables": {
        "shops": {
            "primary_key": "id",
            "columns": {"id": {"type": "integer"}, "city": {"type": "category"}},
        },
        "sales": {
            "primary_key": ["shop", "day"],
            "foreign_keys": {"shop": "shops"},
            "time": "day",
            "columns": {
                "shop": {"type": "integer"},
                "day": {"type": "time"},
                "amount": {"type": "number", "range": [0, None]},
            },
        },
    },
    "leaks": ["shops.city"],
    "costs": {"nodes": {"sales": 3, "sales.amount": 2}},
    "tasks": {
        "amount": {
            "kind": "column",
            "output": "regression",
            "table": "sales",
            "column": "amount",
            "split": {"validation": "2020-01-01", "test": "2021-01-01"},
        },
        "turnover": {
            "kind": "window",
            "output": "regression",
            "entity": "shops",
            "events": "sales",
            "key": "shop",
            "aggregate": "sum",
            "column": "amount",
            "window_days": 28,
            "step_days": 28,
            "active_days": 90,
            "start": "2019-01-01",
            "split": {"validation": "2020-01-01", "test": "2021-01-01"},
        },
    },
}


def written(tmp_path: Path, content: object) -> Path:
    path = tmp_path / "contract.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def changed(path: str, value: object) -> dict[str, Any]:
    """The good contract with one entry replaced; None takes it out."""
    contract = copy.deepcopy(GOOD)
    *parents, last = path.split("/")
    place = contract
    for parent in parents:
        place = place[parent]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return contract


def test_a_good_contract_is_read(tmp_path: Path) -> None:
    contract = load_contract(written(tmp_path, GOOD))
    assert contract.name == "가게"
    assert contract.tables["shops"].primary_key == ("id",)
    assert contract.tables["sales"].primary_key == ("shop", "day")
    assert contract.tables["sales"].columns["amount"].range == (0, None)
    assert contract.costs.default == 1
    assert isinstance(contract.tasks["turnover"], WindowTask)


def test_a_location_is_relative_to_the_contract(tmp_path: Path) -> None:
    contract = load_contract(written(tmp_path, GOOD))
    assert contract.source.location == str(tmp_path / "data")
    assert load_contract("f1").source.location is None


def test_contracts_are_frozen(tmp_path: Path) -> None:
    contract = load_contract(written(tmp_path, GOOD))
    with pytest.raises(ValueError, match="frozen"):
        contract.name = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("colour", "red", "colour: Extra inputs are not permitted"),
        ("tables/sales/columns/amount/uint", "EUR", "tables.sales.columns.amount.uint: Extra"),
        ("tables/sales/columns/amount/type", "money", "tables.sales.columns.amount.type: Input"),
        ("source", None, "source: Field required"),
        (
            "tables/sales/foreign_keys",
            {"shop": "shop"},
            "foreign_keys.shop: there is no table 'shop'",
        ),
        ("tables/sales/foreign_keys", {"x": "shops"}, "foreign_keys.x: 'x' is no column of sales"),
        (
            "tables/shops/primary_key",
            "key",
            "tables.shops.primary_key: 'key' is no column of shops",
        ),
        (
            "tables/shops/primary_key",
            [],
            "foreign_keys.shop: 'shops' must have a primary key of one",
        ),
        (
            "tables/shops/foreign_keys",
            {"id": "sales"},
            "'sales' must have a primary key of one column",
        ),
        (
            "tables/sales/time",
            "amount",
            "tables.sales.time: 'amount' must lead to a column of type",
        ),
        ("tables/sales/time", "shop.city", "tables.sales.time: 'shop.city' must lead to a column"),
        ("tables/sales/columns/amount/range", [5, 1], "columns.amount.range: must ascend, got"),
        ("tables/shops/columns/city/range", [0, 1], "columns.city.range: a category column has no"),
        ("leaks", ["shops.town"], "leaks.shops.town: is no table or table.column"),
        ("costs/nodes", {"stores": 1}, "costs.nodes.stores: is no table or table.column"),
        ("costs/nodes", {"sales": 0}, "costs.nodes.sales: Input should be greater than 0"),
        ("tasks", {}, "tasks: must hold at least one task, got none"),
        ("tasks/amount/kind", "guess", "tasks.amount: Input tag 'guess'"),
        ("tasks/amount/column", "price", "tasks.amount.column: 'price' is no column of sales"),
        ("tasks/amount/split/test", "2019-01-01", "tasks.amount.split: validation must lie before"),
        (
            "tasks/turnover/key",
            "amount",
            "turnover.key: 'amount' of sales must be a foreign key to",
        ),
        ("tasks/turnover/column", None, "tasks.turnover.column: aggregate sum needs a column"),
        ("tasks/turnover/aggregate", "any", "tasks.turnover.condition: aggregate any needs a"),
        ("tasks/turnover/output", "classification", "turnover.output: aggregate sum does not give"),
        ("tasks/turnover/window_days", 0, "window_days: Input should be greater than 0"),
        ("tasks/turnover/entity", "stores", "tasks.turnover.entity: there is no table 'stores'"),
    ],
)
def test_what_is_wrong_is_named_with_its_path(
    path: str, value: object, said: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as caught:
        load_contract(written(tmp_path, changed(path, value)))
    assert said in str(caught.value)


def test_keys_that_run_in_a_circle_are_refused(tmp_path: Path) -> None:
    contract = copy.deepcopy(GOOD)
    contract["tables"]["cities"] = {
        "primary_key": "name",
        "foreign_keys": {"capital": "shops"},
        "columns": {"name": {"type": "category"}, "capital": {"type": "integer"}},
    }
    contract["tables"]["shops"]["foreign_keys"] = {"city": "cities"}
    with pytest.raises(InputError, match="in a circle: shops -> cities -> shops"):
        load_contract(written(tmp_path, contract))


def test_every_problem_has_its_line(tmp_path: Path) -> None:
    contract = changed("leaks", ["shops.town", "shops.lane"])
    with pytest.raises(InputError) as caught:
        load_contract(written(tmp_path, contract))
    assert len(str(caught.value).splitlines()) == 3


@pytest.mark.parametrize("content", [b"name: [", b"\xff\xfe\x00", b"- 1"])
def test_what_is_no_contract_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "contract.yaml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"contract\.yaml"):
        load_contract(path)


def test_an_unknown_domain_is_named_with_those_that_are_known() -> None:
    with pytest.raises(InputError, match=r"no contract 'f2'; known domains: .*f1"):
        load_contract("f2")


@pytest.mark.parametrize("name", known_domains())
def test_shipped_contracts_hold(name: str) -> None:
    assert load_contract(name).name == name


def test_the_columns_of_f1_are_those_of_the_files(f1_data: Path) -> None:
    for name, table in load_contract("f1").tables.items():
        header = pl.read_csv(f1_data / f"{name}.csv", n_rows=0, infer_schema=False).columns
        assert set(table.columns) <= set(header), name


def test_domains_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["domains"]) == 0
    out = capsys.readouterr().out
    assert "f1  Formula 1, Ergast schema: 13 tables, 21 foreign keys" in out
    assert "driver-dnf  (window, classification)" in out
