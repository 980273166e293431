"""A supervisor looks after releases that broke off: while one lives, it holds a lock."""

import os
import sys
import time
from pathlib import Path

from flows.installation.plan import Plan, environment_of
from flows.installation.release_state import is_held, read_release, release_lock
from flows.installation.state import log_file
from flows.service.child import Child, Program

RELEASE = "release"
BROKEN_OFF = ("-m", "flows.release.broken_off")
SECONDS_BETWEEN_ATTEMPTS = 60.0


class Healing:
    """Takes back releases that broke off.

    Parameters
    ----------
    plan
        What is served.

    Attributes
    ----------
    child
        The process that does it; None where there is none.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan, self._lock = plan, release_lock(plan.folder)
        self._next_attempt = 0.0
        self.child: Child | None = None

    def look(self) -> None:
        """Start the process where a release broke off, and see to its end."""
        if self.child is not None:
            if self.child.code is not None:
                self.end()
                self._next_attempt = time.monotonic() + SECONDS_BETWEEN_ATTEMPTS
        elif (
            time.monotonic() >= self._next_attempt
            and read_release(self._plan.folder)
            and not is_held(self._lock)
        ):
            self.child = Child(self._program())

    def end(self) -> None:
        """End the process."""
        if self.child is not None:
            self.child.end()
            self.child = None

    def _program(self) -> Program:
        return Program(
            name=RELEASE,
            command=[sys.executable, *BROKEN_OFF],
            environment=environment_of(self._plan, Path(sys.prefix), os.environ),
            log=log_file(self._plan.folder, RELEASE),
        )
