"""What a run was made with, and when: all that changes from run to run stands here alone."""

import json
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from prefect import Task
from prefect.context import FlowRunContext
from prefect.runtime import flow_run
from pydantic import BaseModel

from tasks.run_store import Artifact
from tasks.source_digest import source_digests

LIBRARIES = (
    "whence",
    "prefect",
    "polars",
    "numpy",
    "scipy",
    "scikit-learn",
    "arviz",
    "cmdstanpy",
    "httpstan",
    "dowhy",
    "great-expectations",
)
DIGITS = 16
"""Of a file's digest that are kept: enough to tell two versions apart."""


def versions() -> dict[str, str]:
    """Python, and the libraries whose versions matter for the numbers."""
    return {"python": platform.python_version()} | {name: version(name) for name in LIBRARIES}


def running_code() -> dict[str, dict[str, str]]:
    """``code`` and ``stan``: digest of each file behind the steps of the flow that runs."""
    running = FlowRunContext.get()
    if running is None or running.flow is None:
        return {"code": {}, "stan": {}}
    steps = [of.fn for of in running.flow.fn.__globals__.values() if isinstance(of, Task)]
    found = {name: digest[:DIGITS] for name, digest in source_digests(steps).items()}
    stan = {name: digest for name, digest in found.items() if name.endswith(".stan")}
    return {"code": {name: of for name, of in found.items() if name not in stan}, "stan": stan}


def manifest_of(
    parameters: BaseModel,
    names: Mapping[str, str],
    files: Mapping[str, Artifact],
    timings: Mapping[str, Mapping[str, Any]],
    began: datetime,
    source: Artifact | None,
    tables: Mapping[str, Artifact],
) -> str:
    """The manifest of a run that ends now, as JSON.

    Parameters
    ----------
    parameters
        Of the flow.
    names
        What was run: domain and task.
    files
        What the run's folder shows, by path in it.
    timings
        Seconds of each step, and whether it was cached.
    began
        When the run began.
    source
        The data that the run was given; None where they are generated.
    tables
        Those data as they were read, by table.
    """
    content = {
        **names,
        "parameters": parameters.model_dump(mode="json"),
        "source": source.model_dump() if source else None,
        "tables": {table: artifact.sha256 for table, artifact in tables.items()},
        **running_code(),
        "flow_run": str(flow_run.id),
        "began": began.isoformat(timespec="seconds"),
        "seconds": round((datetime.now(UTC) - began).total_seconds(), 3),
        "steps": timings,
        "digests": {file: artifact.sha256 for file, artifact in sorted(files.items())},
        "versions": versions(),
    }
    return json.dumps(content, indent=1, ensure_ascii=False)
