"""Flow runs that were cut off: found, told of, and taken up again where they broke off."""

import logging
import os
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from prefect import State
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterEndTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.states import AwaitingRetry, Cancelled, Crashed

from flows.installation.processes import all_processes, variable
from flows.service.health import POOL

MOST_TIMES = 2
TAKEN_UP = "Taken up again"
PUT_BACK = "The service was ended; the run goes on from its last finished step at the next start."
GONE = "Its process was gone when the worker began."
FLOW_RUN_ID = "PREFECT__FLOW_RUN_ID"
SHOWN_TOGETHER = 200
LONGEST_START = timedelta(minutes=1)
"""From when a worker takes a run to when it says which process carries it out."""
LONGEST_REPORT = timedelta(seconds=20)
"""From when a process says that it crashes to when its worker has taken up the run."""
LONGEST_AGO = timedelta(hours=1)
"""How long a run that crashed without its worker is taken up again; later it may be unwanted."""

logger = logging.getLogger(__name__)


def flow_run_processes() -> dict[UUID, int]:
    """Processes of flow runs on this machine: each leads a session of its own."""
    found = {}
    for pid in all_processes():
        if (run := variable(pid, FLOW_RUN_ID)) and _leads_a_session(pid):
            found[UUID(run)] = pid
    return found


def times_taken_up(states: Iterable[State[object]]) -> int:
    """How often a flow run was taken up again, by the states that it went through."""
    return sum((state.message or "").startswith(TAKEN_UP) for state in states)


def process_name(service: str, pid: int) -> str:
    """What the server keeps of the process of a flow run: which service began it, and its number.

    Examples
    --------
    >>> process_name("5e1f", 17)
    '5e1f:17'
    """
    return f"{service}:{pid}"


def was_cut_off(run: FlowRun, service: str, began: datetime, now: datetime) -> bool:
    """Whether a flow run that goes on, but has no process on this machine, was cut off.

    Parameters
    ----------
    run
        As the server knows it.
    service
        Identifier of this service. Processes of other machines are not seen from here: what their
        workers began is left to them.
    began
        When this worker began; what it began itself it sees to the end.
    now
        A run of which no worker says to have begun it may just be being started by another one.
    """
    if run.state is None or run.state.timestamp > began:
        return False
    if run.infrastructure_pid is None:
        return now - run.state.timestamp > LONGEST_START
    return _is_of(run, service)


async def settle_cut_off(client: PrefectClient, service: str, began: datetime) -> None:
    """Settle what earlier workers of this service left: taken up again, or cancelled.

    A process may outlive its worker, and end well, or say itself that it crashes when it is ended.

    Parameters
    ----------
    client
        Of Prefect's server.
    service
        Identifier of this service.
    began
        When this worker began.
    """
    alive = flow_run_processes()
    for run in await _under_way(client):
        if run.id in alive or not was_cut_off(run, service, began, datetime.now(UTC)):
            continue
        if run.state_type == StateType.CANCELLING:
            await client.set_flow_run_state(run.id, Cancelled(message=GONE))
        else:
            await client.set_flow_run_state(run.id, Crashed(message=GONE))
            await take_up(client, run.id)
    now = datetime.now(UTC)
    for run in await _crashed_since(client, now - LONGEST_AGO):
        ended = run.end_time or now
        is_seen_to = ended > began and now - ended < LONGEST_REPORT  # perhaps, by this worker
        if _is_of(run, service) and run.id not in alive and not is_seen_to:
            await take_up(client, run.id)


async def take_up(client: PrefectClient, run: UUID) -> bool:
    """Schedule a crashed run again, unless that was done `MOST_TIMES` times: whether it was."""
    states = await client.read_flow_run_states(run)
    if not states or not states[-1].is_crashed():
        return False
    times = times_taken_up(states)
    if times == MOST_TIMES:
        return False
    message = f"{TAKEN_UP} after a crash, time {times + 1} of {MOST_TIMES}."
    await client.set_flow_run_state(run, AwaitingRetry(message=message))
    logger.warning("The flow run %s crashed and is taken up again", run)
    return True


async def put_back(client: PrefectClient, runs: Sequence[UUID]) -> None:
    """Schedule runs that were ended with the service, unless they were done or cancelled."""
    for run in runs:
        states = await client.read_flow_run_states(run)
        if states and not (states[-1].is_completed() or states[-1].is_cancelled()):
            await client.set_flow_run_state(run, AwaitingRetry(message=PUT_BACK))


def _is_of(run: FlowRun, service: str) -> bool:
    return (run.infrastructure_pid or "").partition(":")[:2] == (service, ":")


async def _under_way(client: PrefectClient) -> list[FlowRun]:
    types = [StateType.RUNNING, StateType.PENDING, StateType.CANCELLING]
    state = FlowRunFilterState(type=FlowRunFilterStateType(any_=types))
    return await _found(client, FlowRunFilter(state=state))


async def _crashed_since(client: PrefectClient, then: datetime) -> list[FlowRun]:
    state = FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.CRASHED]))
    when = FlowRunFilterEndTime.model_validate({"after_": then})
    return await _found(client, FlowRunFilter(state=state, end_time=when))


async def _found(client: PrefectClient, what: FlowRunFilter) -> list[FlowRun]:
    """Runs of the pool."""
    found: list[FlowRun] = []
    while page := await client.read_flow_runs(
        flow_run_filter=what,
        work_pool_filter=WorkPoolFilter(name=WorkPoolFilterName(any_=[POOL])),
        limit=SHOWN_TOGETHER,
        offset=len(found),
    ):
        found += page
    return found


def _leads_a_session(pid: int) -> bool:
    try:
        return os.getsid(pid) == pid
    except ProcessLookupError:
        return False
