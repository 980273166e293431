"""A service of `whence serve` in folders of its own, as a user starts it."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from prefect import get_client
from prefect.client.orchestration import SyncPrefectClient
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.installation.processes import end_all, started_with, variable
from flows.installation.state import MARK, Running, read_state
from flows.service.health import ask

from .conftest import SmallDatabase

SECONDS_TO_START = 500.0
SECONDS_TO_END = 90.0
SECONDS_FOR_A_RUN = 400.0
WELCOME = "Ctrl-C ends all."
FINAL = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
QUICK = {
    "PREFECT_SERVER_DEPLOYMENTS_CONCURRENCY_SLOT_WAIT_SECONDS": "1",
    "PREFECT_WORKER_QUERY_SECONDS": "1",
    "PREFECT_WORKER_PREFETCH_SECONDS": "1",
    "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "2",
    "PREFECT_API_LOG_RETRYABLE_ERRORS": "true",
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "INFO",
}
LOCKED = re.compile("database is locked|deadlock|OperationalError|retryable exception")
ONE_AT_A_TIME = {"limit": 1, "collision_strategy": "ENQUEUE"}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def wait_for(what: Callable[[], Any], seconds: float, why: str) -> Any:
    """The first true value of a function."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, f"{why} within {seconds:.0f} seconds"
        time.sleep(0.05)
    return found


def deployment(name: str, parameters: Mapping[str, object], **further: object) -> dict[str, Any]:
    """An entry of a file of deployments."""
    return {
        "name": name,
        "entrypoint": "flows.intervention_analysis.intervention_analysis",
        "work_pool": {"name": "whence", "job_variables": {"working_dir": "{{ $PWD }}"}},
        "concurrency_limit": ONE_AT_A_TIME,
        "pull": [],
        "parameters": {"parameters": dict(parameters)},
        **further,
    }


