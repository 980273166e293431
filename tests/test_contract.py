"""A contract is read whole or refused with the path of what is wrong."""

import copy
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from flows.cli import main
from tasks.contract import known_domains, load_contract
from tasks.contract_checks import read_operation
from tasks.domain import Column, ColumnTask, Ordered, Pattern, Prior, Rows, Unique, WindowTask
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
                "rebate": {"type": "number", "measured": "set_on", "most_days": 30},
                "set_on": {"type": "time"},
                "paid": {"type": "boolean"},
                "note": {"type": "text"},
            },
            "expectations": [
                {"kind": "unique", "columns": ["shop", "note"]},
                {"kind": "ordered", "lower": "rebate", "upper": "amount", "severity": "block"},
                {"kind": "pattern", "column": "note", "regex": "[a-z]+"},
                {"kind": "rows", "least": 2, "most": 9},
            ],
        },
    },
    "leaks": ["shops.city"],
    "costs": {"nodes": {"sales": 3, "sales.amount": 2}},
    "causal_graph": [["sales.rebate", "sales.amount"], ["sales.amount", "sales.paid"]],
    "actions": {"sales.paid": "=true"},
    "priors": {
        "몫": {"family": "normal", "parameters": {"mean": 0, "sd": 1}, "confidence": 0.5},
        "days": {"family": "uniform", "parameters": {"low": 0, "high": 9}, "confidence": 0.9},
    },
    "tasks": {
        "amount": {
            "kind": "column",
            "output": "regression",
            "table": "sales",
            "column": "amount",
            "entity": "shop",
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
    *parents, last = (int(key) if key.isdigit() else key for key in path.split("/"))
    place: Any = contract
    for parent in parents:
        place = place[parent]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return contract


def refusal(contract: dict[str, Any], tmp_path: Path) -> list[str]:
    """A line for each broken rule."""
    with pytest.raises(InputError) as caught:
        load_contract(written(tmp_path, contract))
    return [line.strip() for line in str(caught.value).splitlines()[1:]]


def test_a_good_contract_is_read(tmp_path: Path) -> None:
    contract = load_contract(written(tmp_path, GOOD))
    assert contract.name == "가게"
    assert contract.tables["shops"].primary_key == ("id",)
    assert contract.tables["sales"].primary_key == ("shop", "day")
    assert contract.tables["sales"].columns["amount"].range == (0, None)
    assert contract.costs.default == 1
    assert isinstance(contract.tasks["turnover"], WindowTask)
    assert isinstance(contract.tasks["amount"], ColumnTask)
    assert contract.tasks["amount"].entity == "shop"
    assert contract.tables["sales"].bookkeeping == {"set_on"}
    assert contract.tables["shops"].bookkeeping == frozenset()
    assert contract.tables["sales"].expectations == (
        Unique(kind="unique", columns=("shop", "note"), severity="repairable"),
        Ordered(kind="ordered", lower="rebate", upper="amount", severity="block"),
        Pattern(kind="pattern", column="note", regex="[a-z]+"),
        Rows(kind="rows", least=2, most=9, severity="block"),
    )
    assert contract.causal_graph[1] == ("sales.amount", "sales.paid")
    assert contract.actions == {"sales.paid": "=true"}
    assert contract.priors["몫"] == Prior(
        family="normal", parameters={"mean": 0, "sd": 1}, confidence=0.5
    )


def test_what_may_be_left_out_is_empty(tmp_path: Path) -> None:
    content = changed("causal_graph", None)
    del content["priors"], content["actions"], content["tables"]["sales"]["expectations"]
    del content["tasks"]["amount"]["entity"]
    contract = load_contract(written(tmp_path, content))
    assert (contract.causal_graph, contract.actions, contract.priors) == ((), {}, {})
    assert contract.tables["sales"].expectations == ()
    assert contract.tasks["amount"].entity == ""


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
        ("leaks", ["shops.town"], "leaks.0: 'shops.town' is no table.column"),
        ("leaks", ["shops.city", "sales"], "leaks.1: 'sales' is no table.column"),
        ("tasks/amount/leaks", ["shops.town"], "tasks.amount.leaks.0: 'shops.town' is no table"),
        ("tasks/turnover/leaks", ["sales.paid", "x"], "tasks.turnover.leaks.1: 'x' is no table"),
        ("costs/nodes", {"stores": 1}, "costs.nodes.stores: is no table or table.column"),
        ("source/uri", "x", "source.uri: Extra inputs are not permitted"),
        ("costs/default", float("inf"), "costs.default: Input should be a finite number"),
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
        ("tasks/turnover/events", "buys", "tasks.turnover.events: there is no table 'buys'"),
        ("tasks/turnover/key", "id", "tasks.turnover.key: 'id' is no column of sales"),
        ("tasks/turnover/column", None, "tasks.turnover.column: aggregate sum needs a column"),
        ("tasks/turnover/aggregate", "any", "tasks.turnover.condition: aggregate any needs a"),
        ("tasks/turnover/output", "classification", "turnover.output: aggregate sum does not give"),
        (
            "tasks/turnover/window_days",
            0,
            "tasks.turnover.window_days: Input should be greater than 0",
        ),
        ("tasks/turnover/entity", "stores", "tasks.turnover.entity: there is no table 'stores'"),
    ],
)
def test_what_is_wrong_is_named_with_its_path(
    path: str, value: object, said: str, tmp_path: Path
) -> None:
    assert any(said in line for line in refusal(changed(path, value), tmp_path))


