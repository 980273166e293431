"""`whence release` where Prefect's database and the registry of beliefs lie in PostgreSQL."""

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from tests.conftest import NewDatabase

from .release_parts import (
    HEAD,
    IS_LIVE,
    LATER_REGISTRY,
    hammer_of,
    is_paused,
    make_environment,
    postgresql_programs,
    release,
    serving_demo,
    serving_version,
)
from .serving import Service

PASSWORD = "geheim-1234"  # noqa: S105 (the server does not ask for it)
VARIABLE = "WHENCE_TEST_DATABASE"
OLD, NEW = "0.1.0", "0.1.1"
ENDS_LATER = {
    **LATER_REGISTRY,
    "flows/commands/api.py": (
        "        wait_at_gate(options.gate)\n",
        "        wait_at_gate(options.gate)\n"
        f"        if {IS_LIVE}:\n            raise SystemExit('ended by the live data')\n",
    ),
}
"""A version whose HTTP service ends as soon as it is to serve the live data."""


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_environment(tmp_path_factory.mktemp("environments") / "old", OLD)


@pytest.fixture(scope="module")
def databases(new_database: NewDatabase) -> dict[str, str]:
    """URLs with a password, by the variable that holds them."""
    made = {name: make_url(new_database("postgresql")) for name in (VARIABLE, "WHENCE_DATABASE")}
    return {
        name: url.set(password=PASSWORD).render_as_string(hide_password=False)
        for name, url in made.items()
    }


@pytest.fixture(scope="module")
def service(
    tmp_path_factory: pytest.TempPathFactory,
    postgres_server: str,
    databases: dict[str, str],
    old: Path,
) -> Iterator[Service]:
    path = f"{postgresql_programs(postgres_server)}{os.pathsep}{os.environ['PATH']}"
    folder = tmp_path_factory.mktemp("service")
    service = Service(folder, "--database", f"env:{VARIABLE}", PATH=path, **databases)
    with serving_demo(service, old):
        yield service


def names(server: str) -> set[str]:
    """Databases of a server."""
    with psycopg.connect(server) as connection:
        return {str(row[0]) for row in connection.execute("SELECT datname FROM pg_database")}


def columns(url: str) -> set[str]:
    """Columns of the sessions in a registry of beliefs."""
    query = (
        "SELECT column_name FROM information_schema.columns "
        "WHERE table_name = 'prior_elicitation_sessions'"
    )
    with psycopg.connect(url) as connection:
        (found,) = connection.execute("SELECT version_num FROM alembic_version").fetchone() or ()
        assert found == HEAD
        return {str(row[0]) for row in connection.execute(query)}


def test_a_version_that_ends_after_the_switch_is_taken_back(
    service: Service, old: Path, postgres_server: str, databases: dict[str, str], tmp_path: Path
) -> None:
    there = names(postgres_server)
    later = make_environment(tmp_path / "later", NEW, ENDS_LATER)
    hammer = hammer_of(service)
    with hammer.asking():
        done = release(service, old, str(later))
    assert done.returncode == 3, done.stdout + done.stderr
    assert "a small run of the main job completed and is whole" in done.stdout
    assert "ended by the live data" in done.stderr
    assert hammer.failures == []
    assert serving_version(service) == service.state.version == OLD
    assert not is_paused(service)
    assert f"back to {OLD}" in service.told()
    assert (service.folder.parent / "downgraded").exists()
    assert "later" not in columns(databases["WHENCE_DATABASE"])
    assert names(postgres_server) == there
    (backup,) = (service.folder / "backups").iterdir()
    assert {path.name for path in backup.iterdir()} == {"prefect.dump", "registry.dump"}
    kept = [path for path in service.folder.parent.rglob("*") if path.is_file()]
    assert not [path for path in kept if PASSWORD.encode() in path.read_bytes()]
    assert PASSWORD not in done.stdout + done.stderr + service.told()
