"""Parts of `whence release` that need no service: copies, revisions, gates, servers, refusals."""

import asyncio
import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import prefect
import psycopg
import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import make_url

from flows.api_jobs import JobQueue
from flows.cli import main
from flows.installation.databases import MOST_KEPT, Database, copy_sqlite, prune
from flows.installation.environments import ask_version, check_releasable, newer
from flows.installation.identity import KINDS, identity, revisions
from flows.installation.plan import Plan
from flows.installation.postgresql import drop, dump, load, make_copy
from flows.installation.registry import migrate, rows
from flows.installation.release_state import (
    Answer,
    Release,
    Released,
    Revisions,
    Version,
    deployments_of,
    forget_release,
    is_held,
    keep,
    read_answer,
    read_release,
    read_released,
    release_lock,
    served_version,
)
from flows.release.switched_off import identifiers, switch_off
from flows.release.telling import timed
from flows.service.gate import Gate, wait_at_gate
from flows.service.graceful import CLOSING
from flows.service.switching import first_stack
from tasks.beliefs.registry import Registry
from tasks.beliefs.registry_schema import alembic_config
from tasks.beliefs.registry_url import parse_url
from tasks.errors import InputError, RunError
from tests.conftest import NewDatabase

from .release_parts import postgresql_programs

MIGRATIONS = Path(prefect.__file__).parent / "server" / "database" / "_migrations"
DIGEST = "0" * 64


def version(name: str, head: str = "b", known: str = "ab", **places: str) -> Version:
    found = Revisions(head=head, known=frozenset(known))
    return Version(
        environment=places.get("environment", f"/{name}"),
        version=name,
        prefect="3",
        code=DIGEST,
        deployments=places.get("deployments", f"/{name}/prefect.yaml"),
        registry=found,
        page=dict.fromkeys(KINDS, found),
    )


OLD, NEW = version("0.1.0", "a", "a"), version("0.1.1")


@pytest.mark.parametrize("kind", KINDS)
def test_revisions_are_those_that_alembic_finds(kind: str) -> None:
    folder = MIGRATIONS / "versions" / kind
    script = ScriptDirectory(str(MIGRATIONS), version_locations=[str(folder)])
    found = revisions(folder)
    assert [found.head] == script.get_heads()
    assert found.known == {step.revision for step in script.walk_revisions()}


def test_an_environment_says_who_it_is() -> None:
    told = identity()
    asked = ask_version(Path(sys.prefix))
    assert asked == told
    registry = ScriptDirectory.from_config(alembic_config())
    assert told.registry.head == registry.get_current_head()
    assert (told.environment, told.prefect) == (sys.prefix, prefect.__version__)


@pytest.mark.parametrize(
    ("files", "rule"),
    [
        ({"a.py": "revision = 'a'\ndown_revision = None\n", "b.py": "revision = 'b'\n"}, "unpack"),
        ({}, "unpack"),
    ],
)
def test_migrations_end_in_one_revision(tmp_path: Path, files: dict[str, str], rule: str) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=rule):
        revisions(tmp_path)


def test_merged_migrations_have_one_head(tmp_path: Path) -> None:
    for name, before in [("a", None), ("b", "a"), ("c", "a"), ("d", ("b", "c"))]:
        (tmp_path / f"{name}.py").write_text(
            f"revision: str = {name!r}\ndown_revision = {before!r}\nraise RuntimeError\n"
        )
    assert revisions(tmp_path) == Revisions(head="d", known=frozenset("abcd"))


def test_the_newer_of_two_versions_knows_what_both_need() -> None:
    assert newer(OLD, NEW, None) == newer(NEW, OLD, None) == NEW
    assert newer(OLD, NEW, "sqlite") == newer(NEW, OLD, "postgresql") == NEW
    with pytest.raises(InputError, match=r"registry of beliefs lead from 0\.1\.0 to 0\.2\.0"):
        newer(OLD, version("0.2.0", "c", "c"), None)


