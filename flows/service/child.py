"""A program under a keeper: started, looked at, ended."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import time

KEEPER = (sys.executable, "-P", "-m", "flows.service.keeper")
SECONDS_FOR_THE_KEEPER = 5.0


@dataclass(frozen=True)
class Program:
    """What a child runs.

    Attributes
    ----------
    name
        What it is called in messages and in the file of its log.
    command
        Starts it.
    environment
        Of its process.
    log
        File to which all its output is added.
    descriptors
        Open files that it inherits.
    seconds_to_end
        After it was asked to end; then it is killed.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    descriptors: Sequence[int] = ()
    seconds_to_end: float = 10.0


class Child:
    """A program that runs under a keeper until one of the two ends.

    Attributes
    ----------
    program
        What runs.
    pid
        Its process.
    since
        When it was started, in seconds since 1970.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.since = time()
        with program.log.open("ab") as log:
            self._keeper = subprocess.Popen(
                [*KEEPER, str(program.seconds_to_end), *program.command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=dict(program.environment),
                pass_fds=program.descriptors,
                start_new_session=True,
            )
        said = self._keeper.stdout.readline() if self._keeper.stdout else b""
        self.pid = int(said or self._keeper.pid)

    @property
    def keeper(self) -> int:
        """Process of the keeper."""
        return self._keeper.pid

    @property
    def code(self) -> int | None:
        """Exit code, 128 and more where a signal ended it; None while it runs."""
        code = self._keeper.poll()
        return 128 - code if code is not None and code < 0 else code

    def wait(self, seconds: float) -> int | None:
        """Wait for the end, some seconds at most, and give the exit code."""
        with suppress(subprocess.TimeoutExpired):
            self._keeper.wait(seconds)
        return self.code

    def ask_to_end(self) -> None:
        """Have the program end; what it started ends with it."""
        if self._keeper.stdin:
            with suppress(BrokenPipeError):
                self._keeper.stdin.close()

    def kill(self) -> None:
        """Kill the program; its keeper ends what it started."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def end(self) -> None:
        """End the program and all that it started, and wait for that."""
        self.ask_to_end()
        if self.wait(self.program.seconds_to_end + SECONDS_FOR_THE_KEEPER) is None:
            self._keeper.kill()
            self._keeper.wait()
        if self._keeper.stdout:
            self._keeper.stdout.close()


def ending(code: int) -> str:
    """How a program ended, in words.

    Examples
    --------
    >>> ending(137)
    'killed by SIGKILL'
    >>> ending(1)
    'exit code 1'
    """
    with suppress(ValueError):
        return f"killed by {signal.Signals(code - 128).name}"
    return f"exit code {code}"
