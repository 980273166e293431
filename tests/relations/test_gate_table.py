"""What the gate found, as a reader sees it."""

from tasks.contract import load_contract
from tasks.relations.gate import Check, GateResult, check_tables
from tasks.relations.gate_table import format_checks, refusal
from tasks.relations.sources import read_tables

from .conftest import Database

BAD_KEY = Check("shops", "primary key", "id", "block", 3, 2, ("1", "1"), blocks=True)
BAD_SIZE = Check("shops", "range", "size", "repairable", 8, 1, ("-5.0",), blocks=False)
GOOD = Check("shops", "range", "age", "block", 8, 0, (), blocks=False)


def gate(database: Database) -> GateResult:
    contract = load_contract(database.contract)
    return check_tables(contract, read_tables(contract))


def test_checks_stand_below_each_other() -> None:
    assert format_checks([BAD_KEY, BAD_SIZE]).splitlines() == [
        "      table.column  rule         faulty  share  examples",
        "STOP  shops.id      primary key  2       66.7%  1; 1",
        "mark  shops.size    range        1       12.5%  -5.0",
    ]


def test_an_example_stays_on_its_line() -> None:
    long = Check("notes", "pattern", "text", "block", 9, 1, ("one\n two", "x" * 99), blocks=True)
    _, line = format_checks([long]).splitlines()
    assert line.endswith("one two; " + "x" * 59 + "…")


def test_what_stops_no_run_passes() -> None:
    assert refusal(GateResult((BAD_SIZE, GOOD), {})) == ""


def test_what_stops_a_run_is_told_with_rows_and_examples() -> None:
    told = refusal(GateResult((BAD_SIZE, GOOD, BAD_KEY), {}))
    assert told == refusal(GateResult((BAD_KEY, GOOD), {}))
    first, *table = told.splitlines()
    assert first.startswith("1 rule(s) of the contract stop a run: mend the data, or the contract")
    assert table == format_checks([BAD_KEY]).splitlines()


def test_a_real_table_is_stopped(database: Database) -> None:
    assert refusal(gate(database)) == ""
    database.change("shops", "id", ["1", "1", "3"])
    assert "STOP  shops.id      primary key  2       66.7%  1; 1" in refusal(gate(database))
