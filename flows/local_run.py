"""The main job in this process, with Prefect's own temporary server or the one that is set."""

from prefect.settings import (
    PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
    PREFECT_TASKS_REFRESH_CACHE,
    temporary_settings,
)

from flows.intervention_analysis import intervention_analysis
from flows.parameters import AnalysisParameters
from flows.results import result_storage
from tasks.run_store import RunStore


def run_locally(parameters: AnalysisParameters, *, refresh: bool = False) -> str:
    """Run the main job and wait for it.

    Parameters
    ----------
    parameters
        Of the job.
    refresh
        Whether to take nothing from the cache.

    Returns
    -------
    str
        The run, as ``domain/run_id``.
    """
    settings = {PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None, PREFECT_TASKS_REFRESH_CACHE: refresh}
    with temporary_settings(settings):
        flow = intervention_analysis.with_options(result_storage=result_storage(RunStore.current()))
        return flow(parameters)
