"""The gate marks what can be mended and stops what cannot."""

import json
from pathlib import Path
from typing import Any

import pytest

from flows.cli import main
from tasks.contract import load_contract
from tasks.relations.gate import ROW, Check, GateResult, check_tables, gate_record
from tasks.relations.sources import read_tables

from .conftest import SALES, SHOPS, Database


def gate(database: Database) -> GateResult:
    contract = load_contract(database.contract)
    return check_tables(contract, read_tables(contract))


def broken(result: GateResult) -> dict[tuple[str, str, str], Check]:
    return {(c.table, c.column, c.rule): c for c in result.checks if c.failing}


def test_clean_data_break_nothing(database: Database) -> None:
    result = gate(database)
    assert broken(result) == {}
    assert result.blocking == ()
    assert {name: faults.columns for name, faults in result.faults.items()} == {
        "shops": [*SHOPS, ROW],
        "sales": [*SALES, ROW],
    }
    assert all(not any(faults.sum().row(0)) for faults in result.faults.values())


@pytest.mark.parametrize(
    ("table", "column", "values", "rule", "rows", "examples", "blocks"),
    [
        ("shops", "size", ["-5", "20", "2000"], "range", [0, 2], ("-5.0", "2000.0"), False),
        ("shops", "city", ["서울", "Busan", "서울"], "values", [1], ("Busan",), False),
        ("shops", "size", ["1", "", "3"], "required", [1], ("row 2",), False),
        ("shops", "size", ["1", "big", "3"], "readable", [1], ("row 2",), False),
        (
            "shops",
            "city",
            ["", "", ""],
            "has values",
            [0, 1, 2],
            ("row 1", "row 2", "row 3"),
            False,
        ),
        ("sales", "shop", ["1", "2", "3", "9"], "foreign key", [3], ("9",), False),
        ("sales", "shop", ["8", "9", "3", "1"], "foreign key", [0, 1], ("8", "9"), True),
        (
            "sales",
            "day",
            ["2020-01-01", "", "2020-01-03", "x"],
            "required",
            [1, 3],
            ("row 2", "row 4"),
            True,
        ),
        ("shops", "id", ["1", "1", "3"], "primary key", [0, 1], ("1", "1"), True),
        ("shops", "id", ["1", "", "3"], "required", [1], ("row 2",), True),
    ],
)
def test_a_planted_fault_is_found_where_it_is(
    table: str,
    column: str,
    values: list[str],
    rule: str,
    rows: list[int],
    examples: tuple[str, ...],
    blocks: bool,
    database: Database,
) -> None:
    database.change(table, column, values)
    result = gate(database)
    check = broken(result)[table, column, rule]
    assert (check.failing, check.examples, check.blocks) == (len(rows), examples, blocks)
    assert result.faults[table][column].arg_true().to_list() == rows
    others = [
        fault
        for name, faults in result.faults.items()
        for fault in faults.columns
        if (name, fault) != (table, column) and faults[fault].any()
    ]
    # A shop whose key is gone leaves its sales behind as orphans.
    assert others == (["shop"] if column == "id" else [])


def test_a_missing_key_is_no_orphan(database: Database) -> None:
    database.change("sales", "shop", ["1", "", "\\N", "2"])
    assert broken(gate(database)) == {}


def test_a_repeated_row_is_marked_once_and_does_not_break_the_key(database: Database) -> None:
    twice = {name: [*values, values[1]] for name, values in SALES.items()}
    database.write("sales", twice)
    result = gate(database)
    assert set(broken(result)) == {("sales", ROW, "no repetition")}
    assert result.faults["sales"][ROW].to_list() == [False, False, False, False, True]
    assert result.blocking == ()


def test_rows_with_one_key_and_other_values_stop_the_run(database: Database) -> None:
    clash = {name: [*values, values[1]] for name, values in SALES.items()}
    clash["amount"][-1] = "77"
    database.write("sales", clash)
    (check,) = gate(database).blocking
    assert (check.rule, check.column, check.failing) == ("primary key", "sale", 2)


FOUR_DAYS = ["2020-01-01", "2020-01-11", "", "2020-01-21"]


@pytest.mark.parametrize(
    ("days", "amounts", "rows"),
    [
        (20, ["1", "2", "3", "4"], [2]),
        (19, ["1", "2", "3", "4"], [0, 2]),
        (9, ["1", "2", "3", "4"], [0, 1, 2]),
        (9, ["", "2", "", "4"], [1]),
        (9, ["x", "2", "3", "4"], [1, 2]),
    ],
)
def test_a_value_is_stale_where_it_was_measured_too_long_before_the_newest(
    days: int, amounts: list[str], rows: list[int], database: Database
) -> None:
    database.demand("tables/sales/columns/counted", {"type": "time"})
    amount = {"type": "number", "measured": "counted", "most_days": days}
    database.demand("tables/sales/columns/amount", amount)
    database.write("sales", SALES | {"counted": FOUR_DAYS, "amount": amounts})
    result = gate(database)
    check = broken(result)["sales", "amount", "fresh"]
    assert (check.failing, check.severity, check.blocks) == (len(rows), "repairable", False)
    assert check.rows == 4
    stale = set(rows) | {row for row, text in enumerate(amounts) if text == "x"}
    assert set(result.faults["sales"]["amount"].arg_true()) == stale
    assert not result.faults["sales"]["counted"].any()
    times = {0: "2020-01-01 00:00:00", 1: "2020-01-11 00:00:00", 2: "None"}
    assert check.examples == tuple(f"{amounts[row]}.0, {times[row]}" for row in rows)


