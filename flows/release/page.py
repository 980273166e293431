"""What a release does with Prefect's server: holds the work pool, waits for runs, makes one."""

import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import WorkPoolUpdate
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    LogFilter,
    LogFilterFlowRunId,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.responses import DeploymentResponse

from flows.service.health import POOL
from tasks.errors import RunError, last_lines

MAIN_JOB = "flows.intervention_analysis.intervention_analysis"
SMALL = {
    "domain": "demo",
    "documents": 700,
    "members": 8,
    "replicates": 4,
    "retrain": 0,
    "evaluation_rows": 100,
    "top_columns": 1,
}
UNDER_WAY = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]
SHOWN_TOGETHER = 200
SHOWN_LINES = 5
SECONDS_BETWEEN_LOOKS = 1.0
SECONDS_OF_QUIET = 6.0
"""A worker may have fetched a run just before its pool was paused, and begins it only then."""
SECONDS_FOR_THE_SMALL_RUN = 1800.0
Tell = Callable[[str], None]


def client_of(page: str) -> AbstractContextManager[SyncPrefectClient]:
    """A client of the server at an address."""
    return SyncPrefectClient(f"{page}/api", httpx_settings={"trust_env": False})


def is_paused(client: SyncPrefectClient) -> bool:
    """Whether the work pool begins no run."""
    return bool(client.read_work_pool(POOL).is_paused)


def pause(client: SyncPrefectClient, paused: bool) -> None:
    """Pause the work pool, or let it begin runs again."""
    client.update_work_pool(POOL, WorkPoolUpdate(is_paused=paused))


def wait_for_runs(client: SyncPrefectClient, seconds: float, tell: Tell) -> None:
    """Wait until no run is under way.

    Parameters
    ----------
    client
        Of a server whose work pool is paused.
    seconds
        To wait at most.
    tell
        Is given the names of the runs that are waited for.

    Raises
    ------
    RunError
        If one is under way after that.
    """
    began, told = time.monotonic(), list[str]()
    quiet_since = None
    while quiet_since is None or time.monotonic() - quiet_since < SECONDS_OF_QUIET:
        names = _names(_runs_under_way(client))
        if names and time.monotonic() - began > seconds:
            raise RunError(
                f"Still under way after {seconds:.0f} seconds: {', '.join(names)}: the runs go on, "
                "and the release is given up; release again later, or wait longer by --wait."
            )
        if names and names != told:
            tell(f"  waiting for {', '.join(names)}")
        told = names
        quiet_since = None if names else quiet_since or time.monotonic()
        time.sleep(SECONDS_BETWEEN_LOOKS)


def run_small_job(client: SyncPrefectClient, is_over: Callable[[], bool]) -> FlowRun | None:
    """Have the main job done on a small demo, by the worker; None where no deployment runs it.

    Parameters
    ----------
    client
        Of the server.
    is_over
        Whether what serves has ended.

    Raises
    ------
    RunError
        If the run does not complete.
    """
    of_main_job = [of for of in _deployments(client) if of.entrypoint == MAIN_JOB]
    if not of_main_job:
        return None
    run = client.create_flow_run_from_deployment(
        of_main_job[0].id, parameters={"parameters": SMALL}
    )
    deadline = time.monotonic() + SECONDS_FOR_THE_SMALL_RUN
    while not (run.state and run.state.is_final()):
        if is_over() or time.monotonic() > deadline:
            raise RunError(f"The run {run.name} came to no end{_log(client, run.id)}")
        time.sleep(SECONDS_BETWEEN_LOOKS)
        run = client.read_flow_run(run.id)
    if not run.state.is_completed():
        said = run.state.message or ""
        raise RunError(
            f"The run {run.name} {run.state.type.value.lower()}: {said}{_log(client, run.id)}"
        )
    return run


def _deployments(client: SyncPrefectClient) -> list[DeploymentResponse]:
    found: list[DeploymentResponse] = []
    while page := client.read_deployments(limit=SHOWN_TOGETHER, offset=len(found)):
        found += page
    return found


def _runs_under_way(client: SyncPrefectClient) -> list[FlowRun]:
    state = FlowRunFilterState(type=FlowRunFilterStateType(any_=UNDER_WAY))
    found: list[FlowRun] = []
    while page := client.read_flow_runs(
        flow_run_filter=FlowRunFilter(state=state), limit=SHOWN_TOGETHER, offset=len(found)
    ):
        found += page
    return found


def _names(runs: Iterable[FlowRun]) -> list[str]:
    return sorted(run.name for run in runs)


def _log(client: SyncPrefectClient, run: UUID) -> str:
    """The last lines of a run's log."""
    of_run = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run]))
    lines = [log.message for log in client.read_logs(of_run, limit=SHOWN_TOGETHER)]
    return f"; its log ends so:\n{last_lines(chr(10).join(lines), SHOWN_LINES)}" if lines else ""
