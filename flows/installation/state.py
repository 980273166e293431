"""What `whence serve` tells other commands: a file that is there whole, or not at all."""

from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from tasks.locations import data_folder

MARK = "WHENCE_SERVICE"
"""Variable of every process of a service: the folder of that service."""


class Running(BaseModel):
    """A service that runs.

    Attributes
    ----------
    pid
        Process of the supervisor.
    environment, version
        Python environment (its ``sys.prefix``) whose programs serve, and the version in it.
    page, api
        Addresses of Prefect's page and of the HTTP service.
    database
        Prefect's, as it was given: a URL without a password, or ``env:NAME``; None for SQLite in
        the service's own folder.
    deployments
        The file that was deployed.
    runs
        Root of the run store.
    since
        When the service began.
    pids
        Processes of the programs, by name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    pid: int
    environment: str
    version: str
    page: str
    api: str
    database: str | None
    deployments: str
    runs: str
    since: AwareDatetime
    pids: dict[str, int]


def service_folder() -> Path:
    """Folder of the service: below ``WHENCE_DATA``."""
    return data_folder() / "service"


def identifier_file(folder: Path) -> Path:
    """The file of the identifier of a service."""
    return folder / "identifier"


def prefect_home(folder: Path) -> Path:
    """Folder of Prefect's own files."""
    return folder / "prefect"


def log_file(folder: Path, name: str) -> Path:
    """Log of one of the programs."""
    return folder / "logs" / f"{name}.log"


def write_state(folder: Path, running: Running) -> None:
    """Keep the state, whole."""
    unfinished = folder / "running.json.unfinished"
    unfinished.write_text(running.model_dump_json(indent=1), encoding="utf-8")
    unfinished.replace(_file(folder))


def read_state(folder: Path) -> Running | None:
    """The state that was kept; None where there is none that can be read."""
    try:
        return Running.model_validate_json(_file(folder).read_bytes())
    except (OSError, ValidationError):
        return None


def forget_state(folder: Path) -> None:
    """Remove the state."""
    _file(folder).unlink(missing_ok=True)


def supervisor_lock(folder: Path) -> FileLock:
    """What the supervisor of a folder holds as long as it lives."""
    return FileLock(folder / ".lock")


def running_service(folder: Path) -> Running | None:
    """The service of a folder, if its supervisor lives."""
    running = read_state(folder)
    if running is None:
        return None
    try:
        with supervisor_lock(folder).acquire(timeout=0):
            return None
    except Timeout:
        return running


def _file(folder: Path) -> Path:
    return folder / "running.json"
