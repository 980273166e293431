"""How a release ends: confirmed, or taken back; by itself, or by whoever finds it broken off."""

import time
from datetime import UTC, datetime

from flows.installation.release_state import (
    Release,
    Released,
    Version,
    forget_release,
    keep,
    read_answer,
    read_release,
)
from flows.installation.service import Service
from flows.installation.state import running_service
from flows.release.beside import Beside
from flows.release.page import client_of, pause
from flows.release.telling import Tell, timed
from flows.service.folder import end_leftovers
from tasks.errors import RunError

SECONDS_BETWEEN_LOOKS = 0.2


def switch(service: Service, release: Release, to: Version) -> Service:
    """Have the supervisor serve one of the two versions of a release.

    Parameters
    ----------
    service
        What serves.
    release
        Under way.
    to
        Which of its versions is wanted.

    Returns
    -------
    Service
        What serves then.

    Raises
    ------
    RunError
        If that version cannot serve; what served before it does.
    """
    release = release.model_copy(update={"wanted": to.environment})
    keep(service.folder, release)
    while not release.is_answered_by(answer := read_answer(service.folder)):
        if running_service(service.folder) is None:
            raise RunError(
                f"`whence serve` ended during the switch; the next one serves "
                f"{release.before.version} from {release.before.environment}."
            )
        time.sleep(SECONDS_BETWEEN_LOOKS)
    if answer and answer.error:
        raise RunError(answer.error)
    return service.read_again()


def confirm(service: Service, release: Release) -> None:
    """Keep what a release has reached, and let runs begin again."""
    release = release.model_copy(update={"is_confirmed": True})
    keep(service.folder, release)
    _finish(service, release)


def take_back(service: Service, tell: Tell) -> None:
    """Undo what a release has begun, unless it was confirmed; nothing where none is under way.

    Raises
    ------
    RunError
        If what served before cannot serve again.
    """
    release = read_release(service.folder)
    if release is None:
        return
    beside = Beside(service)
    end_leftovers(beside.folder / "service")
    beside.remove()
    is_back = service.read_again().running.environment == release.before.environment
    if release.wanted and not release.is_confirmed and not is_back:
        with timed(tell, f"{release.before.version} serves again"):
            switch(service, release, release.before)
    _finish(service, release)


def _finish(service: Service, release: Release) -> None:
    if release.is_confirmed:
        now = datetime.now(UTC)
        released = Released(now=release.after, before=release.before, backup=release.backup, at=now)
        keep(service.folder, released)
    if release.was_paused is False:
        with client_of(service.running.page) as client:
            pause(client, False)
    forget_release(service.folder)
