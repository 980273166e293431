"""Prefect's temporary server ends with the process that it was started for, however that ends."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

KILLED = """
import os, signal
from flows.environment import quiet_environment
quiet_environment(debug=False)
from prefect.server.api.server import SubprocessASGIServer
from flows.temporary_server import temporary_server
with temporary_server():
    print(SubprocessASGIServer().server_process.pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
REFUSED = """
from flows.environment import quiet_environment
quiet_environment(debug=False)
from flows.temporary_server import temporary_server
from tasks.errors import RunError
try:
    with temporary_server():
        pass
except RunError as error:
    print(error)
"""
SECONDS = 60


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Of a process that no server is set for."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    own["PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS"] = "600"  # on a busy machine
    return own | {"PREFECT_HOME": str(tmp_path / "prefect")}


def said(script: str, environment: dict[str, str]) -> str:
    command = [sys.executable, "-c", script]
    return subprocess.run(
        command, env=environment, check=False, stdout=subprocess.PIPE, text=True
    ).stdout


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_a_process_that_is_killed_leaves_no_server(environment: dict[str, str]) -> None:
    pid = int(said(KILLED, environment))
    for _ in range(SECONDS * 10):
        if not is_running(pid):
            return
        time.sleep(0.1)
    raise AssertionError(f"The server {pid} goes on.")


def test_a_server_that_does_not_start_is_told(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "prefect").write_text("a file", encoding="utf-8")
    environment["PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS"] = "5"
    told = said(REFUSED, environment)
    assert "Prefect's temporary server does not start" in told
    assert f"{tmp_path / 'prefect'} (PREFECT_HOME) must be a folder" in told
    assert "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS must be more than 5" in told
