"""What a release tells the supervisor and the next release: files that are there whole, or not."""

from pathlib import Path
from typing import TypeVar

from filelock import FileLock, Timeout
from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from tasks.whole_files import whole_file

UNDER_WAY, ANSWER, RELEASED = "release.json", "switched.json", "released.json"
Kept = TypeVar("Kept", bound=BaseModel)


class Revisions(BaseModel):
    """What a version knows of a database.

    Attributes
    ----------
    head
        The revision that it needs.
    known
        Every revision that its migrations lead to, the head too.
    """

    model_config = ConfigDict(frozen=True)

    head: str
    known: frozenset[str]


class Version(BaseModel):
    """A version of the product: a Python environment in which it is installed.

    Attributes
    ----------
    environment
        Its ``sys.prefix``.
    version, prefect
        Of whence, and of Prefect.
    code
        SHA-256 of what whence consists of.
    deployments
        The file of deployments that ships with it.
    registry, page
        Of the registry of beliefs, and of Prefect's database in each kind of database.
    """

    model_config = ConfigDict(frozen=True)

    environment: str
    version: str
    prefect: str
    code: str
    deployments: str
    registry: Revisions
    page: dict[str, Revisions]


class Release(BaseModel):
    """A release under way; a release that ends before it is confirmed is taken back.

    Attributes
    ----------
    before, after
        What served when it began, and what is to serve.
    backup
        Folder of the copies of the databases.
    was_paused
        Whether the work pool was paused before the release paused it; None until then.
    wanted
        Environment that the supervisor is to serve from; None until the switch.
    is_confirmed
        Whether what serves now was looked at and stays.
    """

    model_config = ConfigDict(frozen=True)

    before: Version
    after: Version
    backup: str
    was_paused: bool | None = None
    wanted: str | None = None
    is_confirmed: bool = False

    @property
    def wanted_version(self) -> Version | None:
        """The version that is wanted."""
        return next((of for of in (self.before, self.after) if of.environment == self.wanted), None)

    def is_answered_by(self, answer: "Answer | None") -> bool:
        """Whether the supervisor has done what is wanted, or has failed to."""
        asked = (self.backup, self.wanted)
        return answer is not None and (answer.backup, answer.wanted) == asked


class Answer(BaseModel):
    """What the supervisor did.

    Attributes
    ----------
    backup, wanted
        Of the release.
    error
        Why another environment serves than was wanted; None where it does.
    """

    model_config = ConfigDict(frozen=True)

    backup: str
    wanted: str
    error: str | None = None


class Released(BaseModel):
    """The release that was made last.

    Attributes
    ----------
    now
        What serves.
    before
        What served before, to which ``whence release --back`` leads; None after that.
    backup
        Folder of the copies of the databases that were made then.
    at
        When.
    """

    model_config = ConfigDict(frozen=True)

    now: Version
    before: Version | None
    backup: str
    at: AwareDatetime


def release_lock(folder: Path) -> FileLock:
    """What a release of a service holds as long as it lives."""
    return FileLock(folder / ".release.lock")


def is_held(lock: FileLock) -> bool:
    """Whether another process holds a lock."""
    try:
        with lock.acquire(timeout=0):
            return False
    except Timeout:
        return True


def read_release(folder: Path) -> Release | None:
    """The release under way."""
    return _read(folder / UNDER_WAY, Release)


def read_answer(folder: Path) -> Answer | None:
    """What the supervisor did last."""
    return _read(folder / ANSWER, Answer)


def read_released(folder: Path) -> Released | None:
    """The release that was made last."""
    return _read(folder / RELEASED, Released)


def keep(folder: Path, content: Release | Answer | Released) -> None:
    """Keep a file, whole."""
    names = {Release: UNDER_WAY, Answer: ANSWER, Released: RELEASED}
    with whole_file(folder / names[type(content)]) as unfinished:
        unfinished.write_text(content.model_dump_json(), encoding="utf-8")


def forget_release(folder: Path) -> None:
    """Remove what is kept of the release under way."""
    for name in (UNDER_WAY, ANSWER):
        (folder / name).unlink(missing_ok=True)


def served_version(folder: Path) -> Version | None:
    """The version that a service is to begin with; None where none was ever released."""
    release, released = read_release(folder), read_released(folder)
    if release is not None:
        return release.after if release.is_confirmed else release.before
    return released.now if released else None


def deployments_of(to: Version, other: Version, given: Path) -> Path:
    """The file that a version is to deploy.

    Parameters
    ----------
    to, other
        That version, and the one in whose place it serves.
    given
        What the other deployed: its own file, or one that the user names.
    """
    return Path(to.deployments) if given == Path(other.deployments) else given


def _read(place: Path, kind: type[Kept]) -> Kept | None:
    try:
        return kind.model_validate_json(place.read_bytes())
    except (OSError, ValidationError):
        return None
