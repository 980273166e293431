"""What the outside does to a run, in one sentence: disks without room, processes killed."""

import errno
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path

from tasks.errors import FullDiskError, InputError, KilledError, RunError
from tasks.locations import cache_folder, data_folder

NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
SAID = (*(os.strerror(number) for number in sorted(NO_ROOM)), "database or disk is full")
"""By which programs and libraries that know no numbers of errors tell of it."""
COMPILER_KILLED = "Killed signal terminated program"
LEAST_FREE = 100_000
"""Bytes below which a place counts as full, whatever a library says of it."""
FROM_OUTSIDE = {signal.SIGKILL, signal.SIGTERM}
AGAIN = "start again: finished steps are kept"


@contextmanager
def explaining() -> Iterator[None]:
    """Turn a disk without room and a killed worker process into one sentence.

    Raises
    ------
    FullDiskError, KilledError
        In place of what the block raised for such a reason; all else passes.
    """
    try:
        yield
    except (InputError, FullDiskError, KilledError):
        raise
    except Exception as error:
        plain = explain(error)
        if plain is None:
            raise
        raise plain from error


def explain(error: BaseException) -> FullDiskError | KilledError | None:
    """The error in plain words where its reason lies outside; None where it does not.

    Parameters
    ----------
    error
        Any, with the errors that it came from.

    Examples
    --------
    >>> print(str(explain(OSError(errno.ENOSPC, "No space left on device")))[:44])
    There is no room on a disk (No space left on
    >>> print(explain(OSError(errno.ENOENT, "No such file or directory")))
    None
    """
    for reason in _chain(error):
        if isinstance(reason, BrokenProcessPool):
            return killed("A worker process")
        if COMPILER_KILLED in str(reason):
            return killed("The C++ compiler")
        said = next((words for words in SAID if words in str(reason)), None)
        if isinstance(reason, OSError) and reason.errno in NO_ROOM:
            return no_room(str(reason.strerror), reason.filename2 or reason.filename)
        if said:
            return no_room(said, None)
    if not isinstance(error, RunError) and any(free < LEAST_FREE for free in _free().values()):
        return no_room(str(error).partition("\n")[0], None)
    return None


def no_room(said: str, file: object) -> FullDiskError:
    """The error of a disk without room.

    Parameters
    ----------
    said
        By the system or a library.
    file
        Which was to be written; None where it is not known.
    """
    which = f" for a file in {Path(str(file)).parent}" if file else ""
    free = ", ".join(f"{free / 1e9:.1f} GB in {place}" for place, free in _free().items())
    return FullDiskError(
        f"There is no room on a disk{which} ({said}). Free: {free}. Make room and {AGAIN}."
    )


def killed(which: str, how: str = "") -> KilledError:
    """The error of a process that was killed.

    Parameters
    ----------
    which
        The process, as a sentence begins.
    how
        By what, and what it did, as the sentence goes on.
    """
    return KilledError(
        f"{which} was killed{how}, as the system does where memory runs out: end what else needs "
        f"memory, or choose smaller settings, and {AGAIN}."
    )


def process_error(which: str, doing: str, code: int, said: str) -> RunError:
    """The error of a program that ended with another status than 0.

    Parameters
    ----------
    which
        The program, as a sentence begins.
    doing
        What it did, after "while it".
    code
        Its exit status; -9 where SIGKILL ended it.
    said
        Its last words.

    Examples
    --------
    >>> print(process_error("a chain", "sampled", 1, "no data"))
    a chain ended with code 1 while it sampled: no data
    """
    name = signal.Signals(-code).name if code < 0 else ""
    if -code in FROM_OUTSIDE:
        return killed(which, f" by {name} while it {doing}")
    if -code == signal.SIGXFSZ:
        return no_room(f"{which} may write no larger file", None)
    how = f"was ended by {name}" if name else f"ended with code {code}"
    return RunError(f"{which} {how} while it {doing}: {said or 'it said nothing'}")


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        yield following
        context = None if following.__suppress_context__ else following.__context__
        following = following.__cause__ or context


def _free() -> dict[Path, int]:
    """Bytes that are free where this project and Prefect write, one place a disk."""
    prefect = Path(os.environ.get("PREFECT_HOME") or "~/.prefect").expanduser()
    runs = os.environ.get("WHENCE_RUNS") or "runs"
    kept = [] if "://" in runs else [Path(runs).absolute()]
    free, disks = {}, set()
    for place in (*kept, data_folder(), cache_folder(), prefect, Path(tempfile.gettempdir())):
        there = next(folder for folder in (place, *place.parents) if folder.exists())
        disk = there.stat().st_dev
        if disk not in disks and os.access(there, os.W_OK):
            disks.add(disk)
            free[place] = shutil.disk_usage(there).free
    return free