REBATE, EXPECTED = "tables.sales.columns.rebate", "tables.sales.expectations"


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("rebate/most_days", None, f"{REBATE}.most_days: must be given beside measured"),
        ("rebate/measured", None, f"{REBATE}.measured: must be given beside most_days"),
        ("rebate/most_days", 0, f"{REBATE}.most_days: Input should be greater than 0"),
        ("rebate/measured", "when", f"{REBATE}.measured: 'when' is no column of sales"),
        (
            "rebate/measured",
            "note",
            f"{REBATE}.measured: 'note' must be of type time, which is text",
        ),
        ("rebate/measured", "rebate", f"{REBATE}.measured: must be another column"),
        (
            "rebate/range",
            [0, float("inf")],
            f"{REBATE}.range.1: Input should be a finite number",
        ),
    ],
)
def test_measured_names_a_time_column_and_comes_with_most_days(
    path: str, value: object, said: str, tmp_path: Path
) -> None:
    lines = refusal(changed(f"tables/sales/columns/{path}", value), tmp_path)
    assert lines == [said]


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("0/kind", "odd", "0: Input tag 'odd' found using 'kind' does not match any of the"),
        ("0/columns", ["shop", "x"], "0.columns: 'x' is no column of sales"),
        ("0/columns", ["shop", "shop"], "0.columns: names 'shop' more than once"),
        ("0/columns", [], "0.columns: Value should have at least 1 item"),
        ("0/severity", "mark", "0.severity: Input should be 'block' or 'repairable'"),
        ("1/lower", "x", "1.lower: 'x' is no column of sales"),
        ("1/upper", "x", "1.upper: 'x' is no column of sales"),
        ("1/upper", None, "1.upper: Field required"),
        ("1/upper", "rebate", "1.upper: must be another column than lower"),
        ("1/upper", "set_on", "1.upper: 'set_on' must be of type number, which is time"),
        ("1/lower", "paid", "1.lower: 'paid' must be of integer, number, time, which is boolean"),
        ("2/column", "x", "2.column: 'x' is no column of sales"),
        ("2/column", "paid", "2.column: 'paid' must be text or a category, which is boolean"),
        ("2/regex", "[a", "2.regex: is no regular expression: unterminated character set"),
        ("3/most", 1, "3.most: must be at least 2, got 1"),
        ("3/least", 0, "3.least: Input should be greater than 0"),
        ("3/severity", "repairable", "3.severity: Input should be 'block'"),
    ],
)
def test_what_is_wrong_with_an_expectation_is_named_with_its_path(
    path: str, value: object, said: str, tmp_path: Path
) -> None:
    (line,) = refusal(changed(f"tables/sales/expectations/{path}", value), tmp_path)
    assert line.startswith(f"{EXPECTED}.{said}")


