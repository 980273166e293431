"""A planted leak: what becomes known at or after a row's time tells its target, and is not seen.

Each database holds values that are the target itself. By the time at which they become known they
either lie behind the cut-off, where no feature may be related to the target beyond chance, or just
before it, where the same test must see them as perfect predictors.
"""

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from tasks.domain import Domain
from tasks.relations.events import LABEL, TIME
from tasks.relations.features import FeatureTable, build_features
from tasks.relations.task_rows import FACT, task_rows

N, CUSTOMERS = 500, 25
START, DAY, TICK = datetime(2020, 1, 1), timedelta(days=1), timedelta(microseconds=1)
NEVER = timedelta(0)
CHANCE = 4.5 / np.sqrt(N)
SPLIT = {"validation": date(2021, 1, 1), "test": date(2021, 3, 1)}
KEY, NUMBER, MOMENT = {"type": "integer"}, {"type": "number"}, {"type": "time"}
TASKS = {
    "sale": {"kind": "column", "output": "regression", "table": "sales", "column": "y"},
    "week": {
        "kind": "window",
        "output": "regression",
        "entity": "customers",
        "events": "sales",
        "key": "customer",
        "aggregate": "mean",
        "column": "y",
        "window_days": 30,
        "step_days": 30,
        "active_days": 30,
        "start": START.date(),
    },
}
CONTRACT = Domain.model_validate(
    {
        "name": "leaks",
        "title": "Leaks",
        "source": {"kind": "csv"},
        "tables": {
            "customers": {"primary_key": "id", "columns": {"id": KEY}},
            "papers": {
                "primary_key": "id",
                "time": "known",
                "columns": {"id": KEY, "known": MOMENT, "mark": NUMBER},
            },
            "sales": {
                "primary_key": "id",
                "time": "at",
                "foreign_keys": {"customer": "customers", "paper": "papers"},
                "columns": {"id": KEY, "customer": KEY, "paper": KEY, "at": MOMENT, "y": NUMBER},
            },
            "notes": {
                "primary_key": "id",
                "time": "at",
                "foreign_keys": {"customer": "customers", "paper": "papers"},
                "columns": {"id": KEY, "customer": KEY, "paper": KEY, "at": MOMENT, "mark": NUMBER},
            },
        },
        "tasks": {name: task | {"split": SPLIT} for name, task in TASKS.items()},
    }
)


def database(
    seed: int,
    *,
    note: timedelta = DAY,
    paper_of_sale: timedelta = DAY,
    paper_of_note: timedelta = DAY,
    twin: timedelta | None = None,
) -> dict[str, pl.DataFrame]:
    """Sales with a target of pure noise, which other rows hold too.

    Parameters
    ----------
    seed
        Of the noise.
    note
        How long after each sale its customer gets a note that holds the target.
    paper_of_sale, paper_of_note
        How long after the sale the paper becomes known to which the sale points, and that to which
        a note of the hour before points; both papers hold the target.
    twin
        How long after each sale another one of the same customer with the same target is made.
    """
    rng = np.random.default_rng(seed)
    y = rng.normal(size=N)
    customers = rng.integers(0, CUSTOMERS, N)
    hours = np.sort(rng.choice(365 * 10, N, replace=False)) * 2
    at = pl.Series([START + timedelta(hours=int(hour)) for hour in hours])
    ids = np.arange(N)
    sales = pl.DataFrame({"id": ids, "customer": customers, "paper": ids, "at": at, "y": y})
    if twin is not None:
        other = sales.with_columns(pl.col("id") + N, pl.col("at") + twin, paper=pl.lit(None))
        sales = pl.concat([sales, other.cast(sales.schema)])
    said = {"id": ids, "customer": customers, "paper": None, "at": at + note, "mark": y}
    before = {"id": ids + N, "customer": customers, "paper": ids + N, "at": at - DAY / 24}
    notes = [pl.DataFrame(said), pl.DataFrame(before | {"mark": rng.normal(size=N)})]
    papers = {"id": np.arange(2 * N), "mark": np.tile(y, 2)}
    known = pl.concat([at + paper_of_sale, at + paper_of_note])
    return {
        "customers": pl.DataFrame({"id": np.arange(CUSTOMERS)}),
        "papers": pl.DataFrame(papers | {"known": known}),
        "sales": sales,
        "notes": pl.concat([notes[0].cast(notes[1].schema), notes[1]]),
    }


def strongest(table: FeatureTable) -> float:
    """Largest correlation of a feature with the target, by size."""
    target = table.rows[LABEL].to_numpy()
    found = []
    for node in table.nodes:
        if node.type != "number":
            continue
        values = table.features[node.name].to_numpy()
        some = np.isfinite(values)
        if some.sum() > N / 5 and values[some].std() > 0:
            found.append(abs(np.corrcoef(values[some], target[some])[0, 1]))
    assert len(found) > 5
    return max(found)


def sales_of(tables: dict[str, pl.DataFrame], first: int = 0) -> FeatureTable:
    """Features of the sales from a row of the table on."""
    task = CONTRACT.tasks["sale"]
    rows = task_rows(CONTRACT, tables, task).filter(pl.col(FACT) >= first)
    return build_features(CONTRACT, tables, task, rows)


UNSEEN: list[dict[str, Any]] = [
    {},
    {"note": NEVER},
    {"note": TICK},
    {"paper_of_sale": TICK},
    {"paper_of_note": TICK},
]
SEEN: list[dict[str, Any]] = [
    {"note": -TICK},
    {"note": -DAY / 48},
    {"paper_of_sale": NEVER},  # as an order is written with its items
    {"paper_of_sale": -DAY},
    {"paper_of_note": NEVER},
    {"paper_of_note": -DAY},
]


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("planted", UNSEEN)
def test_what_becomes_known_too_late_tells_nothing(planted: dict[str, Any], seed: int) -> None:
    assert strongest(sales_of(database(seed, **planted))) < CHANCE


@pytest.mark.parametrize("planted", SEEN)
def test_the_same_just_before_the_cut_off_would_be_found(planted: dict[str, Any]) -> None:
    assert strongest(sales_of(database(1, **planted))) > 0.999


def test_a_sale_of_the_very_same_moment_tells_nothing() -> None:
    assert strongest(sales_of(database(1, twin=NEVER))) < CHANCE


def test_a_sale_of_the_moment_before_would_be_found() -> None:
    assert strongest(sales_of(database(1, twin=TICK), first=N)) > 0.999


def test_the_events_of_a_window_are_no_features_of_it() -> None:
    tables, task = database(1), CONTRACT.tasks["week"]
    rows = task_rows(CONTRACT, tables, task)
    n = rows.height
    assert n > 100
    assert strongest(build_features(CONTRACT, tables, task, rows)) < 5 / np.sqrt(n)
    late = rows.with_columns(pl.col(TIME) + timedelta(days=30) + TICK)
    assert strongest(build_features(CONTRACT, tables, task, late)) > 0.999
    ends = rows.with_columns(pl.col(TIME) + TICK)
    assert strongest(build_features(CONTRACT, tables, task, ends)) < 5 / np.sqrt(n)
