"""The gate marks what can be mended and stops what cannot."""

from pathlib import Path

import pytest

from flows.cli import main
from tasks.contract import load_contract
from tasks.relations.gate import ROW, Check, GateResult, check_tables
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
    assert out.startswith("Formula 1, Ergast schema: 13 tables, 114903 rows, 228 rules")
    assert out.rstrip().endswith("No fault.")
