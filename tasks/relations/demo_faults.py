"""Plant faults of known size in the tables of the demo."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

MISSING_WEIGHTS = 0.20
STALE_CAPACITIES = 0.40
STALE_FACTOR = 0.5
STALE_DAYS = (4 * 365, 9 * 365)
EFFICIENCY_ERROR = 0.08
WRONG_DISTANCES = 0.08
WRONG_DISTANCE = 99999.0
ORPHANS = 0.05
REPEATED = 0.02

FaultKind = Literal["missing", "noisy", "out of range", "orphan", "duplicate", "stale"]


@dataclass(frozen=True)
class PlantedFault:
    """What was planted where; `rows` counts from 0 in the faulty table."""

    kind: FaultKind
    table: str
    column: str
    rows: npt.NDArray[np.int64]


def plant_faults(
    rng: np.random.Generator, clean: dict[str, pl.DataFrame]
) -> tuple[dict[str, pl.DataFrame], tuple[PlantedFault, ...]]:
    """Make the demo's tables faulty.

    Parameters
    ----------
    rng
        Decides which cells are hit.
    clean
        The tables without faults.

    Returns
    -------
    tuple of dict and tuple of PlantedFault
        The faulty tables, with rows that repeat earlier ones at the end of ``documents``, and one
        fault for each kind. A stale capacity was surveyed years before the others.
    """

    def some(table: str, share: float) -> npt.NDArray[np.int64]:
        height = clean[table].height
        return np.sort(rng.choice(height, round(share * height), replace=False))

    def with_values(table: str, column: str, values: npt.NDArray[np.float64]) -> pl.DataFrame:
        return clean[table].with_columns(pl.Series(column, values).fill_nan(None))

    plants, items = clean["plants"].height, clean["items"].height
    weights, capacities = some("items", MISSING_WEIGHTS), some("plants", STALE_CAPACITIES)
    distances, orphans = some("customers", WRONG_DISTANCES), some("documents", ORPHANS)
    repeated = some("documents", REPEATED)
    weight = clean["items"]["weight"].to_numpy(writable=True)
    weight[weights] = np.nan
    distance = clean["customers"]["distance"].to_numpy(writable=True)
    distance[distances] = WRONG_DISTANCE
    efficiency = clean["plants"]["efficiency"] + rng.normal(0, EFFICIENCY_ERROR, plants)
    capacity = clean["plants"]["capacity"].to_numpy(writable=True)
    capacity[capacities] *= STALE_FACTOR
    item = clean["documents"]["item"].to_numpy(writable=True)
    item[orphans] = items + rng.integers(1, 1000, len(orphans))
    documents = clean["documents"].with_columns(pl.Series("item", item))
    height = documents.height
    earlier = np.zeros(plants, dtype=np.int64)
    earlier[capacities] = rng.integers(*STALE_DAYS, size=len(capacities))
    tables = {
        "plants": clean["plants"].with_columns(
            pl.Series("capacity", capacity),
            efficiency.clip(0.3, 1).round(3).alias("efficiency"),
            pl.col("surveyed") - pl.duration(days=pl.lit(pl.Series(earlier))),
        ),
        "items": with_values("items", "weight", weight),
        "customers": with_values("customers", "distance", distance),
        "documents": pl.concat([documents, documents[repeated]]),
    }
    return tables, (
        PlantedFault("missing", "items", "weight", weights),
        PlantedFault("noisy", "plants", "efficiency", np.arange(plants)),
        PlantedFault("out of range", "customers", "distance", distances),
        PlantedFault("orphan", "documents", "item", orphans),
        PlantedFault("duplicate", "documents", "", np.arange(height, height + len(repeated))),
        PlantedFault("stale", "plants", "capacity", capacities),
    )
