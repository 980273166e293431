"""Coverage study: whether told effects are the true ones, on databases where these are known."""

import json
from datetime import UTC, datetime
from typing import Any

from prefect import flow

from flows.artifact_keys import artifact_key
from flows.coverage_parameters import CoverageParameters
from flows.finishing import finish_run, run_name
from flows.narration import Narrator
from flows.page_artifacts import Page
from flows.results import result_storage
from tasks.calibration.coverage.summary import INTERVALS
from tasks.calibration.steps import study_coverage
from tasks.report.section import Table
from tasks.report.steps import write_coverage_study
from tasks.run_store import RunStore

STEPS = 2
NAME = "coverage-study"


@flow(
    name=NAME,
    flow_run_name="{parameters.run_title}",
    persist_result=False,
    result_storage=result_storage(RunStore.current()),
    retries=0,
)
def coverage_study(parameters: CoverageParameters) -> str:
    """Generate databases with known true effects, and hold what is told of them against these.

    Parameters
    ----------
    parameters
        Number of databases, seed, and sizes.

    Returns
    -------
    str
        The run, as ``coverage-study/run_id`` below the root of the run store.
    """
    began = datetime.now(UTC)
    store = RunStore.current()
    narrator = Narrator(STEPS, artifact_key(NAME))

    narrator.stage("COVER")
    task = f"{parameters.databases:,} databases"
    covered = narrator.run(task, study_coverage, parameters.settings, parameters.databases)
    written = narrator.run("report", write_coverage_study, covered)
    files = {
        "outcomes.json": covered.outcomes,
        "summary.json": covered.summary,
        "report.json": covered.summary,
        **written,
    }
    names = {"domain": NAME, "task": task}
    run = run_name(NAME, began)
    levels = _levels(json.loads(store.read_text(covered.summary)))
    page = Page("Coverage study", tables={"levels": levels}, figures=("coverage", "effects"))
    return finish_run(run, page, names, parameters, files, None, narrator, began)


def _levels(summary: dict[str, Any]) -> Table:
    """A line a kind of effects."""
    told = [f"{100 * probability:g} %" for probability, _ in INTERVALS]
    rows = [
        (
            f"{of['reading']}, {of['level']}",
            *(f"{100 * at['value']:.1f}" for at in of["coverage"]),
            of["verdict"],
        )
        for of in summary["levels"]
    ]
    numeric = (False, *(True for _ in told), False)
    caption = f"Coverage in per cent over {summary['databases']} databases"
    return Table(("effects", *told, "verdict"), tuple(rows), numeric, caption)
