"""Data docs: what the gate counted stands on the page, and nothing from the data becomes markup."""

import copy
import re
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from flows.cli import main
from tasks.domain import Domain
from tasks.relations.column_facts import described_record
from tasks.relations.gate import check_tables
from tasks.relations.sources import TableData
from tasks.report.data_docs import data_docs
from tasks.report.data_docs_page import data_docs_page
from tasks.report.data_docs_parts import ColumnDocs, TableDocs
from tests.contract_parts import column_task

from .test_page import Parsed

HOSTILE = '<script>alert("1")</script>'
KOREAN = "무게 <b>'kg'</b> & more"
CONTRACT: dict[str, Any] = {
    "name": "상점 & co",
    "title": "Shops <i>of</i> a town",
    "source": {"kind": "csv", "location": "data"},
    "tables": {
        HOSTILE: {
            "primary_key": "id",
            "columns": {
                "id": {"type": "integer"},
                KOREAN: {"type": "number", "unit": "<u>", "range": [0, 100], "required": True},
            },
        },
        "sales": {
            "primary_key": "sale",
            "foreign_keys": {"shop": HOSTILE},
            "most_orphans": 0.5,
            "time": "day",
            "columns": {
                "sale": {"type": "integer"},
                "shop": {"type": "integer"},
                "day": {"type": "time"},
                "until": {"type": "time"},
                "paid": {"type": "category", "values": ["card", HOSTILE]},
            },
            "expectations": [
                {"kind": "ordered", "lower": "day", "upper": "until"},
                {"kind": "rows", "least": 2, "most": 9},
            ],
        },
    },
    "tasks": {
        "paid": column_task(
            "paid", "classification", {"validation": "2020-01-02", "test": "2020-01-03"}
        )
    },
}
SHOPS = {"id": [1, 2, 3, 4], KOREAN: [1.5, None, -7.0, 20.0]}
SALES = {
    "sale": [1, 2, 3, 4, 4],
    "shop": [1, 9, 3, None, None],
    "day": ["2020-01-05", "2020-01-02", "2020-01-03", "2020-01-04", "2020-01-04"],
    "until": ["2020-01-04", "2020-01-02", None, "2020-01-09", "2020-01-09"],
    "paid": ["card", "</td><img src=x onerror=alert(1)>", "card", "card", "card"],
}
Case = tuple[Domain, dict[str, Any]]


def held(changes: dict[str, Any] | None = None, **of_sales: Any) -> Case:
    """The contract, some entries of its table of sales changed, and what the gate found."""
    content = copy.deepcopy(CONTRACT)
    content["tables"]["sales"] |= of_sales
    contract = Domain.model_validate(content)
    sales = pl.DataFrame(SALES | (changes or {})).with_columns(
        pl.col("day", "until").str.to_datetime("%Y-%m-%d", time_unit="us")
    )
    frames = {HOSTILE: pl.DataFrame(SHOPS), "sales": sales}
    tables = {
        name: TableData(frame, frame.select(pl.all().is_null() & False))
        for name, frame in frames.items()
    }
    return contract, described_record(check_tables(contract, tables), tables)


def page_of(case: Case, report: str = "report.html") -> str:
    return data_docs_page(CONTRACT["title"], *case, report)


@pytest.fixture(scope="module")
def case() -> Case:
    return held()


@pytest.fixture(scope="module")
def tables(case: Case) -> tuple[TableDocs, ...]:
    return data_docs(*case)


def column(table: TableDocs, name: str) -> ColumnDocs:
    (found,) = (of for of in table.columns if of.name == name)
    return found


def test_counts_stand_at_the_head_of_the_page(case: Case) -> None:
    texts = Parsed(page_of(case)).texts
    assert "The data may pass; they break 6 of 26 rules" in texts
    told = texts[texts.index("tables") :]
    figures = [told[told.index(name) + 1] for name in ("tables", "rows", "rules", "broken")]
    assert figures == ["2", "9", "26", "6"]
    assert [told[told.index(name) + 1] for name in ("blocking", "faults")] == ["0", "6"]


