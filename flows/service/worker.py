"""Prefect's worker of a service: ``python -m flows.service.worker NAME``."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Collection
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import cast
from uuid import UUID

import anyio
import httpx
from anyio.abc import TaskStatus
from prefect import State, get_client
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import PrefectException
from prefect.runner._flow_run_executor import FlowRunExecutionResult, FlowRunExecutorContext
from prefect.runner._process_manager import ProcessHandle
from prefect.runner._starter_engine import EngineCommandStarter
from prefect.utilities.processutils import command_to_string
from prefect.workers.process import (
    ProcessJobConfiguration,
    ProcessWorker,
    ProcessWorkerResult,
)

from flows.installation.processes import descendants, kill_later
from flows.installation.state import MARK
from flows.service.folder import service_identifier
from flows.service.health import POOL
from flows.service.recovery import (
    LONGEST_START,
    flow_run_processes,
    process_name,
    put_back,
    settle_cut_off,
    take_up,
)

FLOW_RUN = command_to_string([sys.executable, "-m", "flows.service.flow_run"])
SECONDS_FOR_FLOW_RUNS = 10.0

logger = logging.getLogger(__name__)


class RecoveringWorker(ProcessWorker):
    """Prefect's process worker, which takes up again what crashed.

    A flow run's code comes from the environment of the worker, never from its working directory,
    and is not imported by the worker itself: no flow has hooks for the worker to call.
    """

    @classmethod
    def __dispatch_key__(cls) -> str:
        return "recovering-process"  # one of its own: "process" is Prefect's

    async def run(
        self,
        flow_run: FlowRun,
        configuration: ProcessJobConfiguration,
        task_status: TaskStatus[int] | None = None,
    ) -> ProcessWorkerResult:
        """Run a flow in a process of its own, and wait for it."""
        ended: FlowRunExecutionResult | None = None
        async with FlowRunExecutorContext() as context:
            starter = EngineCommandStarter(
                command=FLOW_RUN,
                cwd=configuration.working_dir,
                env=configuration.env,
                stream_output=configuration.stream_output,
                control_channel=context.control_channel,
            )
            executor = context.create_executor(
                flow_run, starter, propose_submitting=False, hook_runner=NoHooks()
            )

            async def execute(*, task_status: TaskStatus[ProcessHandle]) -> None:
                nonlocal ended
                ended = await executor.submit(task_status=task_status)

            async with anyio.create_task_group() as group:
                handle: ProcessHandle = await group.start(execute)
                name = process_name(this_service(), handle.pid or 0)
                if task_status:
                    cast("TaskStatus[str]", task_status).started(name)
        if ended is None or ended.status_code is None:
            raise RuntimeError("The process of the flow run could not be started.")
        taken_up = await take_up(self.client, flow_run.id)
        code = 0 if taken_up else ended.status_code
        return ProcessWorkerResult(status_code=code, identifier=name)


class NoHooks:
    """What Prefect calls when a flow run was cancelled or crashed."""

    async def run_cancellation_hooks(self, flow_run: FlowRun, state: State[object]) -> None:
        """Call nothing."""

    async def run_crashed_hooks(self, flow_run: FlowRun, state: State[object]) -> None:
        """Call nothing."""


async def work(name: str) -> None:
    """Settle what was cut off, then carry out runs until the process is asked to end.

    Parameters
    ----------
    name
        Of the worker.
    """
    began = datetime.now(UTC)
    async with get_client() as client:
        await settle_cut_off(client, this_service(), began)
    worker = RecoveringWorker(POOL, name=name, create_pool_if_not_found=False)
    working = asyncio.create_task(worker.start())
    looking = asyncio.create_task(look_again(began))
    running: dict[UUID, int] = {}

    def end() -> None:
        running.update(_own_flow_runs())
        working.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, end)
    with suppress(asyncio.CancelledError):
        await working
    looking.cancel()
    kill_later(running.values(), SECONDS_FOR_FLOW_RUNS)
    async with get_client() as client:
        await put_back(client, list(running))


async def look_again(began: datetime) -> None:
    """Settle what outlived an earlier worker, and died after it."""
    while True:
        await asyncio.sleep(LONGEST_START.total_seconds())
        try:
            async with get_client() as client:
                await settle_cut_off(client, this_service(), began)
        except (httpx.HTTPError, PrefectException) as error:
            logger.warning("Prefect's server was not asked for runs that were cut off: %s", error)


def this_service() -> str:
    """Identifier of the service that this worker belongs to."""
    return service_identifier(Path(os.environ[MARK]))


def _own_flow_runs() -> dict[UUID, int]:
    own: Collection[int] = descendants(os.getpid())
    return {run: pid for run, pid in flow_run_processes().items() if pid in own}


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1]))