@pytest.mark.parametrize(
    ("edges", "said"),
    [
        ([["sales.amount", "sales.sum"]], "causal_graph.0: 'sales.sum' is no table.column"),
        ([["sales", "sales.amount"]], "causal_graph.0: 'sales' is no table.column"),
        ([["sales.paid", "sales.paid"]], "causal_graph.0: leads from sales.paid to itself"),
        (
            [["shops.city", "sales.paid"], ["sales.note", "sales.paid"]] * 2,
            "causal_graph.2: repeats causal_graph.0",
        ),
        (
            [
                ["sales.note", "shops.city"],
                ["shops.city", "sales.paid"],
                ["sales.paid", "sales.rebate"],
                ["sales.rebate", "shops.city"],
            ],
            "causal_graph: runs in a circle: "
            "shops.city -> sales.paid -> sales.rebate -> shops.city",
        ),
        ([["sales.amount"]], "causal_graph.0.1: Field required"),
    ],
)
def test_what_is_wrong_with_the_causal_graph_is_named(
    edges: list[list[str]], said: str, tmp_path: Path
) -> None:
    lines = refusal(changed("causal_graph", edges), tmp_path)
    assert lines[0].startswith(said)


@pytest.mark.parametrize(
    ("actions", "said"),
    [
        ({"sales.sum": "=1"}, "sales.sum: is no table.column of this contract"),
        ({"sales": "=1"}, "sales: is no table.column of this contract"),
        ({"sales.shop": "=1"}, "sales.shop: is a key, which takes no action"),
        ({"sales.day": "=1"}, "sales.day: is a key, which takes no action"),
        ({"shops.city": "=x"}, "shops.city: is never a feature: it leaks, or says when"),
        ({"sales.set_on": "=1"}, "sales.set_on: is never a feature: it leaks, or says when"),
        ({"sales.amount": "*=2"}, "sales.amount: is no feature: every task predicts it"),
        ({"sales.note": "=x"}, "sales.note: a column of type text takes no action"),
        ({"sales.rebate": "2"}, "sales.rebate: must begin with =, +=, -= or *=, got '2'"),
        ({"sales.rebate": "/=2"}, "sales.rebate: must begin with =, +=, -= or *=, got '/=2'"),
        ({"sales.rebate": "=much"}, "sales.rebate: the column takes numbers, got 'much'"),
        ({"sales.rebate": "*=inf"}, "sales.rebate: the column takes finite numbers, got 'inf'"),
        ({"sales.rebate": 2}, "sales.rebate: Input should be a valid string"),
        ({"sales.paid": "+=1"}, "sales.paid: a boolean can only be set to a label, as in =label"),
        ({"sales.paid": "=yes"}, "sales.paid: must name a label, one of true, false, got 'yes'"),
    ],
)
def test_what_is_wrong_with_an_action_is_named(
    actions: dict[str, str], said: str, tmp_path: Path
) -> None:
    (line,) = refusal(changed("actions", actions), tmp_path)
    assert line.startswith(f"actions.{said}")


def test_a_foreign_key_takes_no_action(tmp_path: Path) -> None:
    content = changed("tables/sales/primary_key", "day") | {"actions": {"sales.shop": "+=1"}}
    assert refusal(content, tmp_path) == ["actions.sales.shop: is a key, which takes no action"]


