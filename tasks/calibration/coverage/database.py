"""Generated databases with planted faults, their twins without, and further rows of the same kind.

Items are sold to customers; a model predicts how many days a sale takes. Coefficients, noise, kinds
and shares of faults are drawn anew for each database.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl

from tasks.contract import load_contract
from tasks.domain import Domain
from tasks.locations import resource

ITEMS, CUSTOMERS = 400, 400
TRAIN_ROWS, TEST_ROWS = 900, 1000
START = datetime(2024, 1, 1)
START_DAY = pl.lit(START).cast(pl.Datetime("us"))
TRAIN_DAYS, TEST_DAYS = 243, 90
SALES_A_CUSTOMER = 1_000_000
WRONG_DISTANCE = 99999.0
CATEGORIES, SEGMENTS = ("castings", "gears", "housings", "shafts"), ("industry", "public", "retail")

Tables = dict[str, pl.DataFrame]


def study_contract() -> Domain:
    """Schema of the generated databases."""
    return load_contract(resource("data_contracts", "examples", "coverage_study.yaml"))


@dataclass(frozen=True)
class Law:
    """How values and faults of one database come about.

    Attributes
    ----------
    work, way, kind, segment
        Coefficients of the expected number of days.
    noise_sd
        Days.
    missing_weights, missing_prices, wrong_distances, missing_segments, orphans
        Shares of faults.
    price_noise
        Sd of the logarithm of prices given weights.
    """

    work: float
    way: float
    kind: tuple[float, ...]
    segment: tuple[float, ...]
    noise_sd: float
    missing_weights: float
    missing_prices: float
    wrong_distances: float
    missing_segments: float
    orphans: float
    price_noise: float


@dataclass(frozen=True)
class Pair:
    """Tables with faults, and the same without; row by row."""

    faulty: Tables
    clean: Tables


def draw_law(rng: np.random.Generator) -> Law:
    """Draw how one database comes about."""
    return Law(
        work=rng.uniform(0.5, 2.0),
        way=rng.uniform(0.3, 1.5),
        kind=tuple(rng.normal(0, 1.0, len(CATEGORIES))),
        segment=tuple(rng.normal(0, 1.0, len(SEGMENTS))),
        noise_sd=rng.uniform(0.5, 1.5),
        missing_weights=rng.uniform(0.1, 0.35),
        missing_prices=rng.uniform(0.0, 0.2),
        wrong_distances=rng.uniform(0.05, 0.15),
        missing_segments=rng.uniform(0.05, 0.2),
        orphans=rng.uniform(0.02, 0.08),
        price_noise=rng.uniform(0.2, 0.6),
    )


def draw_items(law: Law, rng: np.random.Generator) -> Pair:
    """Items: weights are missing more often in some categories."""
    category = rng.choice(CATEGORIES, ITEMS)
    weight = np.exp(rng.normal(2.0, 0.7, ITEMS))
    price = 5 + 3 * weight * rng.lognormal(0, law.price_noise, ITEMS)
    clean = pl.DataFrame(
        {"item": np.arange(ITEMS), "category": category, "weight": weight, "price": price}
    )
    lost = rng.random(ITEMS) < law.missing_weights * np.where(category == CATEGORIES[0], 1.5, 0.8)
    faulty = clean.with_columns(
        clean["weight"].set(pl.Series(lost), None),
        clean["price"].set(pl.Series(rng.random(ITEMS) < law.missing_prices), None),
    )
    return Pair({"items": faulty}, {"items": clean})


def draw_sales(
    law: Law, items: Pair, rng: np.random.Generator, rows: tuple[int, int], first: int, count: int
) -> Pair:
    """A database with new customers and their sales.

    Parameters
    ----------
    law
        How they come about.
    items
        The items that are sold.
    rng
        Source of randomness.
    rows
        Numbers of sales to train on, and of later ones.
    first, count
        Number of the first customer, and how many.
    """
    customers = pl.DataFrame(
        {
            "customer": np.arange(first, first + count),
            "segment": rng.choice(SEGMENTS, count),
            "distance": rng.gamma(2.0, 150.0, count),
        }
    )
    wrong = rng.random(count) < law.wrong_distances
    unknown = rng.random(count) < law.missing_segments
    faulty = customers.with_columns(
        customers["distance"].set(pl.Series(wrong), WRONG_DISTANCE),
        customers["segment"].set(pl.Series(unknown), None),
    )
    parents = Pair({**items.faulty, "customers": faulty}, {**items.clean, "customers": customers})
    return sell(law, parents, rng, rows, SALES_A_CUSTOMER * first)


def sell(
    law: Law, parents: Pair, rng: np.random.Generator, rows: tuple[int, int], first: int
) -> Pair:
    """A database with sales to customers that are known.

    Parameters
    ----------
    law, rng, rows
        As of `draw_sales`.
    parents
        Items and customers.
    first
        Number of the first sale.
    """
    items, customers = parents.clean["items"], parents.clean["customers"]
    train, test = rows
    day = [
        *rng.integers(0, TRAIN_DAYS, train),
        *(TRAIN_DAYS + 2 + rng.integers(0, TEST_DAYS, test)),
    ]
    total = train + test
    sales = pl.DataFrame(
        {
            "sale": np.arange(total) + first,
            "item": rng.integers(0, items.height, total),
            "customer": customers["customer"][0] + rng.integers(0, customers.height, total),
            "day": day,
            "quantity": rng.integers(1, 60, total).astype(np.float64),
            "lot": rng.normal(0, 1, total),
        }
    ).with_columns((START_DAY + pl.duration(days=pl.col("day"))).alias("day"))
    sales = sales.with_columns(_days(law, sales, items, customers, rng))
    lost = pl.Series(rng.random(total) < law.orphans)
    faulty = sales.with_columns(sales["item"].set(lost, ITEMS + 1))
    return Pair({**parents.faulty, "sales": faulty}, {**parents.clean, "sales": sales})


def _days(
    law: Law,
    sales: pl.DataFrame,
    items: pl.DataFrame,
    customers: pl.DataFrame,
    rng: np.random.Generator,
) -> pl.Series:
    known = sales.join(items, on="item", maintain_order="left").join(
        customers, on="customer", maintain_order="left"
    )
    kind = np.array(law.kind)[np.searchsorted(CATEGORIES, known["category"].to_numpy().astype(str))]
    segment = np.array(law.segment)[
        np.searchsorted(SEGMENTS, known["segment"].to_numpy().astype(str))
    ]
    work = law.work * np.sqrt(known["quantity"].to_numpy() * known["weight"].to_numpy()) / 8
    way = law.way * known["distance"].to_numpy() / 150
    noise = rng.normal(0, law.noise_sd, sales.height)
    return pl.Series("days", 2 + 2 * work + way + kind + segment + noise)
