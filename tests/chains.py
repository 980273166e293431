"""Kills chains of Stan, as the system does where memory runs out."""

import os
import signal
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from flows.installation.processes import children

SECONDS = 600.0


def kill_first_chain(program: str) -> "Future[bool]":
    """Wait in a thread for the first chain that this process starts of a program, and kill it.

    Other processes of the program, which tell of it and sample nothing, are left alone. The result
    is whether one was killed.
    """
    pool = ThreadPoolExecutor(1)
    killing = pool.submit(_kill, program)
    pool.shutdown(wait=False)
    return killing


def _kill(program: str) -> bool:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        for pid in filter(lambda pid: _is_chain(pid, program), children(os.getpid())):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                return True
        time.sleep(0.005)
    return False


def _is_chain(pid: int, program: str) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return Path(os.fsdecode(words[0])).name == program and b"method=sample" in words
