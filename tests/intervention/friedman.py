"""Friedman's first function as a database of one table, for tests of members fitted anew."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from sklearn.tree import DecisionTreeRegressor

from tasks.attribution.cells import row_blocks
from tasks.attribution.members import split_members
from tasks.domain import ColumnTask, Domain
from tasks.intervention.faulty_database import FaultyDatabase
from tasks.intervention.known_rows import Known, known_rows
from tasks.intervention.refitting import Recipe
from tasks.intervention.rescoring import Evaluation
from tasks.relations.features import add_placebo, build_features
from tasks.relations.gate import check_tables
from tasks.relations.sources import TableData
from tasks.uncertainty.backbones import fit_members
from tasks.uncertainty.bagging import MemberSettings
from tasks.uncertainty.boosting import BoostingSettings
from tasks.uncertainty.model_data import model_data

COLUMNS = tuple(f"x{k}" for k in range(1, 11))
ROWS = 900
SMALL = BoostingSettings(iterations=60, learning_rate=0.1, max_leaf_nodes=8)


class SingleTree:
    """Members that are single trees, grown to the end."""

    def model(self, classifies: bool, categorical: Sequence[int], random_state: int) -> Any:
        """As `tasks.uncertainty.bagging.MemberSettings.model`."""
        return DecisionTreeRegressor(random_state=random_state)


def contract() -> Domain:
    """One table with ten inputs, five of which do nothing, and an outcome."""
    numbers = {name: {"type": "number", "required": True} for name in COLUMNS}
    return Domain.model_validate(
        {
            "name": "friedman",
            "title": "Friedman's first function",
            "source": {"kind": "csv"},
            "tables": {
                "rows": {
                    "primary_key": "row",
                    "time": "day",
                    "columns": {
                        "row": {"type": "integer"},
                        "day": {"type": "time"},
                        **numbers,
                        "y": {"type": "number"},
                    },
                }
            },
            "tasks": {
                "y": {
                    "kind": "column",
                    "output": "regression",
                    "table": "rows",
                    "column": "y",
                    "split": {"validation": "2024-08-01", "test": "2024-08-02"},
                }
            },
        }
    )


def frame(seed: int, missing: float = 0.0) -> pl.DataFrame:
    """Rows of Friedman (1991), of which some lack x4."""
    rng = np.random.default_rng(seed)
    x = rng.random((ROWS, len(COLUMNS)))
    y = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2
    y = y + 10 * x[:, 3] + 5 * x[:, 4] + rng.normal(size=ROWS)
    lost = pl.Series(rng.random(ROWS) < missing)
    day = pl.datetime_range(
        pl.datetime(2024, 1, 1), pl.datetime(2024, 12, 31), eager=True, closed="left"
    )
    whole = pl.DataFrame(
        {
            "row": np.arange(ROWS),
            "day": day.gather(np.sort(rng.integers(0, len(day), ROWS))).cast(pl.Datetime("us")),
            **{name: x[:, k] for k, name in enumerate(COLUMNS)},
            "y": y,
        }
    )
    return whole.with_columns(whole["x4"].set(lost, None))


class Friedman:
    """The database with an ensemble, as the main job has them."""

    def __init__(
        self,
        seed: int = 1,
        missing: float = 0.0,
        members: int = 24,
        settings: MemberSettings = SMALL,
        flat: str = "",
    ) -> None:
        domain, table = contract(), frame(seed, missing)
        if flat:
            table = table.with_columns((pl.col("row") < 5).cast(pl.Float64).alias(flat))
        task = domain.tasks["y"]
        assert isinstance(task, ColumnTask)
        read = {"rows": TableData(table, table.select(pl.all().is_null() & False))}
        self.database = FaultyDatabase(
            domain, {"rows": table}, check_tables(domain, read).faults, task
        )
        features = add_placebo(build_features(domain, self.database.tables, task), seed)
        self.data = model_data(features, task)
        self.recipe = Recipe("boosting", seed, split_members(members, 8), 1, settings)
        self.ensemble = fit_members(
            self.data.training, "boosting", seed=seed, members=members, workers=1, settings=settings
        )
        self.train: Known = known_rows(features, self.data, np.flatnonzero(self.data.train))
        self.held_out: Known = known_rows(features, self.data, np.flatnonzero(self.data.test))
        test = np.flatnonzero(self.data.test)
        self.evaluation = Evaluation(
            rows=features.rows[test],
            encoder=self.data.encoder,
            x=self.data.x[test],
            y=self.data.y[test],
            ensemble=self.ensemble,
            members=self.recipe.members,
            blocks=row_blocks(self.data.entities[test], 8, np.random.default_rng(seed)),
        )
