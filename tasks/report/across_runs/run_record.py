"""What a finished run of the main job left, as far as it is held against another."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tasks.report.schema import Report

Json = Mapping[str, Any]


@dataclass(frozen=True)
class RunRecord:
    """A run of the main job; `tasks.report.across_runs.load_run.load_run` reads one.

    Attributes
    ----------
    run
        ``domain/run_id``.
    manifest, gate, diagnostics
        Contents of ``manifest.json``, ``contract.json``, ``diagnostics.json``.
    contract
        Content of ``domain.yaml``, as plain values.
    report
        Content of ``report.json``.
    errors, retrained_errors
        By the action's name, posterior sd of the mean effect over all values that could be drawn,
        in per cent: of rows scored again, and of members fitted anew.
    """

    run: str
    manifest: Json
    gate: Json
    diagnostics: Json
    contract: Json
    report: Report
    errors: Mapping[str, float]
    retrained_errors: Mapping[str, float]
