"""A shop in which weights make prices and prices make costs, by known coefficients."""

import copy
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl

from tasks.domain import Domain
from tasks.intervention.faulty_database import FaultyDatabase
from tasks.intervention.feature_rows import FeatureRows
from tasks.relations.features import Links, link_rows
from tests.contract_parts import column_task, window_task

from .shop import NOTHING, START, Marks, all_rows, marked_database

ITEMS, SALES = 240, 900
PRICE_OF_WEIGHT, COST_OF_PRICE, NOISE = 3.0, 2.0, 0.3
BASE = {"basic": 5.0, "fine": 25.0}
SPLIT = {"validation": "2020-10-01", "test": "2020-11-01"}
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
        "amount": column_task("amount", "regression", SPLIT),
        "mean": window_task(
            "items",
            "item",
            30,
            SPLIT,
            start="2020-03-01",
            output="regression",
            aggregate="mean",
            column="amount",
        ),
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
    faulty: Marks | None = None,
    task: str = "amount",
) -> FaultyDatabase:
    """The shop with actions, a graph and faulty cells of one's own."""
    content = copy.deepcopy(CONTRACT) | {"actions": actions, "causal_graph": edges}
    contract = Domain.model_validate(content)
    frames = causal_tables() if tables is None else tables
    return marked_database(contract, frames, faulty or NOTHING, task)


def with_cells(
    tables: Tables, table: str, column: str, rows: list[int], value: float | str | None
) -> Tables:
    """The tables with a value written over some cells."""
    values = tables[table][column].scatter(rows, value)
    return tables | {table: tables[table].with_columns(values.alias(column))}


def given_rows(database: FaultyDatabase) -> tuple[FeatureRows, Links]:
    """All rows of the task with their features and links."""
    given = all_rows(database)
    links = link_rows(database.contract, database.tables, database.task, given.rows)
    return given, links
