"""What a service serves, and the environment variables of its programs."""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL

from flows.api_guard import TOKEN
from flows.environment import QUIET
from flows.installation.state import MARK, prefect_home
from tasks.errors import InputError
from tasks.relations.location import find_location, refuse_block

REPORTS = "WHENCE_REPORTS"
DATABASE = "PREFECT_SERVER_DATABASE_CONNECTION_URL"
NOT_TAKEN = (TOKEN, DATABASE, "PREFECT_API_DATABASE_CONNECTION_URL", "PREFECT_API_KEY")
NO_PROXY = "127.0.0.1,localhost"
DRIVERS = {"postgresql": "postgresql+asyncpg", "sqlite": "sqlite+aiosqlite"}
LEASES = "prefect.server.concurrency.lease_storage"
SETTINGS = {
    "PREFECT_CLI_COLORS": "false",
    "PREFECT_LOGGING_COLORS": "false",
    "PREFECT_RUNNER_AUTO_INSTALL_DEPENDENCIES": "false",
    # In memory, a killed server would forget who holds a domain's only slot.
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": f"{LEASES}.filesystem",
    # What lies in the working directory is data, not code.
    "PYTHONSAFEPATH": "1",
}
DEFAULTS = {
    **QUIET,
    "PREFECT_WORKER_QUERY_SECONDS": "5",
}


@dataclass(frozen=True)
class Plan:
    """What is served, whichever version of the programs serves it.

    Attributes
    ----------
    folder
        Of the service.
    page, api
        Sockets that listen for Prefect's page and for the HTTP service.
    database
        Prefect's, as of `prefect_database`.
    deployments
        File in the form of ``prefect.yaml``.
    runs
        Root of the run store.
    """

    folder: Path
    page: socket.socket
    api: socket.socket
    database: str | None
    deployments: Path
    runs: str


def address(listener: socket.socket) -> str:
    """Address of what answers on a socket."""
    host, port, *_ = listener.getsockname()
    return f"http://{host}:{port}"


def prefect_database(database: str | None, folder: Path) -> URL:
    """Where Prefect keeps its state, for Prefect's own driver.

    Parameters
    ----------
    database
        A URL without a password, or ``env:NAME``; None for SQLite in Prefect's folder.
    folder
        Of the service.

    Raises
    ------
    InputError
        As `find_location`, or if it is no database that Prefect knows.
    """
    if database is None:
        return URL.create(DRIVERS["sqlite"], database=str(prefect_home(folder) / "prefect.db"))
    url = find_location(database, refuse_block)
    if isinstance(url, Path) or url.get_backend_name() not in DRIVERS:
        raise InputError(
            f"--database must be the URL of a database of PostgreSQL or SQLite, or env:NAME of a "
            f"variable that holds one, got {database!r}."
        )
    return url.set(drivername=DRIVERS[url.get_backend_name()])


def environment_of(plan: Plan, python: Path, given: Mapping[str, str]) -> dict[str, str]:
    """Environment variables of every program.

    Parameters
    ----------
    plan
        What is served.
    python
        Python environment of the program.
    given
        Variables of the supervisor.

    Notes
    -----
    The token is added for the HTTP service alone, the database for Prefect's server.
    """
    page, home = address(plan.page), prefect_home(plan.folder)
    kept = {name: value for name, value in given.items() if name not in NOT_TAKEN}
    own = {
        "PATH": os.pathsep.join([str(python / "bin"), given.get("PATH", os.defpath)]),
        "PWD": str(Path.cwd()),
        "NO_PROXY": NO_PROXY,
        "no_proxy": NO_PROXY,
        "PREFECT_HOME": str(home),
        "PREFECT_PROFILES_PATH": str(home / "profiles.toml"),
        "PREFECT_API_URL": f"{page}/api",
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": page,
        "PREFECT_SERVER_UI_STATIC_DIRECTORY": str(home / "page"),
        "WHENCE_RUNS": plan.runs,
        "WHENCE_DATA": str(plan.folder.parent),
        MARK: str(plan.folder),
    }
    for name in ("NO_PROXY", "no_proxy"):
        if name in given:
            own[name] = f"{given[name]},{NO_PROXY}"
    if TOKEN not in given:
        own[REPORTS] = f"{address(plan.api)}/runs"
    return {**DEFAULTS, **kept, **SETTINGS, **own}
