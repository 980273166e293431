"""A flow in this process, with Prefect's own temporary server or the one that is set."""

from typing import Any

from prefect import Flow, tags
from prefect.settings import (
    PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
    PREFECT_TASKS_REFRESH_CACHE,
    temporary_settings,
)

from flows.form import JobParameters
from flows.results import result_storage
from flows.temporary_server import temporary_server
from tasks.parallel import Runner
from tasks.run_store import RunStore


def run_locally(job: Flow[Any, str], parameters: JobParameters, *, refresh: bool = False) -> str:
    """Run a flow and wait for it.

    Parameters
    ----------
    job
        The flow.
    parameters
        Of the flow.
    refresh
        Whether to take nothing from the cache.

    Returns
    -------
    str
        The run, as ``domain/run_id``.

    Raises
    ------
    InputError
        If ``WHENCE_RUNNER`` says nothing that is known: before anything starts.
    """
    Runner.current()
    settings = {PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None, PREFECT_TASKS_REFRESH_CACHE: refresh}
    with temporary_settings(settings), temporary_server(), tags(*parameters.tags):
        return str(job.with_options(result_storage=result_storage(RunStore.current()))(parameters))
