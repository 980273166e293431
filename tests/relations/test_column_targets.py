"""Rates and conditions as targets; windows that end before the next part of the split begins."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import polars as pl
import pytest

from tasks.contract_checks import check_contract
from tasks.domain import Domain, WindowTask
from tasks.relations.encoding import split_rows
from tasks.relations.events import LABEL, TIME, window_rows
from tasks.relations.features import build_features
from tasks.relations.table_files import needed_columns
from tasks.targets import describe_target

START = datetime(2024, 1, 1)
SPLIT = {"validation": "2024-03-01", "test": "2024-04-01"}
TASK = {"kind": "column", "output": "regression", "table": "lines", "column": "got", "split": SPLIT}
MET = {"compare": ">", "value": 2}


def contract(task: dict[str, Any], **changes: Any) -> Domain:
    columns = {
        "id": {"type": "integer"},
        "day": {"type": "time"},
        "ordered": {"type": "integer", "unit": "piece"},
        "got": {"type": "number", "unit": "piece"},
        "kind": {"type": "category"},
        "remark": {"type": "text"},
    }
    table = {"primary_key": "id", "time": "day", "columns": columns | changes}
    return Domain.model_validate(
        {
            "name": "상점",
            "title": "Shop",
            "source": {"kind": "csv"},
            "tables": {"lines": table},
            "tasks": {"t": TASK | task},
        }
    )


LINES = pl.DataFrame(
    {
        "id": [1, 2, 3, 4, 5],
        "day": [START + timedelta(days=k) for k in range(5)],
        "ordered": [4, 0, None, 5, 8],
        "got": [3.0, 1.0, 1.0, None, 2.0],
        "kind": ["a", "b", "a", "b", "a"],
        "remark": ["", "", "", "", ""],
    }
)


def labels(task: dict[str, Any]) -> dict[int, float]:
    domain = contract(task)
    assert list(check_contract(domain)) == []
    before = LINES.clone()
    table = build_features(domain, {"lines": LINES}, domain.tasks["t"])
    assert LINES.equals(before)
    assert "lines.got value" not in table.features.columns
    assert "lines.ordered value" in table.features.columns
    return dict(zip(table.rows["id"], table.rows[LABEL], strict=True))


def test_a_rate_is_of_rows_in_which_something_is_divided_by() -> None:
    assert labels({"per": "ordered"}) == {1: 0.75, 5: 0.25}


def test_a_condition_makes_a_class() -> None:
    found = labels({"output": "classification", "condition": MET})
    assert found == {1: 1.0, 2: 0.0, 3: 0.0, 5: 0.0}


def test_what_is_predicted_is_told_with_its_unit() -> None:
    told = [
        describe_target(domain, domain.tasks["t"])
        for domain in (
            contract({"per": "ordered"}),
            contract({"per": "ordered"}, got={"type": "number", "unit": "kg"}),
            contract({"output": "classification", "condition": MET}),
        )
    ]
    assert told == [
        ("lines.got per ordered", ""),
        ("lines.got per ordered", "kg per piece"),
        ("lines.got > 2", ""),
    ]


def test_what_a_rate_is_divided_by_is_read() -> None:
    text = {"ordered": {"type": "text"}}
    domain = contract({"per": "ordered"}, **text)
    assert "ordered" in needed_columns(domain, domain.tasks["t"])["lines"]
    domain = contract({}, **text)
    assert "ordered" not in needed_columns(domain, domain.tasks["t"])["lines"]


@pytest.mark.parametrize(
    ("task", "where", "said"),
    [
        ({"per": "weight"}, "per", "'weight' is no column of lines"),
        ({"per": "kind"}, "per", "must be a number, 'kind' is category"),
        ({"per": "got"}, "per", "must be another column than the target"),
        (
            {"per": "ordered", "output": "classification"},
            "per",
            "a rate is a regression without a condition",
        ),
        ({"condition": MET}, "condition", "is a class: output must be classification"),
        (
            {"output": "classification", "condition": {"compare": "==", "value": "a"}},
            "condition.value",
            "'got' is number, got 'a'",
        ),
        (
            {"output": "classification", "column": "kind", "condition": MET},
            "condition.value",
            "'kind' is category, got 2.0",
        ),
        (
            {
                "output": "classification",
                "column": "kind",
                "condition": {"compare": ">", "value": "a"},
            },
            "condition.compare",
            "must be == or !=, as 'kind' is category",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(task: dict[str, Any], where: str, said: str) -> None:
    problems = dict(check_contract(contract(task)))
    assert said in problems[f"tasks.t.{where}"]


def windows(window: int, step: int) -> tuple[WindowTask, pl.DataFrame]:
    """Labels of one customer with an event a day, of a window and a step in days."""
    days = [START + timedelta(days=k) for k in range(140)]
    tables = {
        "people": pl.DataFrame({"id": [1]}),
        "visits": pl.DataFrame({"person": [1] * 140, "day": days}),
    }
    domain = Domain.model_validate(
        {
            "name": "x",
            "title": "x",
            "source": {"kind": "csv"},
            "tables": {
                "people": {"primary_key": "id", "columns": {"id": {"type": "integer"}}},
                "visits": {
                    "foreign_keys": {"person": "people"},
                    "time": "day",
                    "columns": {"person": {"type": "integer"}, "day": {"type": "time"}},
                },
            },
            "tasks": {
                "t": {
                    "kind": "window",
                    "output": "regression",
                    "entity": "people",
                    "events": "visits",
                    "key": "person",
                    "aggregate": "count",
                    "window_days": window,
                    "step_days": step,
                    "active_days": 30,
                    "start": START.date(),
                    "split": SPLIT,
                }
            },
        }
    )
    assert list(check_contract(domain)) == []
    task = domain.tasks["t"]
    assert isinstance(task, WindowTask)
    return task, window_rows(domain, tables, task)


@pytest.mark.parametrize(("window", "step"), [(7, 7), (28, 7), (20, 3), (5, 10)])
def test_no_window_of_a_part_reaches_into_the_next(window: int, step: int) -> None:
    task, rows = windows(window, step)
    parts = [rows.filter(pl.Series(part))[TIME] for part in split_rows(rows[TIME], task.split)]
    for earlier, later in pairwise(parts):
        assert earlier.max() + timedelta(days=window) <= later.min()
        latest_possible = later.min() - timedelta(days=window)
        assert earlier.max() > latest_possible - timedelta(days=step)


def test_windows_as_wide_as_a_step_lose_no_row() -> None:
    """Also where the split's dates are none of the grid's; only wider ones would overlap."""
    _, rows = windows(7, 7)
    steps = rows[TIME].diff().drop_nulls()
    assert (steps == timedelta(days=7)).all()
    _, wide = windows(28, 7)
    assert (wide[TIME].diff().drop_nulls() == timedelta(days=28)).sum() == 2
