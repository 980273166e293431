"""The service that a release is for: its variables, its databases, its programs."""

import os
from dataclasses import dataclass
from pathlib import Path

from flows.environment import QUIET
from flows.installation.databases import Database
from flows.installation.plan import NO_PROXY, prefect_database
from flows.installation.processes import variables
from flows.installation.state import Running, prefect_home, read_state
from tasks.beliefs.registry_url import database_url
from tasks.errors import InputError

PAGE, REGISTRY = "prefect", "registry"


@dataclass(frozen=True)
class Service:
    """A service that runs.

    Attributes
    ----------
    folder
        Its own.
    running
        What it tells of itself.
    """

    folder: Path
    running: Running

    @property
    def page(self) -> Database:
        """Prefect's database."""
        return page_database(self.running.database, self.folder)

    @property
    def registry(self) -> Database:
        """The registry of beliefs."""
        return registry_database()

    @property
    def kind(self) -> str:
        """Of Prefect's database: sqlite or postgresql."""
        return str(self.page.url.get_backend_name())

    def read_again(self) -> "Service":
        """What serves now, where anything does."""
        return Service(self.folder, read_state(self.folder) or self.running)

    @property
    def backups(self) -> Path:
        """Folder of the copies of the databases."""
        return self.folder / "backups"


def page_database(given: str | None, folder: Path) -> Database:
    """Prefect's database; the arguments are as of `prefect_database`."""
    return Database(PAGE, prefect_database(given, folder))


def registry_database() -> Database:
    """The registry of beliefs that the variables of this process name."""
    return Database(REGISTRY, database_url())


def adopt_variables(service: Service) -> None:
    """Give this process the variables of a service in place of its own, but for its search path.

    Raises
    ------
    InputError
        If they cannot be read.
    """
    theirs = variables(service.running.pid)
    if not theirs:
        raise InputError(
            f"The service in {service.folder} is another user's: release as the user who serves."
        )
    home = prefect_home(service.folder)
    own = {
        "PATH": os.environ.get("PATH", os.defpath),
        "PREFECT_HOME": str(home),
        "PREFECT_PROFILES_PATH": str(home / "profiles.toml"),
        "WHENCE_DATA": str(service.folder.parent),
        "WHENCE_RUNS": service.running.runs,
        "PYTHONSAFEPATH": "1",
        "NO_PROXY": NO_PROXY,
        "no_proxy": NO_PROXY,
    }
    os.environ.clear()
    os.environ.update({**QUIET, **theirs, **own})
