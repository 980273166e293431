"""`whence release` as an operations team meets it: no request fails, whatever a version breaks."""

import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flows.installation.release_state import UNDER_WAY, read_release, read_released
from flows.release.beside import NAME as BESIDE
from tasks.beliefs.registry import Registry
from tasks.beliefs.tables import SessionRow

from .release_parts import (
    HEAD,
    IS_LIVE,
    LATER_REGISTRY,
    VERSIONS,
    Hammer,
    give_later_prefect,
    hammer_of,
    is_paused,
    make_environment,
    release,
    serving_demo,
    serving_version,
    whence,
)
from .serving import Service, wait_for

OLD, NEW = "0.1.0", "0.1.1"
NIGHT = "밤새 도는 런"
PATIENCE = 300.0
BROKEN = {
    "import": (
        "from fastapi import nothing_of_that_name",
        {
            "flows/api.py": (
                "\nfrom fastapi import APIRouter",
                "\nfrom fastapi import nothing_of_that_name, APIRouter",
            )
        },
    ),
    "migration": (
        "a migration broken on purpose",
        {
            f"{VERSIONS}/9999_broken.py": (
                "",
                f"revision = '9999'\ndown_revision = {HEAD!r}\n"
                "def upgrade():\n    raise RuntimeError('a migration broken on purpose')\n",
            )
        },
    ),
    "step": (
        "a step broken on purpose",
        {
            "tasks/relations/steps.py": (
                "    result = check_tables(contract, tables)\n",
                "    raise RuntimeError('a step broken on purpose')\n",
            )
        },
    ),
}
"""What a broken version is told by, and its edits."""
FAILS_LATER = {
    **LATER_REGISTRY,
    "flows/api.py": (
        "        return [_told(job) for job in queue.latest(MOST_SHOWN)]",
        f"        if {IS_LIVE}:\n            raise RuntimeError('the live data')\n"
        "        return [_told(job) for job in queue.latest(MOST_SHOWN)]",
    ),
}


@pytest.fixture(scope="module")
def environments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("environments")


@pytest.fixture(scope="module")
def old(environments: Path) -> Path:
    return make_environment(environments / "old", OLD)


@pytest.fixture(scope="module")
def good(environments: Path) -> Path:
    environment = make_environment(environments / "새것", NEW)
    give_later_prefect(environment)
    return environment


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, old: Path) -> Iterator[Service]:
    service = Service(tmp_path_factory.mktemp("service"))
    with registry(service).transaction("adding") as session:
        session.add(
            SessionRow(
                id="봄",
                client_id="acme",
                model_id="media_mix",
                note="",
                elicited_at=datetime.now(UTC),
                run="media_mix/봄",
                run_digest="0" * 64,
            )
        )
    with serving_demo(service, old):
        yield service


@pytest.fixture
def hammer(service: Service, record_property: Callable[[str, object], None]) -> Iterator[Hammer]:
    """Asks all the time; no request may fail, and every address was asked."""
    hammer = hammer_of(service)
    with hammer.asking():
        yield hammer
    assert hammer.failures == []
    assert len(hammer.counts) == 6
    for name, seconds in hammer.slowest.items():
        record_property(f"slowest answer of {name} in seconds", seconds)


def registry(service: Service) -> Registry:
    return Registry.at(f"sqlite:///{service.folder.parent / 'registry.db'}")


def revision(file: Path) -> str:
    with closing(sqlite3.connect(file)) as connection:
        return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def registry_revision(service: Service) -> str:
    return revision(service.folder.parent / "registry.db")


def page_revision(service: Service) -> str:
    return revision(service.folder / "prefect" / "prefect.db")


def assert_serves(service: Service, version: str) -> None:
    """A version serves, the registry holds what it held, and no trace of a release is left."""
    assert serving_version(service) == service.state.version == version
    assert not (service.folder / BESIDE).exists()
    assert not (service.folder / UNDER_WAY).exists()
    assert not is_paused(service)
    assert registry_revision(service) == HEAD
    with registry(service).transaction("reading") as session:
        assert session.get_one(SessionRow, "봄").client_id == "acme"


@pytest.mark.usefixtures("hammer")
@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_version_leaves_no_trace(what: str, service: Service, environments: Path) -> None:
    said, edits = BROKEN[what]
    before = page_revision(service), service.state
    broken = make_environment(environments / f"broken-{what}", "0.0.9", edits)
    done = release(service, broken, str(broken))
    assert done.returncode == 3, done.stdout + done.stderr
    assert said in done.stderr
    assert "The switch" not in done.stdout
    assert done.stdout.endswith(f"{OLD} serves, as before.\n")
    assert_serves(service, OLD)
    assert (page_revision(service), service.state) == before