def test_no_value_is_fresh_where_no_time_is_known(database: Database) -> None:
    database.demand("tables/sales/columns/counted", {"type": "time"})
    amount = {"type": "number", "measured": "counted", "most_days": 1, "severity": "block"}
    database.demand("tables/sales/columns/amount", amount)
    database.write("sales", SALES | {"counted": [""] * 4, "amount": ["1", "", "3", "4"]})
    result = gate(database)
    assert result.faults["sales"]["amount"].to_list() == [True, False, True, True]
    assert [check.rule for check in result.blocking] == ["fresh"]


EXPECTED_OF_SALES: dict[str, Any] = {
    "unique": {"kind": "unique", "columns": ["shop", "paid"]},
    "ordered": {"kind": "ordered", "lower": "shop", "upper": "sale"},
    "pattern": {"kind": "pattern", "column": "note", "regex": "[a-z]+|가."},
}
PLAIN = {"note": ["a", "bc", "가게", ""]}


@pytest.mark.parametrize("severity", ["repairable", "block"])
@pytest.mark.parametrize(
    ("kind", "columns", "marked", "examples"),
    [
        ("unique", {"shop": ["1"] * 4, "paid": ["t"] * 3 + ["f"]}, [1, 2], ("1, True",) * 2),
        ("unique", {"shop": ["1"] * 4, "paid": ["t", "", "", "f"]}, [], ()),
        ("ordered", {"shop": ["1", "3", "3", "3"], "sale": ["1", "2", "3", "4"]}, [1], ("3, 2",)),
        ("ordered", {"shop": ["", "3", "3", "3"], "sale": ["1", "2", "3", "4"]}, [1], ("3, 2",)),
        ("ordered", {}, [], ()),
        ("pattern", {"note": ["a", "A", "ab1", "가게"]}, [1, 2], ("A", "ab1")),
        ("pattern", {"note": ["", "", "", "가 게"]}, [3], ("가 게",)),
        ("pattern", {"note": ["a\n", "b", "c", "d"]}, [], ()),
        ("pattern", {"note": ["a\nb", "b", "c", "d"]}, [0], ("a\nb",)),
        ("pattern", {}, [], ()),
    ],
)
def test_an_expectation_marks_its_cells(
    kind: str,
    columns: dict[str, list[str]],
    marked: list[int],
    examples: tuple[str, ...],
    severity: str,
    database: Database,
) -> None:
    expectation = EXPECTED_OF_SALES[kind] | {"severity": severity}
    database.demand("tables/sales/columns/note", {"type": "text"})
    database.demand("tables/sales/expectations", [expectation])
    database.write("sales", SALES | PLAIN | columns)
    result = gate(database)
    (check,) = (check for check in result.checks if check.rule == kind)
    assert (check.failing, check.severity, check.examples) == (len(marked), severity, examples)
    assert check.blocks is (severity == "block" and bool(marked))
    faults = result.faults["sales"]
    where = check.column.split(", ")
    assert len(where) == (1 if kind == "pattern" else 2)
    assert all(faults[column].arg_true().to_list() == marked for column in where)
    assert not any(faults.drop(where).sum().row(0))


@pytest.mark.parametrize(("shops", "rows"), [(["1", "2", "3", "3"], 3), (["1", "2", "3", "1"], 4)])
@pytest.mark.parametrize(
    ("least", "most", "passes"),
    [(1, None, {3, 4}), (4, None, {4}), (1, 3, {3}), (3, 4, {3, 4}), (5, 9, set())],
)
def test_rows_are_counted_without_those_that_repeat_earlier_ones(
    least: int,
    most: int | None,
    passes: set[int],
    shops: list[str],
    rows: int,
    database: Database,
) -> None:
    expectation = {"kind": "rows", "least": least, "most": most}
    database.demand("tables/sales/expectations", [expectation])
    sales = {name: values[:3] + values[2:3] for name, values in SALES.items()}
    database.write("sales", sales | {"shop": shops, "sale": ["1", "2", "3", "3456"[rows - 3]]})
    result = gate(database)
    (check,) = (check for check in result.checks if check.rule == "rows")
    assert (check.column, check.severity) == (ROW, "block")
    assert check.blocks is (rows not in passes)
    assert check.examples == (() if rows in passes else (f"{rows} rows",))
    assert result.faults["sales"][ROW].to_list() == [False, False, False, rows == 3]


