"""A release: another version takes the place of the one that serves, or leaves no trace."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import Timeout

from flows.installation.databases import prune
from flows.installation.environments import ask_version, check_releasable
from flows.installation.release_state import (
    Release,
    Version,
    keep,
    read_released,
    release_lock,
)
from flows.installation.service import Service, adopt_variables
from flows.installation.state import running_service
from flows.release.checks import check_programs, check_registry
from flows.release.ending import confirm, switch, take_back
from flows.release.page import client_of, is_paused, pause, wait_for_runs
from flows.release.telling import Tell, timed
from flows.release.trial import try_beside
from tasks.errors import InputError, RunError

SECONDS_FOR_THE_LOCK = 2.0


def find_service(folder: Path) -> Service:
    """The service of a folder, whose variables this process takes over.

    Raises
    ------
    InputError
        If nothing is served, or another user serves it.
    """
    running = running_service(folder)
    if running is None:
        raise InputError(
            f"Nothing is served from {folder}: a release takes the place of what `whence serve` "
            "serves, so start that, or set WHENCE_DATA as it is set there."
        )
    service = Service(folder, running)
    adopt_variables(service)
    return service


def release(service: Service, environment: Path, seconds: float, tell: Tell) -> None:
    """Try a version beside the one that serves; where it does well, it takes its place.

    Parameters
    ----------
    service
        What serves.
    environment
        Of the version.
    seconds
        To wait at most for runs under way.
    tell
        Is given a line a step.

    Raises
    ------
    InputError
        If the version cannot be released.
    RunError
        If it fails; what served before serves.
    """
    with _alone(service, tell):
        under_way = _begin(service, environment, tell)
        with _taken_back(service, under_way, tell):
            with timed(tell, f"copies of the databases in {under_way.backup}"):
                _copy(service, under_way)
            tell("Beside the one that serves")
            try_beside(service, under_way, tell)
            _change(service, under_way, seconds, tell)


def go_back(service: Service, seconds: float, tell: Tell) -> None:
    """Serve again what served before the last release; arguments are as of `release`.

    Raises
    ------
    InputError
        If nothing served before, or it cannot serve now.
    RunError
        If it fails; what served before serves.
    """
    released = read_released(service.folder)
    if released is None or released.before is None:
        raise InputError("There is nothing to go back to: nothing was released here yet.")
    with _alone(service, tell):
        under_way = _begin(service, Path(released.before.environment), tell)
        with _taken_back(service, under_way, tell):
            _change(service, under_way, seconds, tell)


def _begin(service: Service, environment: Path, tell: Tell) -> Release:
    before = ask_version(Path(service.running.environment))
    after = ask_version(environment)
    check_releasable(before, after, service.kind)
    tell(f"Release of {_shown(after)}\nin place of {_shown(before)}")
    backup = service.backups / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    under_way = Release(before=before, after=after, backup=str(backup))
    keep(service.folder, under_way)
    return under_way


def _change(service: Service, under_way: Release, seconds: float, tell: Tell) -> None:
    """Switch over while no run is under way, and look at what serves then."""
    tell("The switch")
    with client_of(service.running.page) as client:
        under_way = under_way.model_copy(update={"was_paused": is_paused(client)})
        keep(service.folder, under_way)
        with timed(tell, "the work pool is paused, and no run is under way"):
            pause(client, True)
            wait_for_runs(client, seconds, tell)
    with timed(tell, f"copies of the databases in {under_way.backup}"):
        _copy(service, under_way)
    with timed(tell, f"{under_way.after.version} serves on the same addresses"):
        service = switch(service, under_way, under_way.after)
    check_programs(service.running, under_way.after, tell)
    check_registry(service, under_way.after, tell)
    confirm(service, under_way)
    tell(f"Released: {under_way.after.version} serves; `whence release --back` leads back.")


@contextmanager
def _alone(service: Service, tell: Tell) -> Iterator[None]:
    """Be the only release of a service; one that broke off is taken back first."""
    lock = release_lock(service.folder)
    try:
        lock.acquire(timeout=SECONDS_FOR_THE_LOCK)
    except Timeout as error:
        raise InputError("Another release is under way: wait for its end.") from error
    try:
        take_back(service, tell)
        yield
    finally:
        lock.release()


@contextmanager
def _taken_back(service: Service, under_way: Release, tell: Tell) -> Iterator[None]:
    """Take a release back where it fails, or is asked to end, inside the block."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except BaseException as error:
        tell("The release is given up")
        take_back(service, tell)
        tell(f"{under_way.before.version} serves, as before.")
        if isinstance(error, KeyboardInterrupt):
            raise RunError("The release was broken off.") from error
        raise


def _copy(service: Service, under_way: Release) -> None:
    backup = Path(under_way.backup)
    backup.mkdir(mode=0o700, parents=True, exist_ok=True)
    for database in (service.page, service.registry):
        database.copy(backup)
    prune(service.backups)


def _shown(version: Version) -> str:
    return (
        f"{version.version} (code {version.code[:12]}, Prefect {version.prefect}) "
        f"from {version.environment}"
    )