def test_every_table_tells_its_keys_rows_and_faults(tables: tuple[TableDocs, ...]) -> None:
    shops, sales = tables
    assert (shops.rows, shops.rules, shops.broken, shops.outcome) == (4, 9, 2, "marked")
    assert (shops.primary_key, shops.time, shops.keys) == ("id", "", ())
    assert (shops.faulty, shops.faulty_share) == ("25 %", 0.25)
    assert (sales.rows, sales.rules, sales.broken) == (5, 17, 4)
    assert (sales.primary_key, sales.time) == ("sale", "day")
    (key,) = sales.keys
    assert (key.column, key.parent, key.anchor) == ("shop", HOSTILE, shops.anchor)
    assert key.orphans == "1 of 5 rows, 20 %"
    assert sales.faulty == "16 %"


def test_every_rule_is_told_where_it_belongs_the_broken_ones_first(
    tables: tuple[TableDocs, ...],
) -> None:
    shops, sales = tables
    assert [(rule.name, rule.outcome) for rule in sales.row_rules] == [
        ("no repetition", "marked"),
        ("ordered", "marked"),
        ("primary key", "kept"),
        ("rows", "kept"),
    ]
    repeated, ordered, *_ = sales.row_rules
    assert (repeated.failing, repeated.examples) == ("1 of 5 rows, 20 %", ("row 5",))
    assert ordered.expected == "day ≤ until"
    assert [of.name for of in shops.columns] == [KOREAN, "id"]
    assert [of.name for of in sales.columns] == ["shop", "paid", "sale", "day", "until"]
    weight = column(shops, KOREAN)
    assert [rule.name for rule in weight.rules] == ["required", "range", "readable", "has values"]
    found = [(rule.expected, rule.failing, rule.examples) for rule in weight.rules[:2]]
    assert found == [
        ("", "1 of 4 rows, 25 %", ("row 2",)),
        ("0 to 100", "1 of 4 rows, 25 %", ("-7.0",)),
    ]
    told = sum(
        len(table.row_rules) + sum(len(of.rules) for of in table.columns) for table in tables
    )
    assert told == sum(table.rules for table in tables)


def test_every_column_tells_what_it_holds(tables: tuple[TableDocs, ...]) -> None:
    shops, sales = tables
    weight = column(shops, KOREAN)
    assert (weight.kind, weight.missing, weight.distinct) == ("number, <u>", "1 (25 %)", "3")
    assert (weight.least, weight.largest, weight.faulty) == ("−7", "20", "2 (50 %)")
    day = column(sales, "day")
    assert (day.least, day.largest, day.missing) == ("2020-01-02", "2020-01-05", "0")
    assert (column(sales, "paid").least, column(sales, "paid").distinct) == ("-", "2")


def test_an_estimated_number_is_told_as_such(case: Case) -> None:
    contract, record = case
    columns = [of | {"estimated": True} for of in record["columns"]]
    shops, _ = data_docs(contract, record | {"columns": columns})
    assert {of.distinct for of in shops.columns} == {"about 4", "about 3"}


def test_what_comes_from_the_data_is_escaped(case: Case) -> None:
    page = page_of(case)
    found = Parsed(page)
    assert found.tags.keys().isdisjoint({"script", "img", "i", "u", "link", "iframe", "object"})
    for text in (HOSTILE, KOREAN, "</td><img src=x onerror=alert(1)>", "number, <u>"):
        assert text in found.texts
    assert [name for name, _ in found.attributes if name.startswith("on")] == []
    assert "default-src 'none'" in found.values("content")[1]
    assert re.findall(r"url\(|@import", page) == []


def test_links_lead_to_the_report_and_to_sections(case: Case) -> None:
    found = Parsed(page_of(case))
    ids = Counter(found.values("id"))
    assert set(ids.values()) == {1}
    inside = [of for of in found.values("href") if of.startswith("#")]
    assert {of.removeprefix("#") for of in inside} == set(ids) == {"table-1", "table-2"}
    assert [of for of in found.values("href") if of not in inside] == ["report.html"]
    assert [of for of in Parsed(page_of(case, "")).values("href") if not of.startswith("#")] == []


