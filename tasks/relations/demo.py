"""A manufacturing database with planted faults, and the same database without them.

Plants make items for customers; a document is one sale, and its lead time in days is what a model
is to predict. The clean twin of every table tells what a true repair would be worth.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import polars as pl

from tasks.relations.demo_faults import PlantedFault, plant_faults

START = datetime(2022, 1, 1)
DAYS = 1000
PLANTS, ITEMS, CUSTOMERS = 24, 400, 600
SURVEY_DAYS = 365


@dataclass(frozen=True)
class Demo:
    """The database as it is, as it should be, and what was done to it.

    Attributes
    ----------
    tables
        With faults. ``documents`` ends with rows that repeat earlier ones.
    clean
        The twin without faults, row by row; it has no repeated documents.
    faults
        One for each kind.
    """

    tables: dict[str, pl.DataFrame]
    clean: dict[str, pl.DataFrame]
    faults: tuple[PlantedFault, ...]


def generate_demo(documents: int, seed: int) -> Demo:
    """Generate the database.

    Parameters
    ----------
    documents
        Number of sales documents, at least 100.
    seed
        The same seed gives the same database.

    Returns
    -------
    Demo
        ``plants``, ``items``, ``customers`` and ``documents``. The column ``documents.lot`` is pure
        noise: nothing depends on it. A plant was ``surveyed`` in the year before the first
        document.
    """
    rng = np.random.default_rng(seed)
    clean = {"plants": _plants(rng), "items": _items(rng), "customers": _customers(rng)}
    clean["documents"] = _documents(rng, clean, documents)
    clean["plants"] = _with_survey(np.random.default_rng([seed, 2]), clean["plants"])
    tables, faults = plant_faults(np.random.default_rng([seed, 1]), clean)
    return Demo(tables, clean, faults)


def _plants(rng: np.random.Generator) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "plant": np.arange(1, PLANTS + 1),
            "region": rng.choice(["north", "south", "east", "west"], PLANTS),
            "capacity": rng.uniform(200, 900, PLANTS).round(0),
            "efficiency": rng.uniform(0.55, 0.98, PLANTS).round(3),
            "age": rng.uniform(1, 40, PLANTS).round(1),
        }
    )


def _with_survey(rng: np.random.Generator, plants: pl.DataFrame) -> pl.DataFrame:
    """When the capacity of each plant was measured."""
    before = pl.lit(pl.Series(rng.integers(1, SURVEY_DAYS + 1, PLANTS)))
    start = pl.lit(START).cast(pl.Datetime("us"))
    return plants.with_columns((start - pl.duration(days=before)).alias("surveyed"))


def _items(rng: np.random.Generator) -> pl.DataFrame:
    category = rng.choice(
        ["castings", "gears", "housings", "shafts"], ITEMS, p=[0.2, 0.3, 0.3, 0.2]
    )
    weight = np.exp(rng.normal(2.0, 0.8, ITEMS)).round(2)
    return pl.DataFrame(
        {
            "item": np.arange(1, ITEMS + 1),
            "category": category,
            "weight": weight,
            "price": (5 + 3 * weight * rng.lognormal(0, 0.3, ITEMS)).round(2),
        }
    )


def _customers(rng: np.random.Generator) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "customer": np.arange(1, CUSTOMERS + 1),
            "segment": rng.choice(["retail", "industry", "public"], CUSTOMERS, p=[0.5, 0.35, 0.15]),
            "distance": rng.gamma(2.0, 150.0, CUSTOMERS).round(0),
        }
    )


def _documents(
    rng: np.random.Generator, parents: dict[str, pl.DataFrame], count: int
) -> pl.DataFrame:
    frame = pl.DataFrame(
        {
            "document": np.arange(1, count + 1),
            "plant": rng.integers(1, PLANTS + 1, count),
            "item": rng.integers(1, ITEMS + 1, count),
            "customer": rng.integers(1, CUSTOMERS + 1, count),
            "day": np.sort(rng.integers(0, DAYS, count)),
            "quantity": rng.integers(1, 60, count),
            "lot": rng.normal(0, 1, count).round(4),
        }
    )
    known = (
        frame.join(parents["plants"], on="plant", maintain_order="left")
        .join(parents["items"], on="item", maintain_order="left")
        .join(parents["customers"], on="customer", maintain_order="left")
    )
    noise_sd = np.where(known["segment"] == "public", 2.0, 0.8)
    lead_time = _expected_lead_time(known) + rng.normal(0, 1, count) * noise_sd
    start = pl.lit(START).cast(pl.Datetime("us"))
    return frame.with_columns(
        (start + pl.duration(days=pl.col("day"))).alias("day"),
        pl.Series("lead_time", lead_time.round(3)),
    )


def _expected_lead_time(known: pl.DataFrame) -> npt.NDArray[np.float64]:
    """Days: work over what the plant really gets done, the way, and the kind of item."""
    load = known["quantity"] * known["weight"] / (known["capacity"] * known["efficiency"])
    kind = known["category"].replace_strict(
        {"castings": 3.0, "gears": 1.0, "housings": 0.0, "shafts": 0.5}, return_dtype=pl.Float64
    )
    days = 2 + 9 * load.sqrt() + 12 * (1 - known["efficiency"]) + known["distance"] / 120 + kind
    return (days + 0.05 * known["age"]).to_numpy()
