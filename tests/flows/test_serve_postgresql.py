"""`whence serve` with PostgreSQL, whose password nobody is shown."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from flows.service.probes import prefect_fault
from tests.conftest import NewDatabase

from .conftest import SIZES
from .serving import (
    LOCKED,
    Queued,
    Service,
    began,
    deployment,
    ended,
    manifests,
    run_three,
    serving,
    two_domains,
)

PASSWORD = "geheim-1234"  # noqa: S105 (which the server does not ask for)
VARIABLE = "WHENCE_TEST_DATABASE"


@pytest.fixture(scope="module")
def database(new_database: NewDatabase) -> str:
    """A URL with a password, which the server does not ask for."""
    url = make_url(new_database("postgresql")).set(password=PASSWORD)
    return url.render_as_string(hide_password=False)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, database: str) -> Iterator[Service]:
    first, second = two_domains(tmp_path_factory.mktemp("databases"))
    hidden = {VARIABLE: database}
    service = Service(tmp_path_factory.mktemp("service"), "--database", f"env:{VARIABLE}", **hidden)
    with serving(
        service,
        deployment("first", {"domain": str(first.contract)} | SIZES),
        deployment("second", {"domain": str(second.contract)} | SIZES),
    ):
        yield service


@pytest.fixture(scope="module")
def queued(service: Service) -> Queued:
    return run_three(service)


def test_a_second_run_of_a_domain_waits_and_another_domain_does_not(
    service: Service, queued: Queued
) -> None:
    assert ended(queued.first) <= began(queued.again)
    assert began(queued.other) < ended(queued.again)
    done = {manifest["flow_run"] for manifest in manifests(service.runs)}
    assert done == {run["id"] for run in (queued.first, queued.again, queued.other)}


def test_everything_is_kept_in_that_database(
    service: Service, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, database)
    assert service.state.database == f"env:{VARIABLE}"
    assert prefect_fault(service.state.database, service.folder) is None
    assert not list(service.folder.rglob("*.db"))


def test_the_password_is_in_no_file_and_no_command_line(service: Service, queued: Queued) -> None:
    files = [path for path in service.folder.parent.rglob("*") if path.is_file()]
    assert any(path.name == "running.json" for path in files)
    assert not [path for path in files if PASSWORD.encode() in path.read_bytes()]
    commands = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in service.processes()]
    assert len(commands) >= 6
    assert not [command for command in commands if PASSWORD.encode() in command]
    assert PASSWORD not in service.told()


def test_no_log_tells_of_a_locked_database(service: Service, queued: Queued) -> None:
    assert not LOCKED.findall(service.logs())