def test_outcomes_are_marked_by_colour_and_word(case: Case) -> None:
    page = page_of(case)
    words = re.findall(r'<span class="mark (\w+)">(\w+)</span>', page)
    assert all(colour == word for colour, word in words)
    assert Counter(word for _, word in words)["stops"] == 1  # what the word means
    assert '<dl class="answer doubt">' in page


def test_a_rule_that_stops_a_run_heads_the_page() -> None:
    case = held(most_orphans=0.1)
    page = page_of(case, "")
    texts = Parsed(page).texts
    assert "No run may use these data" in texts
    assert any("They break 6 of 26 rules; 1 rule stops a run" in text for text in texts)
    assert texts.index("sales.shop") < texts.index("tables")
    assert ": foreign key, 1 of 5 rows, 20 %" in texts
    _, sales = data_docs(*case)
    assert (sales.outcome, column(sales, "shop").outcome) == ("stops", "stops")
    assert sales.columns[0].name == "shop"
    assert "more than 10 % without one stop a run" in sales.columns[0].rules[0].expected
    assert '<dl class="answer stops">' in page


def test_data_without_a_fault_are_told_to_keep_the_contract() -> None:
    clean = {"shop": [1, 2, 3, 4, 4], "sale": [1, 2, 3, 4, 5], "paid": ["card"] * 5}
    contract, record = held(clean | {"until": [None] * 4 + ["2020-01-09"]})
    checks = [of for of in record["checks"] if of["table"] == "sales"]
    assert not any(of["failing"] for of in checks)
    _, sales = data_docs(contract, record)
    assert (sales.outcome, sales.faulty, sales.broken) == ("kept", "0 %", 0)
    assert all(rule.outcome == "kept" for rule in sales.row_rules)


def test_clean_data_head_the_page_without_doubt() -> None:
    contract, record = held()
    checks = [of | {"failing": 0, "share": 0.0, "examples": []} for of in record["checks"]]
    counts = record["counts"] | {"broken": 0, "faults": 0}
    page = page_of((contract, record | {"checks": checks, "counts": counts}))
    assert "The data keep the contract" in Parsed(page).texts
    assert "None of 26 rules is broken." in Parsed(page).texts
    assert '<dl class="answer">' in page


def test_bars_are_as_long_as_the_shares_that_they_show(case: Case) -> None:
    widths = re.findall(
        r'class="bar" aria-hidden="true"><span style="width: ([\d.]+)%"', page_of(case)
    )
    assert sorted(map(float, widths)) == [16, 20, 20, 20, 20, 25, 50]


def test_equal_records_give_equal_pages(case: Case) -> None:
    contract, record = case
    assert page_of((contract, copy.deepcopy(record))) == page_of(case)


def test_a_long_value_is_cut(case: Case) -> None:
    contract, record = held({"paid": ["x" * 5000] * 3 + ["card"] * 2})
    page = page_of((contract, record))
    assert "x" * 81 not in page
    assert "x" * 30 in page


def test_check_writes_the_page_also_where_a_run_would_be_stopped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = copy.deepcopy(CONTRACT)
    content["tables"]["shops"] = content["tables"].pop(HOSTILE)
    content["tables"]["sales"] |= {"foreign_keys": {"shop": "shops"}, "most_orphans": 0.1}
    (tmp_path / "data").mkdir()
    pl.DataFrame(SHOPS).write_csv(tmp_path / "data" / "shops.csv")
    pl.DataFrame(SALES).write_csv(tmp_path / "data" / "sales.csv")
    place, page = tmp_path / "shops.yaml", tmp_path / "docs.html"
    place.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    assert main(["check", str(place), "--page", str(page)]) == 2
    assert f"Every rule and column: {page}" in capsys.readouterr().out
    texts = Parsed(page.read_text(encoding="utf-8")).texts
    assert "No run may use these data" in texts
    assert KOREAN in texts
    assert main(["check", str(place), "--page", str(tmp_path / "no" / "docs.html")]) == 2
    assert "--page must be a file in a folder that exists" in capsys.readouterr().err
