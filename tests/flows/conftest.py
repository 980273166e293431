"""One Prefect server for all flows, and a small database whose every run takes seconds."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import polars as pl
import pytest
import yaml

from flows.environment import quiet_environment
from tests.contract_parts import column_task

quiet_environment(debug=False)

from prefect import get_client  # noqa: E402
from prefect.client.schemas.filters import (  # noqa: E402
    ArtifactFilter,
    ArtifactFilterFlowRunId,
)
from prefect.testing.utilities import prefect_test_harness  # noqa: E402

HTML = "<b>size</b>"
SPLIT = {"validation": "2020-12-01", "test": "2021-01-01"}
CONTRACT: dict[str, Any] = {
    "name": "상점",
    "title": "Shops <i>of</i> a town",
    "source": {"kind": "csv", "location": "data"},
    "tables": {
        "shops": {
            "primary_key": "id",
            "columns": {
                "id": {"type": "integer"},
                "city": {"type": "category", "values": ["서울", "부산"]},
                HTML: {"type": "number", "range": [0, 1000], "required": True},
            },
        },
        "sales": {
            "primary_key": "sale",
            "foreign_keys": {"shop": "shops"},
            "time": "day",
            "columns": {
                "sale": {"type": "integer"},
                "shop": {"type": "integer"},
                "day": {"type": "time", "required": True, "severity": "block"},
                "people": {"type": "integer", "range": [0, 100]},
                "amount": {"type": "number"},
                "paid": {"type": "category"},
            },
        },
    },
    "tasks": {
        "amount": column_task("amount", "regression", SPLIT),
        "paid": column_task("paid", "classification", SPLIT),
    },
}
SIZES: dict[str, object] = {
    "members": 8,
    "replicates": 4,
    "evaluation_rows": 200,
    "top_columns": 2,
    "ranges": 2,
}


class SmallDatabase:
    """Files of shops and their sales; a test changes them before they are read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.contract = folder / "shops.yaml"
        self.content = yaml.safe_load(yaml.safe_dump(CONTRACT, allow_unicode=True))
        (folder / "data").mkdir(parents=True)
        rng = np.random.default_rng(1)
        n_shops, n_sales = 40, 1200
        size = rng.gamma(4.0, 25.0, n_shops).round(1)
        shop = rng.integers(0, n_shops, n_sales)
        people = rng.integers(1, 40, n_sales)
        day = np.datetime64("2020-01-01") + np.sort(rng.integers(0, 550, n_sales))
        amount = 0.2 * size[shop] + people + rng.normal(0, 2, n_sales)
        shown = pl.Series(size).set(pl.Series(rng.random(n_shops) < 0.25), None)
        self.tables = {
            "shops": pl.DataFrame(
                {
                    "id": np.arange(n_shops),
                    "city": rng.choice(["서울", "부산"], n_shops),
                    HTML: shown,
                }
            ),
            "sales": pl.DataFrame(
                {
                    "sale": np.arange(n_sales),
                    "shop": shop,
                    "day": pl.Series(day),
                    "people": people,
                    "amount": amount.round(2),
                    "paid": np.where(amount + rng.normal(0, 5, n_sales) > 40, "card", "현금"),
                }
            ),
        }

    def path(self, table: str) -> Path:
        return self.folder / "data" / f"{table}.csv"

    def write(self) -> str:
        """Write everything; the contract's path is a run's domain."""
        for name, frame in self.tables.items():
            frame.write_csv(self.path(name))
        text = yaml.safe_dump(self.content, allow_unicode=True, sort_keys=False)
        self.contract.write_text(text, encoding="utf-8")
        return str(self.contract)


@pytest.fixture
def database(tmp_path: Path) -> SmallDatabase:
    return SmallDatabase(tmp_path / "database")


@pytest.fixture(scope="session")
def prefect_server() -> Iterator[None]:
    with prefect_test_harness(server_startup_timeout=300):
        yield


def artifacts_of(folder: Path) -> dict[str, Any]:
    """What Prefect shows of a run, by key."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    of_the_run = ArtifactFilter(
        flow_run_id=ArtifactFilterFlowRunId(any_=[UUID(manifest["flow_run"])])
    )
    with get_client(sync_client=True) as client:
        found = client.read_artifacts(artifact_filter=of_the_run)
    return {str(artifact.key): artifact for artifact in found}


@pytest.fixture(scope="session")
def runs_root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Root of the run store that the session's flows share."""
    root = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "WHENCE_RUNS", str(root))
        yield root


@pytest.fixture(scope="session")
def calibrations(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the session's calibrations keep their chunks; empty as it begins."""
    cache = tmp_path_factory.mktemp("calibrations")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tasks.calibration.steps.calibrations_folder", lambda: cache)
        yield cache
