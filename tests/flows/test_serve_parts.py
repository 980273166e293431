"""Parts of `whence serve` that need no server: keepers, restarts, judgement, what is refused."""

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml
from alembic import command
from hypothesis import given
from hypothesis import strategies as st
from prefect import State
from prefect.client.schemas.objects import FlowRun
from prefect.states import AwaitingRetry, Crashed, Running

from flows.api_guard import TOKEN
from flows.cli import main
from flows.installation.plan import DATABASE, REPORTS, Plan, environment_of, prefect_database
from flows.installation.processes import children, descendants, started_with
from flows.installation.state import (
    Running as RunningService,
)
from flows.installation.state import (
    forget_state,
    log_file,
    read_state,
    running_service,
    supervisor_lock,
    write_state,
)
from flows.service.checks import LEAST_FREE, LONGEST_SILENCE, Facts, judge
from flows.service.child import Child, Program
from flows.service.deployments import are_there, find_examples, keep_switches
from flows.service.folder import alone, service_identifier
from flows.service.probes import (
    free_bytes,
    prefect_fault,
    prefect_heads,
    registry_fault,
    stan_faults,
)
from flows.service.programs import API, PAGE, WORKER, program_of
from flows.service.recovery import (
    LONGEST_START,
    MOST_TIMES,
    PUT_BACK,
    TAKEN_UP,
    process_name,
    times_taken_up,
    was_cut_off,
)
from flows.service.restarts import FIRST_PAUSE, LONGEST_PAUSE, SECONDS_TO_FORGET, Restarts
from flows.service.supervisor import Supervisor
from tasks.beliefs.registry import Registry
from tasks.beliefs.registry_schema import alembic_config
from tasks.errors import InputError, RunError
from tasks.locations import resource
from tests.conftest import NewDatabase

from .serving import wait_for

SECONDS = 20.0
MARK = "A_TEST_OF_KEEPERS"


@pytest.fixture
def marked(tmp_path: Path) -> Callable[[], list[int]]:
    """Processes that carry the mark of this test."""
    return partial(started_with, MARK, str(tmp_path))


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Callable[..., Child]]:
    """Runs shell scripts under keepers."""
    started: list[Child] = []

    def start(script: str, seconds_to_end: float = 1.0) -> Child:
        environment = {**os.environ, MARK: str(tmp_path)}
        program = Program(
            "script", ["sh", "-c", script], environment, tmp_path / "log", (), seconds_to_end
        )
        started.append(Child(program))
        return started[-1]

    yield start
    for child in started:
        child.end()


def test_a_keeper_ends_all_that_came_of_its_program(
    kept: Callable[..., Child], marked: Callable[[], list[int]]
) -> None:
    child = kept("setsid sleep 600 & sh -c 'setsid sleep 601 & wait' & echo begun; wait")
    wait_for(lambda: len(marked()) == 5, SECONDS, "keeper, two shells and two sleepers ran")
    child.end()
    assert marked() == []
    assert child.program.log.read_text() == "begun\n"


def test_a_program_that_does_not_listen_is_killed(
    kept: Callable[..., Child], marked: Callable[[], list[int]]
) -> None:
    child = kept("trap '' TERM; echo begun; while :; do sleep 0.1; done")
    wait_for(lambda: child.program.log.read_text(), SECONDS, "the shell ran")
    assert child.code is None
    child.end()
    assert (child.code, marked()) == (137, [])


def test_a_program_that_listens_has_time_to_end(kept: Callable[..., Child]) -> None:
    child = kept("trap 'sleep 1; echo ended; exit 7' TERM; echo begun; sleep 600 & wait", 10)
    wait_for(lambda: child.program.log.read_text(), SECONDS, "the shell ran")
    child.end()
    assert (child.code, child.program.log.read_text()) == (7, "begun\nended\n")


def test_when_the_program_is_killed_its_children_are_too(
    kept: Callable[..., Child], marked: Callable[[], list[int]]
) -> None:
    child = kept("setsid sleep 600 & wait")
    wait_for(lambda: len(marked()) == 3, SECONDS, "keeper, shell and sleeper ran")
    os.kill(child.pid, signal.SIGKILL)
    assert child.wait(SECONDS) == 137
    assert marked() == []


