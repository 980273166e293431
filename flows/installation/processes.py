"""Processes of this machine, as ``/proc`` tells of them."""

import ctypes
import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
PR_SET_CHILD_SUBREAPER = 36
STATE, PARENT = 0, 1
SECONDS_TO_DIE = 1.0
SECONDS_TO_CLEAR_AWAY = 10.0


def adopt_orphans() -> None:
    """Make this process the parent of whatever its descendants leave behind."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be reaped does not."""
    found = _status(pid)
    return found is not None and found[STATE] != "Z"


def children(parent: int) -> list[int]:
    """Processes that a process has started or adopted, those that wait to be reaped too."""
    return [pid for pid in all_processes() if (found := _status(pid)) and found[PARENT] == parent]


def descendants(parent: int) -> list[int]:
    """Children of a process, and theirs."""
    parents = {pid: found[PARENT] for pid in all_processes() if (found := _status(pid))}
    below, level = list[int](), [parent]
    while level:
        level = [pid for pid, above in parents.items() if above in level]
        below += level
    return below


def all_processes() -> list[int]:
    """Every process of this machine."""
    return [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()]


def variable(pid: int, name: str) -> str | None:
    """An environment variable with which a process was started; None where it cannot be read."""
    return variables(pid).get(name)


def started_with(name: str, value: str) -> list[int]:
    """Processes that run and were started with this value of an environment variable."""
    return [pid for pid in all_processes() if variable(pid, name) == value]


def variables(pid: int) -> dict[str, str]:
    """The environment variables with which a process was started; none where it cannot be read."""
    try:
        content = (PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return {}
    entries = (os.fsdecode(entry).partition("=") for entry in content.split(b"\0") if entry)
    return {name: value for name, _, value in entries}


def end_all(pids: Iterable[int], seconds: float = SECONDS_TO_DIE) -> None:
    """Ask processes to end, and kill those that have not after some seconds."""
    kill_later([pid for pid in pids if _send(pid, signal.SIGTERM)], seconds)


def kill_later(pids: Iterable[int], seconds: float) -> None:
    """Wait for the end of processes, and kill those that have not ended after some seconds.

    What a killed process held, such as a port, is free only when the kernel has cleared it away.
    """
    left = _left(pids, seconds)
    for pid in left:
        _send(pid, signal.SIGKILL)
    _left(left, SECONDS_TO_CLEAR_AWAY)


def _left(pids: Iterable[int], seconds: float) -> list[int]:
    """Wait some seconds at most for the end of processes: those that have not ended."""
    deadline = time.monotonic() + seconds
    left = list(pids)
    while (left := [pid for pid in left if is_alive(pid)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return left


def reap(pids: Iterable[int]) -> None:
    """Clear away children that have ended."""
    for pid in pids:
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


def _send(pid: int, number: signal.Signals) -> bool:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _status(pid: int) -> tuple[str, int] | None:
    """State and parent of a process."""
    try:
        content = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    state, parent, *_ = content.rpartition(")")[2].split()
    return state, int(parent)