@pytest.mark.usefixtures("hammer")
def test_a_version_that_fails_after_the_switch_is_taken_back(
    service: Service, environments: Path, old: Path
) -> None:
    later = make_environment(environments / "later", "0.2.0", FAILS_LATER)
    done = release(service, old, str(later))
    assert done.returncode == 3, done.stdout + done.stderr
    assert "0.2.0 serves on the same addresses" in done.stdout
    assert f"{OLD} serves again" in done.stdout
    assert "HTTP Error 500" in done.stderr
    assert (service.folder.parent / "downgraded").exists()
    assert_serves(service, OLD)
    assert read_released(service.folder) is None


@pytest.mark.usefixtures("hammer")
def test_a_good_version_takes_over(service: Service, old: Path, good: Path) -> None:
    before = page_revision(service)
    done = release(service, old, str(good))
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Released: {NEW} serves" in done.stdout
    assert_serves(service, NEW)
    assert service.state.environment == str(good)
    assert (before, page_revision(service)) != ("whence0later", before)
    released = read_released(service.folder)
    assert released
    assert released.before
    assert (released.before.version, released.now.version) == (OLD, NEW)
    assert revision(Path(released.backup) / "prefect.db") == before
    again = release(service, old, str(good))
    assert (again.returncode, again.stdout) == (2, "")
    assert "serves already" in again.stderr


@pytest.fixture
def night(service: Service) -> Iterator[Callable[[], object]]:
    """A run that is under way until the function is called, or the test ends."""
    flow = service.deployed("demo")["flow_id"]
    body = {"flow_id": flow, "name": NIGHT, "state": {"type": "RUNNING", "name": "Running"}}
    run = service.ask("flow_runs/", body)["id"]

    def end() -> object:
        done = {"state": {"type": "COMPLETED", "name": "Completed"}, "force": True}
        return service.ask(f"flow_runs/{run}/set_state", done)

    yield end
    end()


@pytest.mark.usefixtures("hammer", "night")
def test_a_run_under_way_is_waited_for(service: Service, old: Path) -> None:
    done = release(service, old, "--back", "--wait", "2")
    assert done.returncode == 3, done.stdout + done.stderr
    assert f"  waiting for {NIGHT}\n" in done.stdout
    assert f"Still under way after 2 seconds: {NIGHT}" in done.stderr
    assert_serves(service, NEW)


@pytest.mark.usefixtures("hammer", "night")
def test_a_release_that_is_killed_leaves_no_pool_paused(service: Service, good: Path) -> None:
    process = subprocess.Popen(
        whence(good, "release", "--back"), cwd=service.work, env=service.variables
    )
    wait_for(lambda: is_paused(service), PATIENCE, "the pool was paused")
    process.kill()
    process.wait()
    wait_for(lambda: not is_paused(service), PATIENCE, "the pool began runs again")
    wait_for(lambda: read_release(service.folder) is None, PATIENCE, "the release was forgotten")
    assert_serves(service, NEW)


def test_a_release_is_taken_back_when_all_was_killed(service: Service, good: Path) -> None:
    """As when the machine loses its power in the middle of the switch."""
    process = subprocess.Popen(
        whence(good, "release", "--back"), cwd=service.work, env=service.variables
    )

    def is_switching() -> bool:
        under_way = read_release(service.folder)
        return under_way is not None and under_way.wanted is not None

    wait_for(is_switching, PATIENCE, "the switch began")
    process.kill()
    service.end(signal.SIGKILL)
    process.wait()
    service.start()
    assert f"A release of {OLD} broke off, and is taken back" in service.told()
    assert f"Starting from {good}, released last" in service.told()
    wait_for(lambda: read_release(service.folder) is None, PATIENCE, "the release was forgotten")
    assert_serves(service, NEW)


@pytest.mark.usefixtures("hammer")
def test_the_way_back(service: Service, old: Path, good: Path) -> None:
    assert page_revision(service) == "whence0later"
    done = release(service, good, "--back")
    assert done.returncode == 0, done.stdout + done.stderr
    assert_serves(service, OLD)
    assert service.state.environment == str(old)
    assert page_revision(service) != "whence0later"
    assert service.deployed("demo")["name"] == "demo"