def test_an_orphan_is_ended_while_the_program_goes_on(
    kept: Callable[..., Child], marked: Callable[[], list[int]]
) -> None:
    child = kept("(setsid sleep 600 &) ; sleep 601")
    wait_for(lambda: len(descendants(child.keeper)) == 3, SECONDS, "there was an orphan")
    wait_for(lambda: len(descendants(child.keeper)) == 2, SECONDS, "the orphan was ended")
    assert child.code is None


def test_a_keeper_ends_all_when_its_parent_is_killed(
    tmp_path: Path, marked: Callable[[], list[int]]
) -> None:
    keeper = [sys.executable, "-m", "flows.service.keeper", "1", "sleep", "600"]
    script = f"import subprocess, time; subprocess.Popen({keeper}, stdin=subprocess.PIPE)\n"
    environment = {**os.environ, MARK: str(tmp_path)}
    parent = subprocess.Popen([sys.executable, "-c", f"{script}time.sleep(600)"], env=environment)
    wait_for(lambda: len(marked()) == 3, SECONDS, "parent, keeper and sleeper ran")
    os.kill(next(iter(children(parent.pid))), signal.SIGTERM)  # nobody but the parent ends it
    time.sleep(0.5)
    assert len(marked()) == 3
    parent.kill()
    parent.wait()
    wait_for(lambda: not marked(), SECONDS, "all ended")


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 500)), max_size=30))
def test_pauses_grow_until_a_program_has_worked_for_a_while(
    lives: list[tuple[bool, float]],
) -> None:
    restarts, now, before = Restarts(), 0.0, 0.0
    for worked, seconds in lives:
        if worked:
            restarts.works(now)
        now += seconds
        pause = restarts.died(now)
        assert FIRST_PAUSE <= pause <= LONGEST_PAUSE
        if worked and seconds > SECONDS_TO_FORGET:
            assert pause == FIRST_PAUSE
        else:
            assert pause == (min(2 * before, LONGEST_PAUSE) if before else FIRST_PAUSE)
        assert restarts.at == now + pause
        before = pause
    failures = [worked for worked, _ in lives][::-1]
    assert restarts.failures == (failures.index(True) if True in failures else len(failures))


def test_a_run_that_crashed_is_taken_up_a_few_times_and_being_put_back_does_not_count() -> None:
    crashed, put_back = Crashed(), AwaitingRetry(message=PUT_BACK)
    taken_up = AwaitingRetry(message=f"{TAKEN_UP} after a crash, time 1 of {MOST_TIMES}.")
    states = [Running(), put_back, Running(), crashed, taken_up, Running(), crashed]
    assert times_taken_up(states) == 1


def test_what_other_machines_began_is_left_to_them() -> None:
    began = datetime.now(UTC)
    long_ago, just_now = began - timedelta(hours=1), began - timedelta(seconds=1)

    def run(process: str | None, since: datetime, state: State[Any]) -> FlowRun:
        state = state.model_copy(update={"timestamp": since})
        return FlowRun(flow_id=uuid4(), infrastructure_pid=process, state=state)

    def is_ours(process: str | None, since: datetime, later: float = 0) -> bool:
        now = began + timedelta(seconds=later)
        return was_cut_off(run(process, since, Running()), "5e1f", began, now)

    assert is_ours(process_name("5e1f", 17), long_ago)
    assert is_ours(process_name("5e1f", 17), just_now)
    for other in (process_name("5e1f0", 17), process_name("0", 17), "17", "5e1f", "nomad:5e1f:17"):
        assert not is_ours(other, long_ago)
    assert not is_ours(process_name("5e1f", 17), began + timedelta(seconds=1))
    assert is_ours(None, long_ago)
    assert not is_ours(None, just_now)
    assert is_ours(None, just_now, later=LONGEST_START.total_seconds())
    assert not was_cut_off(FlowRun(flow_id=uuid4()), "5e1f", began, began)


def test_the_identifier_of_a_service_stays_with_its_folder(tmp_path: Path) -> None:
    first, second = tmp_path / "하나", tmp_path / "둘"
    found = service_identifier(first)
    assert service_identifier(first) == found != service_identifier(second)
    assert service_identifier(first.rename(tmp_path / "셋")) == found


