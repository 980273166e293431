"""Prefect's temporary server, which does not outlive the process that it was started for."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from prefect.client.base import ServerType, determine_server_type
from prefect.server.api.server import SubprocessASGIServer
from prefect.settings import PREFECT_HOME, PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS

from tasks.errors import RunError
from tasks.outside import explain

GUARD = 'read -r _; kill "$0"'
"""Its standard input ends with the process that started it, however that ends."""


@contextmanager
def temporary_server() -> Iterator[None]:
    """Start Prefect's temporary server unless another is set, and see that it ends.

    Prefect ends it when the process exits. A process that is killed exits without that: of each
    such run a server would be left, with 200 MB.

    Raises
    ------
    RunError
        If it does not start.
    """
    if determine_server_type() is not ServerType.EPHEMERAL:
        yield
        return
    server = SubprocessASGIServer()
    try:
        server.start()
    except (RuntimeError, httpx.HTTPError) as error:
        seconds = PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS
        raise explain(error) or RunError(
            f"Prefect's temporary server does not start: {PREFECT_HOME.value()} (PREFECT_HOME) "
            "must be a folder that can be written to, and where the machine is busy, "
            f"{seconds.name} must be more than {seconds.value()}."
        ) from error
    with _guarded(server.server_process):
        yield


@contextmanager
def _guarded(process: subprocess.Popen[bytes] | None) -> Iterator[None]:
    """End a process when this one has ended without ending it."""
    if process is None:
        yield
        return
    command = ["/bin/sh", "-c", GUARD, str(process.pid)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as guard:
        try:
            yield
        finally:
            guard.kill()
