"""Runs made up for comparisons: a manifest, a contract, what the gate found, and a report."""

from collections.abc import Mapping
from typing import Any

from tasks.report.across_runs.run_record import RunRecord
from tasks.report.schema import Report

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
    names = [f"{effect.intervention} {effect.node}" for effect in effects]
    made = {
        "gate": GATE,
        "contract": CONTRACT,
        "diagnostics": DIAGNOSTICS,
        "errors": dict.fromkeys(names, error),
        "retrained_errors": dict.fromkeys(names, error),
    }
    return RunRecord(run=run, report=report, manifest=MANIFEST | (manifest or {}), **made | parts)