@pytest.mark.parametrize(
    "name", ["<b>크기", 'the "size" (m²)', "size | readable", "$size", "x.y", "column 0", " "]
)
def test_a_fault_is_found_whatever_the_column_is_called(name: str, database: Database) -> None:
    entry = {"type": "number", "range": [0, 5], "required": True}
    database.demand(f"tables/shops/columns/{name}", entry)
    database.write("shops", SHOPS | {name: ["1", "7", ""]})
    result = gate(database)
    found = {rule: check.examples for (_, column, rule), check in broken(result).items()}
    assert found == {"range": ("7.0",), "required": ("row 3",)}
    assert result.faults["shops"][name].to_list() == [False, True, True]


@pytest.mark.parametrize("kind", ["integer", "number", "category", "boolean", "time", "text"])
@pytest.mark.parametrize("severity", ["repairable", "block"])
def test_a_column_without_any_value_is_noted_or_stops_the_run(
    kind: str, severity: str, database: Database
) -> None:
    column: dict[str, Any] = {"type": kind, "severity": severity}
    if kind in ("integer", "number"):
        column |= {"range": [0, 1]}
    if kind == "category":
        column |= {"values": ["a"]}
    database.demand("tables/shops/columns/extra", column)
    database.write("shops", SHOPS | {"extra": ["", " ", ""]})
    result = gate(database)
    assert set(broken(result)) == {("shops", "extra", "has values")}
    assert len(result.blocking) == (severity == "block")


def test_the_record_is_json_and_holds_every_check(database: Database) -> None:
    database.change("shops", "size", ["-5", "20", "2000"])
    database.change("sales", "shop", ["8", "9", "3", "1"])
    result = gate(database)
    record = json.loads(json.dumps(gate_record(result)))
    assert record["counts"] == {
        "rules": len(result.checks),
        "broken": 2,
        "blocking": 1,
        "faults": 4,
    }
    assert len(record["checks"]) == len(result.checks)
    kept = [check for check in record["checks"] if check["failing"]]
    assert kept[0] == {
        "table": "shops",
        "column": "size",
        "rule": "range",
        "severity": "repairable",
        "rows": 3,
        "failing": 2,
        "share": pytest.approx(2 / 3),
        "examples": ["-5.0", "2000.0"],
        "blocks": False,
    }
    assert (kept[1]["rule"], kept[1]["share"], kept[1]["blocks"]) == ("foreign key", 0.5, True)


def test_the_record_of_clean_data_has_no_fault(database: Database) -> None:
    record = gate_record(gate(database))
    assert (record["counts"]["broken"], record["counts"]["faults"]) == (0, 0)
    assert {check["share"] for check in record["checks"]} == {0}


def test_the_tables_are_not_mutated(database: Database) -> None:
    contract = load_contract(database.contract)
    tables = read_tables(contract)
    before = {name: data.frame.clone() for name, data in tables.items()}
    check_tables(contract, tables)
    assert all(tables[name].frame.equals(frame) for name, frame in before.items())


def test_check_prints_what_is_broken(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    database.change("shops", "size", ["-5", "20", "2000"])
    assert main(["check", str(database.contract)]) == 0
    out = capsys.readouterr().out
    assert "mark  shops.size    range  2       66.7%  -5.0; 2000.0" in out
    assert "2 faults are marked for repair" in out


def test_check_ends_with_2_where_a_run_would_be_stopped(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    database.change("shops", "id", ["1", "1", "3"])
    assert main(["check", str(database.contract)]) == 2
    captured = capsys.readouterr()
    assert "STOP  shops.id" in captured.out
    assert captured.err.startswith("whence: 1 rule(s) of the contract stop a run")


def test_formula_1_passes(f1_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "f1", "--source", str(f1_data)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("Formula 1, Ergast schema: 13 tables, 114903 rows, 229 rules")
    assert out.rstrip().endswith("The data may pass; 1740 faults are marked for repair.")


def test_a_rule_that_is_given_twice_is_asked_once(database: Database) -> None:
    database.demand("tables/sales/expectations", [{"kind": "rows", "least": 9}] * 2)
    assert [check.rule for check in gate(database).blocking] == ["rows"]


def test_long_numbers_stay_apart_where_another_is_missing(database: Database) -> None:
    """No float holds them: 2^53 + 1 is not 2^53, and a range that ends there ends there."""
    amounts = [str(2**53), str(2**53 + 1), "", "4"]
    database.demand("tables/sales/columns/amount", {"type": "integer", "range": [0, 2**53]})
    database.change("sales", "amount", amounts)
    unique = {"kind": "unique", "columns": "amount"}
    database.demand("tables/sales/expectations", [unique])
    (found,) = gate(database).broken
    assert (found.rule, found.failing, found.examples) == ("range", 1, (str(2**53 + 1),))