def test_a_schedule_says_active_where_it_is_new_or_to_be_active() -> None:
    file = [
        {"name": "a", "schedules": [{"slug": "x", "active": False}, {"slug": "y", "active": True}]},
        {"name": "b", "schedules": [{"slug": "x", "active": False}]},
        {"name": "c"},
    ]
    before = yaml.safe_dump(file)
    found = keep_switches(file, {"a": {"x": True, "y": False}})
    assert found[0]["schedules"] == [{"slug": "x"}, {"slug": "y", "active": True}]
    assert found[1:] == [file[1], {"name": "c", "schedules": []}]
    assert yaml.safe_dump(file) == before
    assert not are_there(file, {"a": {"x": True, "y": False}, "b": {}, "c": {}})
    assert are_there(file, {"a": {"x": False, "y": True}, "b": {}, "c": {}})
    assert not are_there(file, {"a": {"x": False, "y": True}, "b": {}})


def test_examples_of_the_package_are_found_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.csv").touch()
    example = "stan/examples/eight_schools.csv"
    given = {"data": example, "own": "mine.csv", "none": "data/f1", "seed": 1}
    found = find_examples([{"name": "x", "parameters": {"parameters": given}}])
    expected = given | {"data": str(resource(example))}
    assert found == [{"name": "x", "parameters": {"parameters": expected}}]


RUNNING = RunningService(
    pid=1,
    environment="/opt/whence",
    version="1.2.3",
    page="http://127.0.0.1:4200",
    api="http://127.0.0.1:8642",
    database=None,
    deployments="prefect.yaml",
    runs="/runs",
    since=datetime(2026, 1, 1, tzinfo=UTC),
    pids={PAGE: 2, WORKER: 3, API: 4},
)
IN_ORDER = Facts(
    running=RUNNING,
    registry=None,
    toolchain=None,
    not_compiled=(),
    free=LEAST_FREE,
    page=True,
    worker=True,
    api=True,
    prefect_database=None,
    silence=1.0,
    not_deployed=(),
)


def test_in_order_is_what_is_in_order() -> None:
    findings = judge(IN_ORDER)
    assert [finding.fault for finding in findings] == [None] * 9
    assert findings[0].line == (
        "service             ok      whence 1.2.3 of /opt/whence, process 1"
    )


@pytest.mark.parametrize(
    ("changes", "what", "line"),
    [
        ({"page": False}, "Prefect's page", "failed  No answer. The supervisor starts it again"),
        ({"api": False}, "HTTP service", "failed  No answer."),
        ({"worker": False}, "worker", "failed  Its process is gone."),
        ({"silence": None}, "worker", "failed  It was heard never."),
        ({"silence": LONGEST_SILENCE + 1}, "worker", "failed  It was heard 91 seconds ago."),
        ({"not_deployed": ("a", "b", "c", "d")}, "deployments", "failed  4 of prefect.yaml are"),
        ({"prefect_database": "Old."}, "Prefect's database", "failed  Old. End `whence serve`"),
        ({"registry": "Old."}, "beliefs", "failed  Old."),
        ({"toolchain": "Not built."}, "Stan", "failed  Not built. Run `whence stan --compile`."),
        ({"not_compiled": ("x",)}, "Stan", "failed  1 programs are not compiled (x)."),
        ({"free": LEAST_FREE - 1}, "disk of the runs", "failed  Only 2.0 GB free. Make room."),
        ({"running": None}, "service", "failed  Nothing is served: start `whence serve`."),
    ],
)
def test_a_fault_is_told_with_what_to_do(
    changes: Mapping[str, object], what: str, line: str
) -> None:
    failed = [finding for finding in judge(replace(IN_ORDER, **changes)) if finding.fault]
    assert [finding.what for finding in failed] == [what]
    assert failed[0].line.startswith(f"{what:<20}{line}")


def test_runs_elsewhere_have_no_disk() -> None:
    assert free_bytes("s3://bucket/runs") is None
    assert judge(replace(IN_ORDER, free=None))[-1].line.endswith(
        "ok      no folder of this machine"
    )