def test_a_leak_takes_an_action_unless_it_is_one_in_every_task(tmp_path: Path) -> None:
    content = changed("tasks/amount/leaks", ["sales.paid", "sales.amount"])
    task = load_contract(written(tmp_path, content)).tasks["amount"]
    assert task.leaks == ("sales.paid", "sales.amount")
    content["tasks"]["turnover"]["leaks"] = ["sales.paid"]
    assert refusal(content, tmp_path) == [
        "actions.sales.paid: is no feature: every task predicts it or lists it under its leaks"
    ]


def test_a_column_that_one_task_alone_predicts_takes_an_action(tmp_path: Path) -> None:
    content = changed("tasks/amount/column", "rebate")
    content["actions"] = {"sales.amount": "=3", "sales.rebate": "+=1"}
    assert load_contract(written(tmp_path, content)).actions == content["actions"]


@pytest.mark.parametrize(
    ("text", "entry", "operation"),
    [
        ("=3", {"type": "integer"}, ("set", 3.0)),
        ("=+3", {"type": "integer"}, ("shift", 3.0)),
        ("-=3", {"type": "integer"}, ("shift", -3.0)),
        ("=5", {"type": "number", "range": [None, 5]}, ("set", 5.0)),
        ("+=9", {"type": "number", "range": [0, 5]}, ("shift", 9.0)),
        ("= 서울 ", {"type": "category"}, ("set", "서울")),
        ("=7", {"type": "category", "values": [7, "x"]}, ("set", "7")),
        ("=false", {"type": "boolean"}, ("set", "false")),
    ],
)
def test_an_operation_is_read(
    text: str, entry: dict[str, Any], operation: tuple[str, float | str]
) -> None:
    assert read_operation(text, Column.model_validate(entry)) == operation


@pytest.mark.parametrize(
    ("text", "entry", "said"),
    [
        ("=0.5", {"type": "integer"}, "the column takes whole numbers, got '0.5'"),
        ("*=0.9", {"type": "integer"}, "the column takes whole numbers, got '0.9'"),
        ("=6", {"type": "number", "range": [0, 5]}, "6 lies outside of the column's range, "),
        ("=-1", {"type": "number", "range": [0, None]}, "-1 lies outside of the column's range, "),
        ("=", {"type": "category"}, "must name a label, got ''"),
        ("=b", {"type": "category", "values": ["a"]}, "must name a label, one of a, got 'b'"),
        ("*=2", {"type": "category"}, "a category can only be set to a label"),
        ("=1", {"type": "time"}, "a column of type time takes no action"),
    ],
)
def test_an_operation_that_does_not_fit_its_column_is_refused(
    text: str, entry: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError) as caught:
        read_operation(text, Column.model_validate(entry))
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    ("prior", "said"),
    [
        ({"family": "cauchy"}, ".family: Input should be 'normal', 'student_t'"),
        ({"confidence": 0}, ".confidence: Input should be greater than 0"),
        ({"confidence": 1}, ".confidence: Input should be less than 1"),
        (
            {"parameters": {"mean": 0}},
            ".parameters: a normal prior has the parameters mean, sd; got mean",
        ),
        ({"parameters": {}}, ".parameters: a normal prior has the parameters mean, sd; got none"),
        (
            {"parameters": {"mean": 0, "sd": 1, "df": 2}},
            ".parameters: a normal prior has the parameters mean, sd; got mean, sd, df",
        ),
        ({"parameters": {"mean": 0, "sd": 0}}, ".parameters.sd: must be > 0, got 0"),
        (
            {"parameters": {"mean": float("nan"), "sd": 1}},
            ".parameters.mean: Input should be a finite number",
        ),
        (
            {"family": "student_t", "parameters": {"df": -1, "location": 0, "scale": 1}},
            ".parameters.df: must be > 0, got -1",
        ),
        (
            {"family": "lognormal", "parameters": {"log_mean": -1, "log_sd": -1}},
            ".parameters.log_sd: must be > 0, got -1",
        ),
        (
            {"family": "beta", "parameters": {"alpha": 0, "beta": 1}},
            ".parameters.alpha: must be > 0, got 0",
        ),
        (
            {"family": "gamma", "parameters": {"shape": 2, "rate": 0}},
            ".parameters.rate: must be > 0, got 0",
        ),
        (
            {"family": "uniform", "parameters": {"low": 2, "high": 2}},
            ".parameters: low must lie below high, got 2 and 2",
        ),
    ],
)
def test_what_is_wrong_with_a_prior_is_named(
    prior: dict[str, Any], said: str, tmp_path: Path
) -> None:
    contract = changed("priors/몫", GOOD["priors"]["몫"] | prior)
    (line,) = refusal(contract, tmp_path)
    assert line.startswith(f"priors.몫{said}")


