"""Runs made up for comparisons: a manifest, a contract, what the gate found, and a report."""

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import arviz as az
import numpy as np
import xarray as xr
import yaml

from tasks.report.across_runs.run_record import RunRecord
from tasks.report.report_json import as_json
from tasks.report.schema import Report
from tasks.run_store import RunStore

CONTRACT: dict[str, Any] = {
    "name": "demo",
    "tables": {"items": {"columns": {"weight": {"type": "number", "range": [0, 50]}}}},
}
MANIFEST: dict[str, Any] = {
    "domain": "demo",
    "task": "lead-time",
    "parameters": {"domain": "demo", "source": None, "target": None, "seed": 1, "members": 24},
    "source": {"path": "/data/demo", "sha256": "d1"},
    "tables": {"items": "a1", "plants": "b1"},
    "code": {"tasks/report/page.py": "c1", "tasks/seeds.py": "c2"},
    "stan": {"stan/intervention_effects.stan": "s1"},
    "began": "2026-01-01T00:00:00+00:00",
    "seconds": 61.0,
    "versions": {"python": "3.11.7", "numpy": "2.4.6"},
    "digests": {},
}
DIAGNOSTICS = {"program_digest": "e1", "toolchain": "Stan 2.35.0"}


def column(table: str, name: str, rows: int, **facts: int) -> dict[str, Any]:
    """What the gate records of a column."""
    none = {"missing": 0, "unreadable": 0, "faulty": 0}
    return {"table": table, "column": name, "rows": rows, **none, **facts}


GATE = {
    "counts": {"rules": 3, "broken": 1, "blocking": 0, "faults": 1200},
    "checks": [],
    "columns": [
        column("items", "weight", 400, missing=120, faulty=120),
        column("items", "price", 400),
        column("plants", "age", 24),
    ],
}


def run_record(
    report: Report,
    run: str = "demo/2026-01-01",
    manifest: Mapping[str, Any] | None = None,
    error: float = 1.0,
    **parts: Any,
) -> RunRecord:
    """A run with such a report; all its effects have the same standard error."""
    effects = [*report.effects, *report.placebo]
    names = [f"{effect.intervention} {effect.node}" for effect in effects] or ["do nothing"]
    made = {
        "gate": GATE,
        "contract": CONTRACT,
        "diagnostics": DIAGNOSTICS,
        "errors": dict.fromkeys(names, error),
        "retrained_errors": dict.fromkeys(names, error),
    }
    return RunRecord(run=run, report=report, manifest=MANIFEST | (manifest or {}), **made | parts)


def keep(store: RunStore, record: RunRecord) -> str:
    """Show a run in a store as a main job does, with few draws of its effects."""
    files = {
        "domain.yaml": yaml.safe_dump(dict(record.contract), allow_unicode=True),
        "contract.json": json.dumps(record.gate),
        "diagnostics.json": json.dumps(record.diagnostics),
        "report.json": as_json(record.report),
        "report.html": "<p></p>",
    }
    kept = {name: store.save_text(name, text) for name, text in files.items()}
    for name, errors in (
        ("posterior.nc", record.errors),
        ("retrained_posterior.nc", record.retrained_errors),
    ):
        if errors:
            kept[name] = store.save("posterior.nc", partial(_write_draws, errors))
    digests = {name: artifact.sha256 for name, artifact in kept.items()}
    manifest = {**record.manifest, "digests": digests}
    kept["manifest.json"] = store.save_text("manifest.json", json.dumps(manifest))
    store.publish(record.run, kept)
    return record.run


def _write_draws(errors: Mapping[str, float], path: Path) -> None:
    """Two draws in each of two chains, whose sd is the error."""
    half = np.sqrt(0.75) * np.array(list(errors.values()))
    draws = np.array([[-half, half], [half, -half]])
    dimensions = ("chain", "draw", "action")
    posterior = xr.Dataset({"mean_effect": (dimensions, draws)}, {"action": list(errors)})
    az.InferenceData(posterior=posterior).to_netcdf(str(path))