def test_free_space_is_that_of_the_folder_that_will_hold_the_runs(tmp_path: Path) -> None:
    free = free_bytes(str(tmp_path / "not" / "there"))
    assert free is not None
    assert free > 0


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_database_of_another_revision_is_a_fault(
    kind: str, new_database: NewDatabase, tmp_path: Path
) -> None:
    from sqlalchemy import create_engine, text

    url = new_database(kind)
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
    assert "at revision none, and" in str(prefect_fault(url, tmp_path))
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO alembic_version VALUES ('0123456789ab')"))
    assert "at revision 0123456789ab, and" in str(prefect_fault(url, tmp_path))
    head = prefect_heads(kind)[0]
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :head"), {"head": head})
    engine.dispose()
    assert prefect_fault(url, tmp_path) is None


def test_a_database_that_cannot_be_reached_is_a_fault_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    monkeypatch.setenv("HIDDEN", f"postgresql://ann:geheim@127.0.0.1:{port}/x")
    assert prefect_fault("env:HIDDEN", tmp_path) == "It cannot be read (ConnectionRefusedError)."
    monkeypatch.delenv("HIDDEN")
    assert "HIDDEN" in str(prefect_fault("env:HIDDEN", tmp_path))
    started: list[threading.Thread] = []
    monkeypatch.setattr(threading.Thread, "start", started.append)
    assert "It cannot be read" in str(prefect_fault(None, tmp_path))
    assert started == []  # one would end in a traceback


def test_a_registry_behind_its_head_is_a_fault(
    new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHENCE_DATABASE", new_database("sqlite"))
    assert registry_fault() is None
    with Registry.current() as registry, registry.engine.begin() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.downgrade(config, "-1")
    assert "run `whence beliefs upgrade`" in str(registry_fault())


def test_what_is_not_compiled_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHENCE_CACHE", str(tmp_path))
    toolchain, missing = stan_faults()
    assert toolchain == "The toolchain is not built."
    assert set(missing) == {path.stem for path in resource("stan").glob("*.stan")}


def test_the_state_is_there_only_while_somebody_serves(tmp_path: Path) -> None:
    assert read_state(tmp_path) is None
    write_state(tmp_path, RUNNING)
    assert read_state(tmp_path) == RUNNING
    assert running_service(tmp_path) is None
    with supervisor_lock(tmp_path):
        assert running_service(tmp_path) == RUNNING
    (tmp_path / "running.json").write_text('{"pid": 1}')
    assert read_state(tmp_path) is None
    forget_state(tmp_path)
    assert list(tmp_path.glob("running*")) == []


def test_a_second_supervisor_is_refused(tmp_path: Path) -> None:
    with alone(tmp_path / "service"):
        refused = pytest.raises(
            InputError, match=r"Another `whence serve` serves .*service: end it"
        )
        with refused, alone(tmp_path / "service"):
            raise AssertionError("two supervisors serve one folder")
        assert (tmp_path / "service").stat().st_mode & 0o777 == 0o700
    with alone(tmp_path / "service"):
        pass


@pytest.fixture
def plan(tmp_path: Path) -> Iterator[Plan]:
    folder = tmp_path / "service"
    with (
        socket.create_server(("127.0.0.1", 0)) as page,
        socket.create_server(("127.0.0.1", 0)) as api,
        alone(folder),
    ):
        yield Plan(folder, page, api, None, resource("prefect.yaml"), str(tmp_path / "runs"))


def test_every_program_gets_what_it_needs_and_no_more(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        TOKEN: "secret",
        "HIDDEN": "postgresql://ann:geheim@db.example/x",
        "PREFECT_API_URL": "https://elsewhere.example/api",
        "PREFECT_API_KEY": "key",
        "HTTP_PROXY": "http://proxy.example",
        "NO_PROXY": "intranet.example",
        "WHENCE_RUNS": "relative",
    }.items():
        monkeypatch.setenv(name, value)
    hidden = replace(plan, database="env:HIDDEN")
    programs = {name: program_of(name, Path("/opt/it"), hidden) for name in (PAGE, WORKER, API)}
    port = plan.page.getsockname()[1]
    for program in programs.values():
        assert program.environment["PREFECT_API_URL"] == f"http://127.0.0.1:{port}/api"
        assert program.environment["NO_PROXY"] == "intranet.example,127.0.0.1,localhost"
        assert program.environment["WHENCE_RUNS"] == plan.runs
        assert "PREFECT_API_KEY" not in program.environment
        assert program.command[0] == "/opt/it/bin/python3"
        assert "geheim" not in " ".join(program.command)
    reached = "postgresql+asyncpg://ann:geheim@db.example/x"
    assert programs[PAGE].environment[DATABASE] == reached
    assert [DATABASE in programs[name].environment for name in (WORKER, API)] == [False, False]
    assert [TOKEN in programs[name].environment for name in (PAGE, WORKER, API)] == [
        False,
        False,
        True,
    ]
    assert programs[PAGE].descriptors == [plan.page.fileno()]
    assert not any(REPORTS in program.environment for program in programs.values())


def test_links_lead_to_the_reports_where_no_token_is_needed(plan: Plan) -> None:
    port = plan.api.getsockname()[1]
    found = environment_of(plan, Path("/opt/it"), {})
    assert found[REPORTS] == f"http://127.0.0.1:{port}/runs"
    assert REPORTS not in environment_of(plan, Path("/opt/it"), {TOKEN: "secret"})


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (None, "sqlite+aiosqlite:///{folder}/prefect/prefect.db"),
        ("postgresql://ann@db.example/x", "postgresql+asyncpg://ann@db.example/x"),
    ],
)
def test_the_database_is_opened_by_prefect_s_own_driver(
    given: str | None, told: str, tmp_path: Path
) -> None:
    assert str(prefect_database(given, tmp_path)) == told.format(folder=tmp_path)