def test_an_environment_does_not_take_its_own_place(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    here = version("0.1.0", environment=str(tmp_path))
    link = version("0.1.0", environment=str(tmp_path / "link"))
    with pytest.raises(InputError, match="serves already"):
        check_releasable(here, link, "sqlite")


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        ([], "one of the two"),
        (["somewhere", "--back"], "one of the two"),
        (["somewhere"], "Nothing is served from"),
        (["--back"], "Nothing is served from"),
    ],
)
def test_what_cannot_be_released_is_refused(
    arguments: list[str],
    rule: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("WHENCE_DATA", str(tmp_path))
    assert main(["release", *arguments]) == 2
    assert rule in capsys.readouterr().err


@pytest.mark.parametrize("seconds", ["-1", "soon", "²"])
def test_seconds_to_wait_are_a_number(seconds: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["release", "somewhere", "--wait", seconds])
    assert "must be a number of seconds" in capsys.readouterr().err


def test_an_environment_without_whence_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"python3 -m venv .*nowhere"):
        ask_version(tmp_path / "nowhere")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "empty"], check=True)
    with pytest.raises(InputError, match="holds no whence that can be released"):
        ask_version(tmp_path / "empty")


def transfers(file: Path, over: threading.Event) -> None:
    """Move money between two accounts; their sum is 100 at any moment."""
    with closing(sqlite3.connect(file, timeout=60)) as connection:
        amount = 0
        while not over.is_set():
            amount = (amount + 7) % 100
            with connection:
                connection.execute("UPDATE accounts SET held = ? WHERE id = 1", (amount,))
                connection.execute("UPDATE accounts SET held = ? WHERE id = 2", (100 - amount,))


@pytest.fixture
def accounts(tmp_path: Path) -> Database:
    url = make_url(f"sqlite:///{tmp_path / '장부.db'}")
    database = Database("accounts", url)
    with closing(sqlite3.connect(str(database.file))) as connection, connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE accounts (id INTEGER PRIMARY KEY, held INTEGER, x BLOB)")
        connection.executemany(
            "INSERT INTO accounts VALUES (?, ?, zeroblob(4000))", [(1, 0), (2, 100)]
        )
        connection.executemany(
            "INSERT INTO accounts VALUES (?, 0, zeroblob(4000))", [(n,) for n in range(3, 500)]
        )
    return database


def held(file: Path) -> int:
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return int(connection.execute("SELECT sum(held) FROM accounts").fetchone()[0])


def test_a_copy_is_whole_while_others_write(accounts: Database, tmp_path: Path) -> None:
    assert accounts.file
    over = threading.Event()
    writer = threading.Thread(target=transfers, args=(accounts.file, over))
    writer.start()
    try:
        for number in range(10):
            copy = tmp_path / f"copy{number}.db"
            copy_sqlite(accounts.file, copy)
            assert held(copy) == 100
            assert not list(tmp_path.glob(f"copy{number}.db-*"))
    finally:
        over.set()
        writer.join()


def test_a_database_is_put_back_as_it_was(accounts: Database, tmp_path: Path) -> None:
    assert accounts.file
    accounts.copy(tmp_path / "backup")
    kept = accounts.copy_in(tmp_path / "backup").read_bytes()
    with closing(sqlite3.connect(accounts.file)) as later, later:
        later.execute("UPDATE accounts SET held = 7")
        later.execute("CREATE TABLE added (id INTEGER)")
        later.commit()
        accounts.put_back(tmp_path / "backup")  # with the log of the other beside it
    assert held(accounts.file) == 100
    assert accounts.copy_in(tmp_path / "backup").read_bytes() == kept


def test_what_was_never_used_leaves_no_copy(tmp_path: Path) -> None:
    absent = Database("registry", make_url(f"sqlite:///{tmp_path / 'registry.db'}"))
    absent.copy(tmp_path)
    absent.put_back(tmp_path)
    assert not list(tmp_path.iterdir())


def test_what_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(RunError, match=r"x\.db cannot be copied"):
        copy_sqlite(tmp_path / "x.db", tmp_path / "copy.db")
    assert [path.name for path in tmp_path.iterdir()] == ["x.db"]