@pytest.mark.parametrize(
    ("family", "parameters"),
    [
        ("normal", {"mean": -3, "sd": 0.1}),
        ("student_t", {"df": 3, "location": -2, "scale": 1}),
        ("lognormal", {"log_mean": -2, "log_sd": 1}),
        ("beta", {"alpha": 0.5, "beta": 0.5}),
        ("gamma", {"shape": 2, "rate": 0.1}),
        ("uniform", {"low": -2, "high": -1}),
    ],
)
def test_every_family_has_parameters_that_hold(
    family: str, parameters: dict[str, float], tmp_path: Path
) -> None:
    prior = {"family": family, "parameters": parameters, "confidence": 0.2, "note": "누구"}
    contract = load_contract(written(tmp_path, changed("priors/몫", prior)))
    assert contract.priors["몫"].parameters == parameters


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("amount/entity", "day", "amount.entity: 'day' must be a foreign key of sales"),
        ("amount/entity", "shops", "amount.entity: 'shops' must be a foreign key of sales"),
        ("amount/table", "buys", "amount.table: there is no table 'buys'"),
        ("amount/column", "day", "amount.column: 'day' is a key of sales, which is no target"),
        ("amount/column", "shop", "amount.column: 'shop' is a key of sales, which is no target"),
        ("amount/column", "set_on", "amount.column: 'set_on' is of type time, which is no target"),
        ("amount/column", "note", "amount.column: 'note' is of type text, which is no target"),
        (
            "amount/column",
            "paid",
            "amount.column: a regression needs a numeric target, 'paid' is boolean",
        ),
        (
            "turnover/column",
            "paid",
            "turnover.column: aggregate sum needs numbers, 'paid' is boolean",
        ),
        ("turnover/aggregate", "max", None),
        ("amount/output", "classification", None),
        ("amount/column", "rebate", None),
        (
            "turnover/condition",
            {"column": "sum", "compare": ">", "value": 1},
            "turnover.condition.column: 'sum' is no column of sales",
        ),
    ],
)
def test_what_a_task_needs_of_its_columns(
    path: str, value: object, said: str | None, tmp_path: Path
) -> None:
    contract = changed(f"tasks/{path}", value)
    if "condition" in path:
        contract["tasks"]["turnover"]["aggregate"] = "count"
    if said is None:
        assert load_contract(written(tmp_path, contract)).name == "가게"
    else:
        assert refusal(contract, tmp_path) == [f"tasks.{said}"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"aggregate": "sum", "idle": "zero"}, None),
        ({"aggregate": "count", "idle": "zero"}, None),
        ({"aggregate": "any", "idle": "zero"}, None),
        ({"aggregate": "none", "idle": "zero"}, None),
        (
            {"aggregate": "mean", "idle": "zero"},
            "idle: there is no mean of no events: it must be left_out",
        ),
        (
            {"aggregate": "max", "idle": "zero"},
            "idle: there is no max of no events: it must be left_out",
        ),
        ({"aggregate": "none"}, "idle: aggregate none needs zero: without an event its label is 1"),
        ({"aggregate": "any"}, "condition: aggregate any needs a condition, or idle: zero"),
        (
            {"aggregate": "none", "idle": "zero", "output": "regression"},
            "output: aggregate none does not give a regression",
        ),
        ({"idle": "one"}, "idle: Input should be 'left_out' or 'zero'"),
    ],
)
def test_idle_entities_have_a_label_where_nothing_is_one(
    changes: dict[str, str], said: str | None, tmp_path: Path
) -> None:
    contract = copy.deepcopy(GOOD)
    classes = changes.get("aggregate") in ("any", "none")
    output = "classification" if classes else "regression"
    contract["tasks"]["turnover"] |= {"output": output} | changes
    if said is None:
        task = load_contract(written(tmp_path, contract)).tasks["turnover"]
        assert isinstance(task, WindowTask)
        assert (task.aggregate, task.idle) == (changes["aggregate"], "zero")
    else:
        (line,) = refusal(contract, tmp_path)
        assert line == f"tasks.turnover.{said}"


