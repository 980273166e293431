"""`whence serve` as a user meets it: it serves, it mends what is killed, it ends."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from uuid import UUID

import pytest

from flows.cli import main
from flows.installation.processes import is_alive
from flows.installation.state import log_file, running_service
from flows.service.folder import service_identifier
from flows.service.programs import API, DEPLOY, PAGE, WORKER
from flows.service.recovery import MOST_TIMES, PUT_BACK, TAKEN_UP

from .conftest import SIZES
from .serving import (
    LOCKED,
    SECONDS_FOR_A_RUN,
    SECONDS_TO_END,
    Queued,
    Service,
    began,
    deployment,
    ended,
    manifests,
    run_three,
    serving,
    two_domains,
    wait_for,
)

NIGHTLY = {"slug": "nightly", "cron": "0 3 * * *", "timezone": "UTC", "active": False}
OFTEN = {"slug": "often", "interval": 20, "timezone": "UTC", "active": False}
SELDOM = {"slug": "seldom", "cron": "0 4 29 2 *", "timezone": "UTC", "active": True}
SCHEDULES = [NIGHTLY, OFTEN, SELDOM]
LISTENING = "0A"
LOOPBACK = "0100007F"


@pytest.fixture(scope="module")
def entries(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    first, second = two_domains(tmp_path_factory.mktemp("databases"))
    return [
        deployment("first", {"domain": str(first.contract)} | SIZES, schedules=SCHEDULES),
        deployment("second", {"domain": str(second.contract)} | SIZES),
    ]


@pytest.fixture(scope="module")
def service(
    tmp_path_factory: pytest.TempPathFactory, entries: list[dict[str, Any]]
) -> Iterator[Service]:
    with serving(Service(tmp_path_factory.mktemp("service")), *entries) as service:
        yield service


@pytest.fixture(scope="module")
def queued(service: Service) -> Queued:
    return run_three(service)


@pytest.fixture(scope="module")
def undisturbed(service: Service, queued: Queued) -> dict[str, str]:
    """Digests of the files of a run that nobody disturbed."""
    return next(found["digests"] for found in manifests(service.runs) if is_of(found, queued.first))


def is_of(manifest: dict[str, Any], run: dict[str, Any]) -> bool:
    return bool(manifest["flow_run"] == run["id"])


@pytest.fixture
def steps(service: Service, tmp_path: Path) -> Callable[[int], None]:
    """Waits until the run in ``tmp_path`` has finished some steps."""

    def wait(count: int) -> None:
        results = tmp_path / "runs" / ".results"
        wait_for(
            lambda: results.is_dir() and len(list(results.iterdir())) >= count,
            SECONDS_FOR_A_RUN,
            f"{count} steps were done",
        )

    return wait


def test_the_start_is_told_line_by_line(service: Service) -> None:
    page, api = (f"http://127.0.0.1:{port}" for port in service.ports)
    told = service.told()
    expected = [
        "Starting from ",
        "  waiting for Prefect's server",
        "  waiting for the HTTP service",
        f"  deployments of {service.file}",
        "  waiting for the worker",
        f"Prefect's page   {page}",
        f"HTTP service     {api}/docs",
        f"Runs             {service.runs}",
        f"Logs             {service.folder / 'logs'}",
        f"  export PREFECT_API_URL={page}/api",
    ]
    places = [told.find(line) for line in expected]
    assert -1 not in places
    assert places == sorted(places)
    state = service.state
    assert (state.page, state.api, state.runs) == (page, api, str(service.runs))
    assert service.process
    assert state.pid == service.process.pid
    assert set(state.pids) == {PAGE, WORKER, API}
    assert all(is_alive(pid) for pid in state.pids.values())


def test_nothing_listens_to_other_machines(service: Service) -> None:
    listening = {}
    for name in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]:
            _, local, _, state, *_, inode = line.split()[:10]
            if state == LISTENING:
                listening[f"socket:[{inode}]"] = local.split(":")
    own = {
        str(entry.readlink())
        for pid in [service.state.pid, *service.processes()]
        for entry in Path(f"/proc/{pid}/fd").iterdir()
        if entry.is_symlink()
    }
    found = [listening[socket] for socket in own & listening.keys()]
    assert {host for host, _ in found} == {LOOPBACK}
    assert {int(port, 16) for _, port in found} >= set(service.ports)


@pytest.mark.parametrize("values", [{"members": 3}, {"backbone": "oracle"}, {"domains": "demo"}])
def test_a_bad_parameter_is_refused_before_a_run_exists(
    service: Service, values: dict[str, object]
) -> None:
    before = service.ask("flow_runs/count", {})
    with pytest.raises(HTTPError) as refused:
        service.trigger("first", **values)
    assert refused.value.code in (409, 422)
    assert service.ask("flow_runs/count", {}) == before


def test_a_second_run_of_a_domain_waits_and_another_domain_does_not(queued: Queued) -> None:
    assert ended(queued.first) <= began(queued.again)
    assert began(queued.other) < ended(queued.again)
    assert queued.first["tags"] == []


def test_a_deployment_runs_again_with_one_parameter_changed(
    service: Service, queued: Queued
) -> None:
    found = {manifest["flow_run"]: manifest for manifest in manifests(service.runs)}
    first, again = found[queued.first["id"]], found[queued.again["id"]]
    changed = {
        name
        for name in first["parameters"]
        if first["parameters"][name] != again["parameters"][name]
    }
    assert changed == {"seed"}
    assert again["steps"]["tables held against the contract"]["cached"]
    assert not again["steps"]["ensemble"]["cached"]


def test_a_schedule_that_is_switched_on_fires(service: Service, queued: Queued) -> None:
    service.switch("first", "often", active=True)

    def by_schedule(*types: str) -> list[str]:
        runs = service.ask("flow_runs/filter", {})
        return [run["id"] for run in runs if run["auto_scheduled"] and run["state_type"] in types]

    try:
        run = wait_for(
            lambda: by_schedule("PENDING", "RUNNING"), SECONDS_FOR_A_RUN, "the schedule fired"
        )[0]
    finally:
        service.switch("first", "often", active=False)
    with service.client() as client:
        for late in by_schedule("SCHEDULED"):
            client.delete_flow_run(UUID(late))
    done = service.completed(run)
    assert any(is_of(manifest, done) for manifest in manifests(service.runs))


def test_a_second_service_of_a_folder_is_refused(
    service: Service, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WHENCE_DATA", str(service.folder.parent))
    assert main(["serve", "--deployments", str(service.file)]) == 2
    said = capsys.readouterr()
    assert said.err.startswith(f"whence: Another `whence serve` serves {service.folder}: end it")
    assert (said.out, len(said.err.splitlines())) == ("", 1)


def test_a_port_that_is_taken_is_refused(
    service: Service,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("WHENCE_DATA", str(tmp_path))
    ports = ["--port", str(service.ports[0]), "--api-port", "0"]
    assert main(["serve", "--deployments", str(service.file), *ports]) == 2
    said = capsys.readouterr()
    assert said.err.startswith(
        f"whence: Port {service.ports[0]} of 127.0.0.1 cannot be listened on"
    )
    assert (said.out, len(said.err.splitlines())) == ("", 1)


def test_a_run_survives_the_killing_of_server_flow_run_and_worker(
    service: Service, undisturbed: dict[str, str], tmp_path: Path, steps: Callable[[int], None]
) -> None:
    root = tmp_path / "runs"
    run = service.trigger("first", root)
    steps(2)
    os.kill(service.state.pids[PAGE], signal.SIGKILL)
    steps(4)
    os.kill(service.process_of(run), signal.SIGKILL)
    wait_for(lambda: service.run(run)["run_count"] == 2, SECONDS_FOR_A_RUN, "it was taken up")
    steps(6)
    os.kill(service.state.pids[WORKER], signal.SIGKILL)
    done = service.await_state(run, "COMPLETED", "FAILED")
    assert done["state_type"] == "COMPLETED"
    assert done["run_count"] == 1 + MOST_TIMES
    (manifest,) = manifests(root)
    assert manifest["digests"] == undisturbed
    cached = [step["cached"] for step in manifest["steps"].values()]
    assert cached[:5] == [True] * 5
    assert not all(cached)
    told = service.told()
    for title in ("Prefect's server", "the worker"):
        assert f"{title} died (killed by SIGKILL): started again in 0.5 s." in told
        assert f"{title} works again." in told


def test_runs_of_another_machine_are_left_alone(service: Service) -> None:
    mine, theirs = f"{service_identifier(service.folder)}:1", "another:1"
    flow = service.deployed("second")["flow_id"]
    runs = {}
    for process in (mine, theirs):
        body = {"flow_id": flow, "state": {"type": "RUNNING"}, "work_pool_name": "whence"}
        runs[process] = service.ask("flow_runs/", body)["id"]
        with service.client() as client:
            client.update_flow_run(UUID(runs[process]), infrastructure_pid=process)
        cancelling = {"state": {"type": "CANCELLING"}, "force": True}
        service.ask(f"flow_runs/{runs[process]}/set_state", cancelling)
    os.kill(service.state.pids[WORKER], signal.SIGKILL)
    service.await_state(runs[mine], "CANCELLED")
    assert service.run(runs[theirs])["state_type"] == "CANCELLING"


def test_a_run_that_always_crashes_is_given_up_and_holds_nothing(service: Service) -> None:
    run = service.trigger("second")
    for _ in range(1 + MOST_TIMES):
        process = service.process_of(run)
        os.kill(process, signal.SIGKILL)
        wait_for(lambda pid=process: not is_alive(pid), SECONDS_TO_END, "the process ended")
    found = wait_for(
        lambda: [state for state in service.states(run) if state["type"] == "CRASHED"][MOST_TIMES:],
        SECONDS_FOR_A_RUN,
        "the run crashed for good",
    )
    assert "SIGKILL" in found[0]["message"]
    taken_up = [of for of in service.states(run) if (of["message"] or "").startswith(TAKEN_UP)]
    assert len(taken_up) == MOST_TIMES
    assert service.run(run)["state_type"] == "CRASHED"
    limits = service.ask("v2/concurrency_limits/filter", {})
    assert [limit["active_slots"] for limit in limits] == [0, 0]


def test_the_check_sees_what_is_broken(
    service: Service, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WHENCE_DATA", str(service.folder.parent))

    def failing() -> list[str]:
        code = main(["serve", "--check"])
        lines = capsys.readouterr().out.splitlines()
        failed = [line[:20].strip() for line in lines if line[20:26] == "failed"]
        assert code == (3 if failed else 0)
        return failed

    wait_for(lambda: not failing(), SECONDS_FOR_A_RUN, "all was in order")
    pids = service.state.pids
    os.kill(service.state.pid, signal.SIGSTOP)  # else it mends what is broken
    try:
        os.kill(pids[WORKER], signal.SIGKILL)
        os.kill(pids[API], signal.SIGKILL)
        wait_for(lambda: not is_alive(pids[API]), SECONDS_TO_END, "the process ended")
        assert failing() == ["worker", "HTTP service"]
        os.kill(pids[PAGE], signal.SIGKILL)
        wait_for(lambda: not is_alive(pids[PAGE]), SECONDS_TO_END, "the process ended")
        assert failing() == ["Prefect's page", "worker", "HTTP service"]
    finally:
        os.kill(service.state.pid, signal.SIGCONT)
    wait_for(lambda: not failing(), SECONDS_FOR_A_RUN, "all was mended")


def test_a_killed_supervisor_leaves_nothing_and_the_next_goes_on(
    service: Service, undisturbed: dict[str, str], tmp_path: Path, steps: Callable[[int], None]
) -> None:
    root = tmp_path / "runs"
    service.switch("first", "nightly", active=True)
    service.switch("first", "seldom", active=False)
    run = service.trigger("first", root)
    steps(4)
    for pid in (service.state.pids[WORKER], service.process_of(run), service.state.pid):
        os.kill(pid, signal.SIGKILL)
    assert service.process
    service.process.wait(SECONDS_TO_END)
    assert running_service(service.folder) is None
    wait_for(lambda: not service.processes(), SECONDS_TO_END, "no process was left")
    service.start()
    assert service.completed(run)["run_count"] == 2
    (manifest,) = manifests(root)
    assert manifest["digests"] == undisturbed
    assert service.switches("first") == {"nightly": True, "often": False, "seldom": True}


def test_a_service_that_is_ended_puts_its_run_back(
    service: Service, undisturbed: dict[str, str], tmp_path: Path, steps: Callable[[int], None]
) -> None:
    root = tmp_path / "runs"
    run = service.trigger("first", root)
    steps(4)
    assert service.end() == 0
    assert service.told().endswith("the next start.\nEnded.\n")
    assert service.processes() == []
    assert running_service(service.folder) is None
    service.start()
    service.completed(run)
    (manifest,) = manifests(root)
    assert manifest["digests"] == undisturbed
    messages = [state["message"] for state in service.states(run)]
    assert PUT_BACK in messages
    assert not any((message or "").startswith(TAKEN_UP) for message in messages)
    assert log_file(service.folder, DEPLOY).read_text() == "Nothing has changed.\n"
    assert service.switches("first") == {"nightly": True, "often": False, "seldom": True}


def test_no_log_tells_of_a_locked_database(service: Service) -> None:
    assert not LOCKED.findall(service.logs())
