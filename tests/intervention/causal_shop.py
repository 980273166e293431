"""A shop in which weights make prices and prices make costs, by known coefficients."""

import copy
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from tasks.domain import Domain
from tasks.intervention.faulty_database import FaultyDatabase
from tasks.intervention.feature_rows import FeatureRows
from tasks.relations.encoding import fit_encoder
from tasks.relations.features import Links, add_placebo, build_features, link_rows
from tasks.relations.gate import ROW, repeated_rows

START = datetime(2020, 1, 1)
ITEMS, SALES = 240, 900
PRICE_OF_WEIGHT, COST_OF_PRICE, NOISE = 3.0, 2.0, 0.3
BASE = {"basic": 5.0, "fine": 25.0}
Tables = dict[str, pl.DataFrame]
Edges = list[list[str]]

CHAIN: Edges = [
    ["items.weight", "items.price"],
    ["items.kind", "items.price"],
    ["items.price", "sales.cost"],
    ["sales.cost", "sales.amount"],
]
CONTRACT: dict[str, Any] = {
    "name": "shop",
    "title": "Shop",
    "source": {"kind": "csv"},
    "tables": {
        "items": {
            "primary_key": "item",
            "columns": {
                "item": {"type": "integer"},
                "kind": {"type": "category"},
                "weight": {"type": "number", "range": [0, 30]},
                "price": {"type": "number"},
                "new": {"type": "boolean"},
                "stock": {"type": "integer"},
            },
        },
        "sales": {
            "primary_key": "sale",
            "foreign_keys": {"item": "items"},
            "time": "day",
            "columns": {
                "sale": {"type": "integer"},
                "item": {"type": "integer"},
                "day": {"type": "time"},
                "cost": {"type": "number"},
                "secret": {"type": "number"},
                "amount": {"type": "number"},
            },
        },
    },
    "leaks": ["sales.secret"],
    "tasks": {
        "amount": {
            "kind": "column",
            "output": "regression",
            "table": "sales",
            "column": "amount",
            "split": {"validation": "2020-10-01", "test": "2020-11-01"},
        },
        "mean": {
            "kind": "window",
            "output": "regression",
            "entity": "items",
            "events": "sales",
            "key": "item",
            "aggregate": "mean",
            "column": "amount",
            "window_days": 30,
            "step_days": 30,
            "active_days": 90,
            "start": "2020-03-01",
            "split": {"validation": "2020-10-01", "test": "2020-11-01"},
        },
    },
}


def causal_tables(items: int = ITEMS) -> Tables:
    """Price = base of the kind + 3 weight + noise; cost = 2 price + noise."""
    rng = np.random.default_rng(4)
    kind = rng.choice(sorted(BASE), items)
    weight = rng.uniform(2, 20, items)
    base = np.array([BASE[label] for label in kind])
    price = base + PRICE_OF_WEIGHT * weight + rng.normal(0, NOISE, items)
    item = rng.integers(0, items, SALES)
    cost = COST_OF_PRICE * price[item] + rng.normal(0, NOISE, SALES)
    amount = 1.5 * cost + rng.normal(size=SALES)
    return {
        "items": pl.DataFrame(
            {
                "item": np.arange(items),
                "kind": kind,
                "weight": weight,
                "price": price,
                "new": rng.random(items) < 0.5,
                "stock": rng.integers(0, 50, items),
            }
        ),
        "sales": pl.DataFrame(
            {
                "sale": np.arange(SALES),
                "item": item,
                "day": [START + timedelta(days=int(k) * 366 // SALES) for k in range(SALES)],
                "cost": cost,
                "secret": amount,
                "amount": amount,
            }
        ),
    }


def causal_database(
    actions: dict[str, str],
    edges: Edges = CHAIN,
    tables: Tables | None = None,
    *,
    faulty: dict[tuple[str, str], list[int]] | None = None,
    task: str = "amount",
) -> FaultyDatabase:
    """The shop with actions, a graph and faulty cells of one's own."""
    content = copy.deepcopy(CONTRACT) | {"actions": actions, "causal_graph": edges}
    contract = Domain.model_validate(content)
    frames = causal_tables() if tables is None else tables
    marks = faulty or {}
    faults = {
        name: pl.DataFrame(
            {
                column: np.isin(np.arange(frame.height), marks.get((name, column), []))
                for column in frame.columns
            }
        ).with_columns(repeated_rows(frame).alias(ROW))
        for name, frame in frames.items()
    }
    return FaultyDatabase(contract, frames, faults, contract.tasks[task])


def with_cells(
    tables: Tables, table: str, column: str, rows: list[int], value: float | str | None
) -> Tables:
    """The tables with a value written over some cells."""
    values = tables[table][column].scatter(rows, value)
    return tables | {table: tables[table].with_columns(values.alias(column))}


def given_rows(database: FaultyDatabase) -> tuple[FeatureRows, Links]:
    """All rows of the task with their features and links."""
    table = add_placebo(build_features(database.contract, database.tables, database.task), seed=1)
    encoder = fit_encoder(table, np.ones(table.rows.height, dtype=bool))
    given = FeatureRows(table.rows, encoder, encoder.transform(table))
    links = link_rows(database.contract, database.tables, database.task, table.rows)
    return given, links