def test_idle_entities_are_left_out_unless_the_contract_says_otherwise(tmp_path: Path) -> None:
    task = load_contract(written(tmp_path, GOOD)).tasks["turnover"]
    assert isinstance(task, WindowTask)
    assert task.idle == "left_out"


def test_a_category_may_be_a_class_and_no_number(tmp_path: Path) -> None:
    contract = changed("tables/sales/columns/paid/type", "category")
    contract["tasks"]["amount"] |= {"column": "paid", "output": "classification"}
    assert load_contract(written(tmp_path, contract)).tasks["amount"].output == "classification"
    contract["tasks"]["amount"]["output"] = "regression"
    (line,) = refusal(contract, tmp_path)
    assert line.endswith("a regression needs a numeric target, 'paid' is category")


def test_a_foreign_key_is_no_target_where_it_is_no_primary_key(tmp_path: Path) -> None:
    contract = changed("tables/sales/primary_key", [])
    contract["tasks"]["amount"]["column"] = "shop"
    (line,) = refusal(contract, tmp_path)
    assert line == "tasks.amount.column: 'shop' is a key of sales, which is no target"


def test_the_rows_of_a_task_have_a_time(tmp_path: Path) -> None:
    assert refusal(changed("tables/sales/time", None), tmp_path) == [
        "tasks.amount.table: sales must have a time, by which its rows are split",
        "tasks.turnover.events: sales must have a time",
    ]


def test_a_target_that_leaks_is_named(tmp_path: Path) -> None:
    (line,) = refusal(changed("leaks", ["sales.amount"]), tmp_path)
    assert line.startswith("tasks.amount.column: the target is listed under leaks")


@pytest.mark.parametrize("name", ["(row)", "^a$", "*", ""])
def test_names_that_mean_something_else_are_refused(name: str, tmp_path: Path) -> None:
    (line,) = refusal(changed(f"tables/shops/columns/{name}", {"type": "text"}), tmp_path)
    assert f"columns must not be named {name!r}" in line


@pytest.mark.parametrize("name", ["(placebo)", "a.b"])
def test_names_of_tables_are_told_from_nodes(name: str, tmp_path: Path) -> None:
    (line,) = refusal(changed(f"tables/{name}", {"columns": {"a": {"type": "text"}}}), tmp_path)
    assert line.startswith(f"tables.{name}: tables must not be named {name!r}")


@pytest.mark.parametrize("name", ["<b>weight</b> (kg)", "'무게' \"kg\"", "a b", "a.b", "$x"])
def test_other_names_may_hold_anything(name: str, tmp_path: Path) -> None:
    contract = copy.deepcopy(GOOD)
    contract["tables"]["shops"]["columns"][name] = {"type": "number"}
    assert name in load_contract(written(tmp_path, contract)).tables["shops"].columns


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
