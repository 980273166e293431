"""Databases with few faults everywhere, and one fault of known kind and size in one table.

Orders name a part and a client; each of the three tables has a number and a class that the number
of days depends on. Every column has the time when its values were taken: what was taken long ago is
stale by the contract, which is how noise and a class that was mixed up can be seen at all.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import numpy as np
import polars as pl

from tasks.calibration.coverage.database import Pair, Tables
from tasks.domain import Domain

Kind = Literal["missing", "noise", "shift", "scaling", "unseen noise", "unseen shift"]
KINDS: tuple[Kind, ...] = ("missing", "noise", "shift", "scaling", "unseen noise", "unseen shift")
TABLES = ("orders", "parts", "clients")
CLASSES = ("a", "b", "c", "d")
PARENTS, MISSING_EVERYWHERE, STALE_EVERYWHERE = 300, 0.04, 0.04
LARGEST = 40.0
FRESH, STALE = datetime(2024, 1, 1), datetime(2019, 1, 1)
TRAIN_DAYS, TEST_DAYS = 243, 90

Bools = np.ndarray[tuple[int], np.dtype[np.bool_]]


def contract() -> Domain:
    """Schema, with what may be seen of faults."""
    number = {"type": "number", "required": True, "range": [0, LARGEST]}
    values = {"type": "category", "required": True, "values": list(CLASSES)}
    own = {
        "number": number | {"measured": "number_on", "most_days": 365},
        "class": values | {"measured": "class_on", "most_days": 365},
        "number_on": {"type": "time"},
        "class_on": {"type": "time"},
    }
    key = {"type": "integer"}
    tables = {
        name: {"primary_key": key_of, "columns": {key_of: key} | own}
        for name, key_of in (("parts", "part"), ("clients", "client"))
    }
    days = {"part": key, "client": key, "day": {"type": "time"}, "days": {"type": "number"}}
    tables["orders"] = {
        "primary_key": "order",
        "foreign_keys": {"part": "parts", "client": "clients"},
        "time": "day",
        "columns": {"order": key} | days | own,
    }
    task = {
        "kind": "column",
        "output": "regression",
        "table": "orders",
        "column": "days",
        "entity": "client",
        "split": {"validation": "2024-09-01", "test": "2024-09-02"},
    }
    return Domain.model_validate(
        {
            "name": "fault-injection",
            "title": "One faulty table",
            "source": {"kind": "csv"},
            "tables": tables,
            "tasks": {"days": task},
        }
    )


@dataclass(frozen=True)
class Fault:
    """What is wrong with a share of the rows of one table."""

    kind: Kind
    table: str
    share: float


@dataclass(frozen=True)
class World:
    """How days depend on the columns: coefficients of numbers, and effects of classes."""

    slopes: dict[str, float]
    effects: dict[str, tuple[float, ...]]


def draw_world(rng: np.random.Generator) -> World:
    """Draw the coefficients of one database; tables differ in what they matter."""
    return World(
        {name: float(rng.uniform(0.5, 1.5)) for name in TABLES},
        {name: tuple(rng.normal(0, 1, len(CLASSES))) for name in TABLES},
    )


def draw_table(name: str, rows: int, fault: Fault, rng: np.random.Generator) -> Pair:
    """Values of a table without faults, and with them."""
    group = rng.integers(0, len(CLASSES), rows)
    clean = pl.DataFrame(
        {
            "number": rng.gamma(2.0, 2.0, rows) * (1 + 0.3 * group),
            "class": np.array(CLASSES)[group],
            "number_on": [FRESH] * rows,
            "class_on": [FRESH] * rows,
        }
    )
    faulty = clean
    for column in ("number", "class"):
        kind: Kind = "noise" if column == "number" else "shift"
        faulty = _put(faulty, column, kind, rng.random(rows) < STALE_EVERYWHERE, rng)
        faulty = _put(faulty, column, "missing", rng.random(rows) < MISSING_EVERYWHERE, rng)
    if fault.table == name:
        wrong = rng.random(rows) < fault.share
        of_class = "shift" in fault.kind or (fault.kind == "missing" and rng.random() < 0.5)
        faulty = _put(faulty, "class" if of_class else "number", fault.kind, wrong, rng)
    return Pair({name: faulty}, {name: clean})


def _put(
    frame: pl.DataFrame, column: str, kind: Kind, wrong: Bools, rng: np.random.Generator
) -> pl.DataFrame:
    values = frame[column]
    if kind == "missing":
        return frame.with_columns(values.set(pl.Series(wrong), None))
    if "noise" in kind:
        sd = float(values.std() or 0.0)  # type: ignore[arg-type]
        moved = (values + pl.Series(rng.normal(0, 2 * sd, len(values)))).clip(0, LARGEST)
    elif "shift" in kind:
        other = rng.permutation(len(values))
        moved = values[other]
    else:
        moved = values * pl.Series(rng.choice([10.0, 100.0, 1000.0], len(values)))
    changed = pl.Series(wrong)
    mixed = frame.select(pl.when(changed).then(moved).otherwise(values).alias(column))
    frame = frame.with_columns(mixed[column])
    if kind in ("noise", "shift"):
        times = frame[f"{column}_on"]
        frame = frame.with_columns(times.set(changed, STALE))
    return frame


def draw_parents(fault: Fault, rng: np.random.Generator) -> Pair:
    """Parts, which all orders have in common."""
    parts = draw_table("parts", PARENTS, fault, rng)
    key = pl.Series("part", np.arange(PARENTS))
    return Pair(_with(parts.faulty, key), _with(parts.clean, key))


def draw_orders(
    world: World,
    parts: Pair,
    fault: Fault,
    rows: tuple[int, int],
    first: int,
    rng: np.random.Generator,
) -> Pair:
    """A database with new clients and their orders, some to train on, others later.

    Parameters
    ----------
    world, parts, fault
        How days come about, the parts, and what is wrong.
    rows
        Numbers of orders to train on, and of later ones.
    first
        Number of the first client.
    rng
        Source of randomness.
    """
    total = sum(rows)
    clients = draw_table("clients", PARENTS, fault, rng)
    orders = draw_table("orders", total, fault, rng)
    key = pl.Series("client", np.arange(first, first + PARENTS))
    part, client = rng.integers(0, PARENTS, (2, total))
    days = world_days(world, orders.clean["orders"], "orders") + rng.normal(0, 1, total)
    days += world_days(world, parts.clean["parts"], "parts")[part]
    days += world_days(world, clients.clean["clients"], "clients")[client]
    day = [
        *rng.integers(0, TRAIN_DAYS, rows[0]),
        *(TRAIN_DAYS + 2 + rng.integers(0, TEST_DAYS, rows[1])),
    ]
    links = (
        pl.Series("order", np.arange(total) + 1_000_000 * first),
        pl.Series("part", part),
        pl.Series("client", first + client),
        pl.Series("day", [FRESH + timedelta(days=int(after)) for after in day]),
        pl.Series("days", days),
    )
    return Pair(
        parts.faulty | _with(clients.faulty, key) | _with(orders.faulty, *links),
        parts.clean | _with(clients.clean, key) | _with(orders.clean, *links),
    )


def world_days(
    world: World, frame: pl.DataFrame, name: str
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """What the columns of a table add to the number of days, row by row."""
    group = np.searchsorted(CLASSES, frame["class"].to_numpy().astype(str))
    numbers = frame["number"].to_numpy()
    added: np.ndarray[tuple[int], np.dtype[np.float64]] = (
        world.slopes[name] * np.sqrt(numbers) + np.array(world.effects[name])[group]
    )
    return added


def _with(tables: Tables, *columns: pl.Series) -> Tables:
    return {name: frame.with_columns(*columns) for name, frame in tables.items()}