class Service:
    """Starts `whence serve`, asks it, breaks it, ends it."""

    def __init__(self, folder: Path, *options: str, **variables: str) -> None:
        self.work, self.runs = folder / "work", folder / "runs"
        self.folder = folder / "data" / "service"
        self.file = folder / "deployed.yaml"
        self._told = folder / "told.txt"
        self.work.mkdir(parents=True)
        self.ports = free_port(), free_port()
        ports = ("--port", str(self.ports[0]), "--api-port", str(self.ports[1]))
        self.command = [sys.executable, "-m", "flows.cli", "serve", *ports, *options]
        self.command += ["--deployments", str(self.file)]
        self.variables = {
            **os.environ,
            **QUICK,
            "WHENCE_DATA": str(folder / "data"),
            "WHENCE_RUNS": str(self.runs),
            **variables,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def deploy(self, *deployments: Mapping[str, Any]) -> None:
        """Write the file that is deployed when the service starts."""
        content = {"name": "small", "deployments": list(deployments)}
        self.file.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")

    def start(self) -> None:
        with self._told.open("wb") as told:
            self.process = subprocess.Popen(
                self.command, cwd=self.work, env=self.variables, stdout=told, stderr=told
            )
        wait_for(
            lambda: WELCOME in self.told() or self.process.poll() is not None,
            SECONDS_TO_START,
            "the service started",
        )
        assert self.process.poll() is None, self.told()

    def told(self) -> str:
        return self._told.read_text(encoding="utf-8")

    def logs(self) -> str:
        """All logs, of earlier starts too."""
        found = sorted((self.folder / "logs").iterdir())
        return "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in found)

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        """Ask the supervisor to end, or kill it."""
        assert self.process
        self.process.send_signal(number)
        return self.process.wait(SECONDS_TO_END)

    def clear_away(self) -> None:
        """Leave no process."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(SECONDS_TO_END)
            finally:
                self.process.kill()
        end_all(self.processes())

    def processes(self) -> list[int]:
        """All programs of the service, and what they started."""
        return started_with(MARK, str(self.folder))

    @property
    def state(self) -> Running:
        found = read_state(self.folder)
        assert found
        return found

    def ask(self, path: str, body: object = None) -> Any:
        """What Prefect's server answers, which may just be starting again."""
        url = f"http://127.0.0.1:{self.ports[0]}/api/{path}"
        for _ in range(20):
            try:
                return ask(url, body)
            except OSError as error:
                if getattr(error, "code", 503) != 503:
                    raise
                time.sleep(1)
        raise AssertionError(f"{url} does not answer")

    @contextmanager
    def client(self) -> Iterator[SyncPrefectClient]:
        """Prefect's own client, for what the page does."""
        url = f"http://127.0.0.1:{self.ports[0]}/api"
        with temporary_settings({PREFECT_API_URL: url}), get_client(sync_client=True) as client:
            yield client

    def switch(self, name: str, slug: str, active: bool) -> None:
        """Switch a schedule, as on Prefect's page."""
        found = self.deployed(name)
        schedule = next(of for of in found["schedules"] if of["slug"] == slug)
        with self.client() as client:
            client.update_deployment_schedule(found["id"], schedule["id"], active=active)

    def switches(self, name: str) -> dict[str, bool]:
        return {of["slug"]: of["active"] for of in self.deployed(name)["schedules"]}

    def deployed(self, name: str) -> dict[str, Any]:
        return self.ask(f"deployments/name/intervention-analysis/{name}")

    def trigger(self, name: str, root: Path | None = None, **changes: object) -> str:
        """Have a deployment run, with other parameters or in a run store of its own."""
        found = self.deployed(name)
        body: dict[str, Any] = {}
        if changes:
            body["parameters"] = {"parameters": found["parameters"]["parameters"] | changes}
        if root:
            body["job_variables"] = {"env": {"WHENCE_RUNS": str(root)}}
        return str(self.ask(f"deployments/{found['id']}/create_flow_run", body)["id"])

    def run(self, run: str) -> dict[str, Any]:
        return self.ask(f"flow_runs/{run}")

    def states(self, run: str) -> list[dict[str, Any]]:
        return self.ask(f"flow_run_states/?flow_run_id={run}")

    def await_state(self, run: str, *names: str) -> dict[str, Any]:
        """The flow run once its state is one of some types."""

        def there() -> dict[str, Any] | None:
            found = self.run(run)
            return found if found["state_type"] in names else None

        return wait_for(there, SECONDS_FOR_A_RUN, f"the flow run was {' or '.join(names)}")

    def completed(self, run: str) -> dict[str, Any]:
        """The flow run once it is done."""
        found = self.await_state(run, *FINAL)
        assert found["state_type"] == "COMPLETED", (found["state"]["message"], self.logs()[-4000:])
        return found

    def process_of(self, run: str) -> int:
        """The process of a flow run."""
        return wait_for(
            lambda: next(
                (
                    pid
                    for pid in self.processes()
                    if variable(pid, "PREFECT__FLOW_RUN_ID") == run and os.getsid(pid) == pid
                ),
                None,
            ),
            SECONDS_FOR_A_RUN,
            "the flow run had a process",
        )


@contextmanager
def serving(service: Service, *deployments: Mapping[str, Any]) -> Iterator[Service]:
    """A service that serves these deployments in the block, and leaves no process."""
    service.deploy(*deployments)
    try:
        service.start()
        yield service
    finally:
        service.clear_away()


def manifests(root: Path) -> list[dict[str, Any]]:
    """Manifests of the runs of a run store, oldest first."""
    found = sorted(root.glob("*/*/manifest.json"), key=lambda path: path.parent.name)
    return [json.loads(path.read_text(encoding="utf-8")) for path in found]


def two_domains(folder: Path) -> tuple[SmallDatabase, SmallDatabase]:
    """Two databases with contracts of their own."""
    first, second = SmallDatabase(folder / "첫째"), SmallDatabase(folder / "둘째")
    second.content["name"] = "둘째"
    first.write()
    second.write()
    return first, second


@dataclass(frozen=True)
class Queued:
    """Two runs of one domain, the second with another seed, and one of another domain."""

    first: dict[str, Any]
    again: dict[str, Any]
    other: dict[str, Any]


def run_three(service: Service) -> Queued:
    """Trigger all three at once, and wait for them."""
    first = service.trigger("first")
    service.await_state(first, "PENDING", "RUNNING")
    again, other = service.trigger("first", seed=2), service.trigger("second")
    return Queued(*(service.completed(run) for run in (first, again, other)))


def began(run: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(run["start_time"])


def ended(run: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(run["end_time"])
