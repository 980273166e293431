"""The folder of a service: one supervisor at a time, its logs, and what a killed one left."""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import Timeout

from flows.installation.processes import end_all, started_with
from flows.installation.state import MARK, identifier_file, log_file, prefect_home, supervisor_lock
from tasks.errors import InputError
from tasks.locations import private_folder
from tasks.whole_files import whole_file

SECONDS_FOR_THE_LOCK = 1.0
SECONDS_FOR_LEFTOVERS = 20.0


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Be the only supervisor of a folder inside the block, which makes the folder.

    Raises
    ------
    InputError
        If there is another.
    """
    for made in (folder, prefect_home(folder), log_file(folder, "").parent):
        private_folder(made)
    lock = supervisor_lock(folder)
    try:
        lock.acquire(timeout=SECONDS_FOR_THE_LOCK)
    except Timeout as error:
        raise InputError(
            f"Another `whence serve` serves {folder}: end it, or set WHENCE_DATA to another folder."
        ) from error
    try:
        yield
    finally:
        lock.release()


def service_identifier(folder: Path) -> str:
    """Identifier of the service of a folder, made on first use: it moves with the folder."""
    file = identifier_file(folder)
    if not file.exists():
        with whole_file(file) as unfinished:
            unfinished.write_text(uuid.uuid4().hex, encoding="ascii")
    return file.read_text(encoding="ascii")


def end_leftovers(folder: Path) -> None:
    """End programs of a supervisor that was killed together with their keepers."""
    deadline = time.monotonic() + SECONDS_FOR_LEFTOVERS
    while (left := started_with(MARK, str(folder))) and time.monotonic() < deadline:
        end_all(left)  # a keeper may just have started one more


def turn_logs(folder: Path) -> None:
    """Begin new logs; those of the last time are kept beside them."""
    for log in log_file(folder, "").parent.glob("*.log"):
        log.replace(log.with_suffix(".log.1"))
