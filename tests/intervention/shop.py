"""A small shop whose every fault is marked by the tests, and members that are straight lines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

import numpy as np
import polars as pl

from tasks.attribution.members import split_members
from tasks.domain import Domain
from tasks.intervention.faulty_database import FaultyDatabase
from tasks.intervention.feature_rows import FeatureRows
from tasks.intervention.replicate_cells import FloatArray
from tasks.intervention.rescoring import Evaluation
from tasks.relations.encoding import fit_encoder
from tasks.relations.events import LABEL
from tasks.relations.features import add_placebo, build_features
from tasks.relations.gate import ROW, repeated_rows
from tasks.uncertainty.hybrids import edited_copies
from tasks.uncertainty.protocol import Hybrids
from tests.contract_parts import column_task, window_task

START = datetime(2020, 1, 1)
ITEMS, STORES, SALES = 40, 6, 400
WEIGHT, SELF = "<b>무게</b> kg", "self"
Marks = Mapping[tuple[str, str], Sequence[int]]
NOTHING: Marks = {}
SPLIT = {"validation": "2020-07-01", "test": "2020-07-02"}

CONTRACT: dict[str, Any] = {
    "name": "shop",
    "title": "Shop",
    "source": {"kind": "csv"},
    "tables": {
        "품목": {
            "primary_key": "id",
            "columns": {
                "id": {"type": "integer"},
                "kind": {"type": "category"},
                WEIGHT: {"type": "number", "range": [0, 100], "required": True},
            },
        },
        "stores": {
            "primary_key": "name",
            "columns": {
                "name": {"type": "category"},
                "opened": {"type": "time"},
                "big": {"type": "boolean"},
            },
        },
        "sales": {
            "primary_key": "sale",
            "foreign_keys": {"item": "품목", "store": "stores"},
            "time": "day",
            "columns": {
                "sale": {"type": "integer"},
                "item": {"type": "integer"},
                "store": {"type": "category"},
                "day": {"type": "time"},
                SELF: {"type": "integer"},
                "secret": {"type": "number"},
                "remark": {"type": "text"},
                "amount": {"type": "number"},
            },
        },
    },
    "leaks": ["sales.secret"],
    "tasks": {
        "amount": column_task("amount", "regression", SPLIT),
        "mean": window_task(
            "stores",
            "store",
            10,
            SPLIT,
            start="2020-02-01",
            output="regression",
            aggregate="mean",
            column="amount",
        ),
        "any": window_task(
            "stores",
            "store",
            10,
            SPLIT,
            start="2020-02-01",
            output="classification",
            aggregate="any",
            condition={"column": "amount", "compare": ">", "value": 25},
        ),
    },
}


def shop_tables() -> dict[str, pl.DataFrame]:
    """The kind of an item tells its weight but for a fifth; the amount is weight times pieces."""
    rng = np.random.default_rng(5)
    kinds = rng.integers(0, 3, ITEMS)
    weight = (2 + 10 * kinds + rng.random(ITEMS)).round(2)
    item, pieces = rng.integers(0, ITEMS, SALES), rng.integers(1, 9, SALES)
    amount = (weight[item] * pieces / 5 + rng.normal(size=SALES)).round(3)
    stores = [f"점포 {k}" for k in range(STORES)]
    return {
        "품목": pl.DataFrame(
            {
                "id": np.arange(ITEMS),
                "kind": np.array(["작은 것", "middle", "<i>big</i>"])[kinds],
                WEIGHT: weight,
            }
        ),
        "stores": pl.DataFrame(
            {
                "name": stores,
                "opened": [START - timedelta(days=100 * k) for k in range(STORES)],
                "big": [True, False] * (STORES // 2),
            }
        ),
        "sales": pl.DataFrame(
            {
                "sale": np.arange(SALES),
                "item": item,
                "store": rng.choice(stores, SALES),
                "day": [START + timedelta(days=int(k) // 2) for k in range(SALES)],
                SELF: pieces,
                "secret": amount,
                "remark": ["…"] * SALES,
                "amount": amount,
            }
        ),
    }


def marked(
    tables: dict[str, pl.DataFrame], marks: Marks = NOTHING, task: str = "amount"
) -> FaultyDatabase:
    """The shop with tables and marked cells of one's own."""
    return marked_database(Domain.model_validate(CONTRACT), tables, marks, task)


def marked_database(
    contract: Domain, tables: dict[str, pl.DataFrame], marks: Marks, task: str
) -> FaultyDatabase:
    """Tables whose faults are the marked cells, and the rows that repeat others."""
    faults = {}
    for name, frame in tables.items():
        cells = {
            column: np.isin(np.arange(frame.height), marks.get((name, column), ()))
            for column in frame.columns
        }
        faults[name] = pl.DataFrame(cells).with_columns(repeated_rows(frame).alias(ROW))
    return FaultyDatabase(contract, tables, faults, contract.tasks[task])


def all_rows(database: FaultyDatabase) -> FeatureRows:
    """All rows of the task with their features."""
    table = add_placebo(build_features(database.contract, database.tables, database.task), seed=1)
    encoder = fit_encoder(table, np.ones(table.rows.height, dtype=bool))
    return FeatureRows(table.rows, encoder, encoder.transform(table))


@dataclass(frozen=True)
class Lines:
    """Members that are straight lines; a missing value counts as 0."""

    weights: FloatArray
    is_class: bool = False
    noise: float = 4.0

    @property
    def n_members(self) -> int:
        return len(self.weights)

    def predict_members(self, x: FloatArray) -> FloatArray:
        # Row by row: the rounding of a product of matrices depends on how many rows there are.
        lines: FloatArray = (self.weights[:, None] * np.nan_to_num(x)).sum(axis=2)
        if not self.is_class:
            return lines
        p = 1 / (1 + np.exp(-lines / 100))
        return np.stack([1 - p, p], axis=2)

    def hybrids(self, x: FloatArray) -> Hybrids:
        return edited_copies(self.predict_members, x)

    def predict_noise(self, x: FloatArray) -> FloatArray:
        return np.full((self.n_members, len(x)), self.noise)

    def subset(self, members: Sequence[int]) -> Self:
        return type(self)(self.weights[list(members)], self.is_class, self.noise)


def evaluated(
    database: FaultyDatabase, *, groups: int = 4, blocks: int = 4, members: int = 12
) -> Evaluation:
    """All rows of the task, in blocks that go round, under lines with random slopes."""
    given = all_rows(database)
    rng = np.random.default_rng(2)
    y = given.rows[LABEL].to_numpy()
    is_class = database.task.output == "classification"
    return Evaluation(
        rows=given.rows,
        encoder=given.encoder,
        x=given.x,
        y=y.astype(np.int64) if is_class else y,
        ensemble=Lines(rng.normal(size=(members, given.x.shape[1])), is_class),
        members=split_members(members, groups),
        blocks=np.arange(len(given.x)) % blocks,
    )
