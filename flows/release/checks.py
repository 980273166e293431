"""Whether a version serves: asked of its programs, as a client would ask them."""

import os
import time
from pathlib import Path

from flows.api_guard import TOKEN
from flows.installation.migrations import registry_rows
from flows.installation.release_state import Version
from flows.installation.service import Service
from flows.installation.state import Running
from flows.release.telling import Tell, timed
from flows.service.checks import LONGEST_SILENCE
from flows.service.health import ask, last_heartbeat, page_answers
from flows.service.probes import missing_deployments
from flows.service.programs import worker_name
from tasks.errors import RunError

RUNS = "/api/v1/runs"


def check_programs(running: Running, version: Version, tell: Tell) -> None:
    """Check that Prefect's server, worker and HTTP service of a version do their work.

    Parameters
    ----------
    running
        What serves.
    version
        That is to serve.
    tell
        Is given a line a check.

    Raises
    ------
    RunError
        If one does not.
    """
    with timed(tell, f"Prefect's server answers at {running.page}"):
        if not page_answers(running.page):
            raise RunError(f"Prefect's server does not answer at {running.page}.")
    with timed(tell, "all deployments are there"):
        missing = missing_deployments(running)
        if missing:
            raise RunError(f"Deployments are missing: {', '.join(missing)}.")
    with timed(tell, "the worker asks for work"):
        beat = last_heartbeat(running.page, worker_name(Path(version.environment)))
        if beat is None or time.time() - beat > LONGEST_SILENCE:
            raise RunError("The worker was not heard of.")
    with timed(tell, f"the HTTP service answers at {running.api}, and lists its jobs"):
        _check_api(running.api, version)


def check_registry(service: Service, version: Version, tell: Tell) -> None:
    """Check that a version reads the registry of beliefs of a service.

    Raises
    ------
    RunError
        If it does not.
    """
    registry = service.registry
    if registry.file is None or registry.file.is_file():
        with timed(tell, "the registry of beliefs is read"):
            registry_rows(version, registry.url)


def _check_api(api: str, version: Version) -> None:
    try:
        told = ask(f"{api}/health")["version"]
        ask(f"{api}{RUNS}", token=os.environ.get(TOKEN))
    except OSError as error:
        raise RunError(f"The HTTP service does not answer: {error}.") from error
    if told != version.version:
        raise RunError(f"The HTTP service is of version {told}, not {version.version}.")