def test_the_last_copies_are_kept(tmp_path: Path) -> None:
    names = [f"2026010{number}T000000Z" for number in range(1, MOST_KEPT + 3)]
    for name in reversed(names):
        (tmp_path / name).mkdir()
    prune(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == names[-MOST_KEPT:]


@pytest.fixture
def programs(postgres_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = postgresql_programs(postgres_server)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.usefixtures("programs")
def test_a_database_of_postgresql_is_put_back_as_it_was(
    new_database: NewDatabase, tmp_path: Path
) -> None:
    url = make_url(new_database("postgresql"))
    shown = url.render_as_string(hide_password=False)
    with psycopg.connect(shown, autocommit=True) as connection:
        connection.execute("CREATE TYPE state AS ENUM ('대기', 'done')")
        connection.execute("CREATE TABLE runs (id serial PRIMARY KEY, state state)")
        connection.execute("INSERT INTO runs (state) VALUES ('대기'), ('done')")
    copy = tmp_path / "prefect.dump"
    dump(url.set(drivername="postgresql+asyncpg"), copy)
    other = url.set(database=f"{url.database}_beside")
    make_copy(copy, other)
    with psycopg.connect(shown, autocommit=True) as connection:
        connection.execute("ALTER TYPE state ADD VALUE 'late'")
        connection.execute("CREATE TABLE added (run integer REFERENCES runs)")
        connection.execute("DELETE FROM runs WHERE id = 1")
    load(copy, url)
    for found in (url, other):
        with psycopg.connect(found.render_as_string(hide_password=False)) as connection:
            runs = connection.execute("SELECT id, state FROM runs ORDER BY id").fetchall()
            tables = connection.execute("SELECT to_regclass('added')").fetchall()
        assert (runs, tables) == ([(1, "대기"), (2, "done")], [(None,)])
    drop(other)
    drop(other)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(other.render_as_string(hide_password=False))
    assert [path.name for path in tmp_path.iterdir()] == ["prefect.dump"]


@pytest.mark.usefixtures("programs")
def test_a_copy_that_fails_leaves_nothing(new_database: NewDatabase, tmp_path: Path) -> None:
    url = make_url(new_database("postgresql"))
    with pytest.raises(RunError, match=r"pg_dump failed: .*does not exist"):
        dump(url.set(database="nowhere"), tmp_path / "x.dump")
    assert not list(tmp_path.iterdir())


def test_what_is_to_be_installed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RunError, match="install PostgreSQL's client programs"):
        dump(make_url("postgresql://ann@127.0.0.1/db"), tmp_path / "x.dump")


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_registry_is_migrated_up_and_down(kind: str, new_database: NewDatabase) -> None:
    url = parse_url(new_database(kind))
    script = ScriptDirectory.from_config(alembic_config())
    head = str(script.get_current_head())
    (first,) = script.get_bases()
    migrate(url, head)
    migrate(url, head)
    assert set(rows(url).values()) == {0}
    migrate(url, first)
    with pytest.raises(InputError, match=f"revision {first}, and {head} is needed"):
        rows(url)
    migrate(url, first)
    migrate(url, head)
    with Registry(url) as registry, registry.transaction("reading"):
        pass


def test_a_copy_in_which_nothing_begins_by_itself(tmp_path: Path) -> None:
    file = tmp_path / "prefect.db"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.executescript(
            """
            CREATE TABLE deployment (id TEXT);
            CREATE TABLE deployment_schedule (active BOOLEAN);
            CREATE TABLE automation (enabled BOOLEAN);
            CREATE TABLE flow_run (id TEXT, state_type TEXT, state_name TEXT);
            CREATE TABLE concurrency_limit_v2 (active_slots INTEGER);
            CREATE TABLE work_pool (is_paused BOOLEAN, concurrency_limit INTEGER);
            CREATE TABLE work_queue (is_paused BOOLEAN, concurrency_limit INTEGER);
            INSERT INTO deployment VALUES ('d');
            INSERT INTO deployment_schedule VALUES (true), (false);
            INSERT INTO automation VALUES (true);
            INSERT INTO flow_run VALUES ('a', 'SCHEDULED', 'Late'), ('b', 'RUNNING', 'Running'),
                ('c', 'COMPLETED', 'Cached'), ('d', NULL, NULL);
            INSERT INTO concurrency_limit_v2 VALUES (1);
            INSERT INTO work_pool VALUES (true, 0);
            INSERT INTO work_queue VALUES (true, 0);
            """
        )
    url = make_url(f"sqlite+aiosqlite:///{file}")
    there = identifiers(url)
    switch_off(url)
    assert identifiers(url) == there
    assert there == {"deployments": {"d"}, "flow runs": {"a", "b", "c", "d"}}
    with closing(sqlite3.connect(file)) as connection:

        def found(query: str) -> list[Any]:
            return connection.execute(query).fetchall()

        assert found("SELECT active FROM deployment_schedule") == [(0,), (0,)]
        assert found("SELECT enabled FROM automation") == [(0,)]
        states = [("a", "Cancelled"), ("b", "Cancelled"), ("c", "Cached"), ("d", "Cancelled")]
        assert found("SELECT id, state_name FROM flow_run ORDER BY id") == states
        assert found("SELECT * FROM work_pool, work_queue") == [(0, None, 0, None)]
        assert found("SELECT * FROM concurrency_limit_v2") == [(0,)]


def test_a_step_is_told_with_its_seconds() -> None:
    told: list[str] = []
    with timed(told.append, "a step"):
        assert not told
    with pytest.raises(KeyError), timed(told.append, "another"):
        raise KeyError
    assert told[0].endswith(" s  a step")
    assert told[1] == "  FAILED  another"


def test_a_program_waits_at_its_gate_until_it_is_let_in() -> None:
    with Gate() as gate:
        assert not gate.is_reached()
        passed = threading.Event()

        def program() -> None:
            wait_at_gate(os.dup(gate.descriptor))
            passed.set()

        thread = threading.Thread(target=program)
        thread.start()
        while not gate.is_reached():
            time.sleep(0.01)
        assert gate.is_reached()
        assert not passed.wait(0.2)
        gate.open()
        assert passed.wait(10)
        thread.join()


def test_a_program_that_nobody_wants_ends_at_its_gate() -> None:
    wait_at_gate(None)
    with Gate() as gate:
        descriptor = os.dup(gate.descriptor)
    with pytest.raises(SystemExit, match="not wanted"):
        wait_at_gate(descriptor)


SERVER = """
import asyncio, socket, sys, uvicorn
from flows.service.graceful import GracefulServer

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return
    if scope["path"] == "/slow":
        await asyncio.sleep(1)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": sys.argv[3].encode()})

kind = {"graceful": GracefulServer, "plain": uvicorn.Server}[sys.argv[1]]
config = uvicorn.Config(app, lifespan="off", timeout_graceful_shutdown=5, log_level="warning")
kind(config).run(sockets=[socket.socket(fileno=int(sys.argv[2]))])
"""


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start(listener: socket.socket) -> Iterator[Start]:
    """Starts a server on the socket that answers with its name."""
    started = []

    def start(name: str, kind: str = "graceful") -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-c", SERVER, kind, str(listener.fileno()), name]
        started.append(subprocess.Popen(command, pass_fds=[listener.fileno()]))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def url_of(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_server_that_is_to_be_replaced_has_its_clients_come_back(
    listener: socket.socket, start: Start
) -> None:
    with httpx.Client(trust_env=False, timeout=60) as client:
        first = start("first")
        answer = client.get(url_of(listener))
        assert "connection" not in answer.headers
        first.send_signal(CLOSING)
        time.sleep(0.5)
        answer = client.get(url_of(listener))
        assert (answer.text, answer.headers["connection"]) == ("first", "close")
        first.terminate()
        first.wait(30)
        start("second")
        assert client.get(url_of(listener)).text == "second"


@pytest.mark.parametrize("kind", ["graceful", "plain"])
def test_a_late_request_is_answered_by_a_server_that_ends(
    kind: str, listener: socket.socket, start: Start
) -> None:
    """A connection that was taken, but has not said anything yet; uvicorn alone closes it."""
    process = start("first", kind)
    assert httpx.get(url_of(listener), trust_env=False, timeout=60).text == "first"
    with socket.create_connection(listener.getsockname(), timeout=30) as late:
        time.sleep(0.5)
        if kind == "graceful":
            process.send_signal(CLOSING)
            time.sleep(0.2)
        process.terminate()
        time.sleep(0.5)
        try:
            late.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            answered = late.recv(4096).startswith(b"HTTP/1.1 200")
        except OSError:
            answered = False
    assert answered == (kind == "graceful")
    process.wait(30)


def test_no_request_fails_while_servers_replace_each_other(
    listener: socket.socket, start: Start
) -> None:
    failures: list[str] = []
    answers: list[str] = []
    over = threading.Event()

    def ask(path: str, kept: int) -> None:
        limits = httpx.Limits(max_keepalive_connections=kept)
        with httpx.Client(trust_env=False, timeout=60, limits=limits) as client:
            while not over.wait(0.005):
                try:
                    answers.append(client.get(url_of(listener) + path).text)
                except httpx.HTTPError as error:
                    failures.append(repr(error))

    serving = start("0")
    cases = [("/", 0), ("/", 1), ("/", 1), ("/slow", 1), ("/slow", 0)]
    threads = [threading.Thread(target=ask, args=case) for case in cases]
    for thread in threads:
        thread.start()
    for number in range(1, 4):
        while str(number - 1) not in answers:
            time.sleep(0.05)
        serving.send_signal(CLOSING)
        time.sleep(2)
        serving.terminate()
        serving.wait(30)
        serving = start(str(number))
    while "3" not in answers:
        time.sleep(0.05)
    over.set()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_queue_that_rests_puts_its_job_back_and_still_answers(tmp_path: Path) -> None:
    begun: list[str] = []

    async def runner(service: str, _: Mapping[str, Any]) -> str:
        begun.append(service)
        await asyncio.sleep(3600)
        return ""

    async def scenario(check: Callable[[JobQueue], Awaitable[None]]) -> None:
        queue = JobQueue(tmp_path, runner)
        async with queue.working():
            await check(queue)

    async def rest(queue: JobQueue) -> None:
        first = queue.submit("first", {})
        await asyncio.sleep(0.05)
        assert queue.find(first.job).state == "running"  # type: ignore[union-attr]
        await queue.rest()
        queue.submit("second", {})
        await asyncio.sleep(0.05)
        assert [job.state for job in queue.latest(5)] == ["queued", "queued"]
        assert queue.find(first.job).tries == 0  # type: ignore[union-attr]

    async def go_on(queue: JobQueue) -> None:
        await asyncio.sleep(0.05)
        assert [job.state for job in queue.latest(5)] == ["queued", "running"]

    asyncio.run(scenario(rest))
    assert begun == ["first"]
    asyncio.run(scenario(go_on))
    assert begun == ["first", "first"]


def test_what_is_kept_of_a_release_is_read_again(tmp_path: Path) -> None:
    assert served_version(tmp_path) is None
    release = Release(before=OLD, after=NEW, backup="/b")
    released = Released(now=NEW, before=OLD, backup="/b", at=datetime.now(UTC))
    wanted = release.model_copy(update={"wanted": NEW.environment})
    answer = Answer(backup="/b", wanted=NEW.environment)
    assert (release.wanted_version, wanted.wanted_version) == (None, NEW)
    assert wanted.is_answered_by(answer)
    assert not any(
        wanted.is_answered_by(other)
        for other in (
            None,
            Answer(backup="/c", wanted=NEW.environment),
            Answer(backup="/b", wanted=OLD.environment),
        )
    )
    keep(tmp_path, released)
    assert served_version(tmp_path) == NEW
    keep(tmp_path, wanted)
    keep(tmp_path, answer)
    assert (read_release(tmp_path), read_answer(tmp_path)) == (wanted, answer)
    assert served_version(tmp_path) == OLD  # what broke off is taken back
    keep(tmp_path, wanted.model_copy(update={"is_confirmed": True}))
    assert served_version(tmp_path) == NEW
    forget_release(tmp_path)
    assert (read_release(tmp_path), read_answer(tmp_path)) == (None, None)
    assert read_released(tmp_path) == released
    (tmp_path / "released.json").write_text('{"now": 1')
    assert read_released(tmp_path) is None


def test_a_version_deploys_its_own_file_or_the_one_that_was_named() -> None:
    assert deployments_of(NEW, OLD, Path(OLD.deployments)) == Path(NEW.deployments)
    assert deployments_of(NEW, OLD, Path("/team.yaml")) == Path("/team.yaml")


def test_a_lock_is_seen(tmp_path: Path) -> None:
    assert not is_held(release_lock(tmp_path))
    with release_lock(tmp_path):
        assert is_held(release_lock(tmp_path))
    assert not is_held(release_lock(tmp_path))


def test_a_released_version_that_is_gone_is_told(tmp_path: Path, listener: socket.socket) -> None:
    plan = Plan(tmp_path, listener, listener, None, tmp_path / "team.yaml", str(tmp_path))
    assert first_stack(plan).environment == Path(sys.prefix)
    now = datetime.now(UTC)
    there = version("0.2.0", environment=str(tmp_path))
    keep(tmp_path, Released(now=there, before=None, backup="/b", at=now))
    assert first_stack(plan).environment == tmp_path
    assert first_stack(plan).plan.deployments == tmp_path / "team.yaml"
    gone = version("0.2.0", environment=str(tmp_path / "gone"))
    keep(tmp_path, Released(now=gone, before=None, backup="/b", at=now))
    with pytest.raises(InputError, match=r"0\.2\.0 in .*gone was released last, and is gone"):
        first_stack(plan)
