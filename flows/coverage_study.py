"""Coverage study: whether told effects are the true ones, on databases where these are known."""

import json
from datetime import UTC, datetime
from typing import Any

from prefect import flow
from prefect.artifacts import create_table_artifact

from flows.artifact_keys import artifact_key
from flows.coverage_parameters import CoverageParameters
from flows.finishing import finish_run, run_name
from flows.narration import Narrator
from flows.results import result_storage
from tasks.calibration.steps import study_coverage
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
    _show_levels(json.loads(store.read_text(covered.summary)))
    names = {"domain": NAME, "task": task}
    run = run_name(NAME, began)
    return finish_run(run, "Coverage study", names, parameters, files, None, narrator, began)


def _show_levels(summary: dict[str, Any]) -> None:
    """A line a kind of effects on Prefect's page."""
    create_table_artifact(
        [
            {
                "effects": f"{of['reading']}, {of['level']}",
                **{f"{100 * at['level']:g} %": f"{100 * at['value']:.1f}" for at in of["coverage"]},
                "verdict": of["verdict"],
            }
            for of in summary["levels"]
        ],
        key=f"levels-{artifact_key(NAME)}",
        description=f"Coverage in per cent over {summary['databases']} databases",
    )