def test_the_database_of_a_password_that_shows_is_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for database in ("postgresql://ann:geheim@db.example/x", "mysql://db.example/x", "folder"):
        assert main(["serve", "--database", database]) == 2
        said = capsys.readouterr().err
        assert "geheim" not in said
        assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (None, "must name a file"),
        ("deployments: [", "must be a file of YAML"),
        ("deployments: {}", "must hold a list `deployments`"),
        ("deployments: [{tags: [a]}]", "each with a `name`"),
    ],
)
def test_a_file_that_cannot_be_deployed_is_refused(
    text: str | None, rule: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.yaml"
    if text is not None:
        file.write_text(text)
    assert main(["serve", "--deployments", str(file)]) == 2
    assert rule in capsys.readouterr().err


def serve_from(environment: Path, plan: Plan) -> tuple[str, list[str]]:
    """Why a service ends, and what it told."""
    told: list[str] = []
    supervisor = Supervisor(plan, told.append)
    supervisor.stack.environment = environment
    with pytest.raises(RunError) as refused:
        supervisor.run()
    return str(refused.value), told


def test_a_program_that_dies_at_once_again_and_again_ends_the_service(
    plan: Plan, tmp_path: Path
) -> None:
    broken = tmp_path / "environment"
    (broken / "bin").mkdir(parents=True)
    (broken / "bin" / "python3").write_text("#!/bin/sh\necho 'No module, 없음' >&2\nexit 3\n")
    (broken / "bin" / "python3").chmod(0o755)
    # A process of its own, since a supervisor ends all children that it does not know.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        why, told = pool.submit(serve_from, broken, plan).result()
    assert re.search(r"(?s)server died 5 times before it did its work.*없음", why)
    assert str(log_file(plan.folder, PAGE)) in why
    died = [line for line in told if "Prefect's server died (exit code 3)" in line]
    assert [line.rpartition("again in ")[2] for line in died] == ["0.5 s.", "1 s.", "2 s.", "4 s."]
    assert told[-1] == "Ended."
    assert read_state(plan.folder) is None


def test_the_check_of_nothing_says_how_to_begin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WHENCE_DATA", str(tmp_path))
    assert main(["serve", "--check"]) == 3
    assert (
        capsys.readouterr().out.splitlines()[0].endswith("Nothing is served: start `whence serve`.")
    )
    with closing(sqlite3.connect(tmp_path / "registry.db")) as connection:
        assert connection.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)
