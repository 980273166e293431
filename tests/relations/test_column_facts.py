"""What every column holds: counted by hand, estimated where there are very many rows."""

import json
from typing import Any

import polars as pl
import pytest

from tasks.contract import load_contract
from tasks.relations.column_facts import EXACT_ROWS, column_facts, described_record
from tasks.relations.gate import check_tables, gate_record
from tasks.relations.sources import TableData, read_tables

from .conftest import SALES, Database


def facts(database: Database, table: str) -> dict[str, dict[str, Any]]:
    contract = load_contract(database.contract)
    tables = read_tables(contract)
    record = json.loads(json.dumps(described_record(check_tables(contract, tables), tables)))
    return {of["column"]: of for of in record["columns"] if of["table"] == table}


def of(found: dict[str, Any], *names: str) -> tuple[Any, ...]:
    return tuple(found[name] for name in names)


def test_gaps_extremes_different_values_and_faults_are_counted(database: Database) -> None:
    database.change("sales", "amount", ["1.5", "big", "\\N", "-4e2"])
    database.change("sales", "shop", ["1", "9", "3", "1"])
    found = facts(database, "sales")
    counts = ("missing", "unreadable", "least", "largest", "distinct", "faulty")
    assert list(found) == list(SALES)
    assert of(found["sale"], *counts) == (0, 0, 1, 4, 4, 0)
    assert of(found["shop"], *counts) == (0, 0, 1, 9, 3, 1)
    assert of(found["amount"], *counts) == (1, 1, -400.0, 1.5, 2, 1)
    assert of(found["paid"], *counts) == (1, 0, None, None, 2, 0)
    days = ("2020-01-01 00:00:00", "2020-01-04 00:00:00")
    assert of(found["day"], *counts) == (0, 0, *days, 4, 0)
    assert {(entry["rows"], entry["estimated"]) for entry in found.values()} == {(4, False)}


def test_a_column_without_any_value_has_no_extremes(database: Database) -> None:
    database.change("shops", "size", ["", " ", ""])
    size = facts(database, "shops")["size"]
    assert of(size, "missing", "unreadable", "least", "largest", "distinct") == (
        3,
        0,
        None,
        None,
        0,
    )
    assert size["faulty"] == 3


def test_a_cell_that_breaks_two_rules_is_one_faulty_cell(database: Database) -> None:
    database.demand("tables/sales/columns/note", {"type": "text", "values": ["a"]})
    expectation = {"kind": "pattern", "column": "note", "regex": "[a-z]"}
    database.demand("tables/sales/expectations", [expectation])
    database.write("sales", SALES | {"note": ["a", "B", "b", "B"]})
    found = facts(database, "sales")["note"]
    assert of(found, "faulty", "distinct") == (3, 3)


def test_the_gate_s_own_record_stays_as_it_is(database: Database) -> None:
    contract = load_contract(database.contract)
    tables = read_tables(contract)
    before = {name: data.frame.clone() for name, data in tables.items()}
    result = check_tables(contract, tables)
    record = described_record(result, tables)
    assert {name: record[name] for name in ("counts", "checks")} == gate_record(result)
    assert all(tables[name].frame.equals(frame) for name, frame in before.items())


def test_years_beyond_python_s_own_are_told() -> None:
    frame = pl.DataFrame({"day": pl.Series([0, 10**18]).cast(pl.Datetime("us"))})
    no = frame.select(pl.lit(False).alias("day"))
    (found,) = column_facts("t", TableData(frame, no), no)
    assert (found.least, found.largest) == ("1970-01-01 00:00:00", "+33658-09-27 01:46:40")


@pytest.mark.parametrize(("more", "estimated"), [(0, False), (1, True)])
def test_of_very_many_rows_the_number_of_different_values_is_estimated(
    more: int, estimated: bool
) -> None:
    rows = EXACT_ROWS + more
    frame = pl.DataFrame({"key": pl.int_range(rows, eager=True)}).with_columns(
        code=pl.when(pl.col("key") > 0).then(pl.col("key") % 7), text=pl.lit("a")
    )
    no = frame.select(pl.all().is_null() & False)
    key, code, text = column_facts("t", TableData(frame, no), no)
    assert {column.estimated for column in (key, code, text)} == {estimated}
    assert (0.95 * rows if estimated else rows) <= key.distinct <= rows
    assert (code.distinct, code.missing, text.distinct) == (7, 1, 1)
