"""Keeps a stack running: starts it, starts again what dies, ends it."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from filelock import Timeout

from flows.service.child import ending
from flows.service.plan import Plan, address
from flows.service.processes import (
    adopt_orphans,
    all_processes,
    children,
    end_all,
    reap,
    variable,
)
from flows.service.programs import API, PAGE, TITLES, WORKER
from flows.service.stack import Stack
from flows.service.state import (
    MARK,
    Running,
    forget_state,
    log_file,
    prefect_home,
    supervisor_lock,
    write_state,
)
from tasks.errors import InputError, RunError

Tell = Callable[[str], None]
SECONDS_BETWEEN_LOOKS = 0.5
SECONDS_FOR_THE_LOCK = 1.0
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
SECONDS_TO_FORGET = 60.0
MOST_FAILURES = 5


@dataclass
class Restarts:
    """When a program that died is started again.

    Attributes
    ----------
    pause
        Seconds before the next start.
    failures
        How often in a row it died before it did its work.
    at
        When it is to be started, in seconds of the monotonic clock; None while it runs.
    healthy_since
        When it was first seen to do its work; None before that.
    """

    pause: float = FIRST_PAUSE
    failures: int = 0
    at: float | None = None
    healthy_since: float | None = None

    def works(self, now: float) -> None:
        """It does its work."""
        self.failures = 0
        self.healthy_since = self.healthy_since or now

    def died(self, now: float) -> float:
        """It died: seconds until it is started again."""
        if self.healthy_since is None:
            self.failures += 1
        elif now - self.healthy_since > SECONDS_TO_FORGET:
            self.pause = FIRST_PAUSE
        pause, self.pause = self.pause, min(2 * self.pause, LONGEST_PAUSE)
        self.at, self.healthy_since = now + pause, None
        return pause


class Supervisor:
    """Serves a plan until it is asked to end.

    Parameters
    ----------
    plan
        What is served.
    tell
        Is given each line that the user is to read.
    """

    def __init__(self, plan: Plan, tell: Tell) -> None:
        self.plan, self._tell = plan, tell
        self.stack = Stack(Path(sys.prefix), plan)
        self._since = datetime.now(UTC)
        self._restarts = {name: Restarts() for name in (PAGE, WORKER, API)}
        self._over = threading.Event()
        self._at_once = False

    def run(self) -> None:
        """Serve.

        Raises
        ------
        RunError
            If a program cannot be started, or dies again and again before it does its work.
        """
        adopt_orphans()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask_to_end)
        try:
            self._start()
            while not self._over.wait(SECONDS_BETWEEN_LOOKS):
                for name in self._restarts:
                    self._look_after(name)
        finally:
            self._end()

    def _start(self) -> None:
        self._tell(f"Starting from {self.stack.environment}")
        self.stack.start(PAGE)
        self.stack.start(API)
        self._await(PAGE, "its database is made or migrated first")
        self._await(API, "")
        if not self._over.is_set():
            self._tell(f"  deployments of {self.plan.deployments}")
            self.stack.deploy(self._over.is_set)
        if not self._over.is_set():
            self.stack.start(WORKER)
            self._await(WORKER, "it takes up flow runs that were cut off")
        if not self._over.is_set():
            self._write_state()
            self._tell(self._welcome())

    def _await(self, name: str, why: str) -> None:
        if not self._over.is_set():
            self._tell(f"  waiting for {TITLES[name]}" + (f": {why}" if why else ""))
            self.stack.wait(name, self._over.is_set)
            self._restarts[name].works(time.monotonic())

    def _look_after(self, name: str) -> None:
        """Notice that a program died, or start it again when its pause is over."""
        restarts, now = self._restarts[name], time.monotonic()
        if restarts.at is not None:
            if now >= restarts.at:
                restarts.at = None
                self.stack.start(name)
                self._write_state()
            return
        code = self.stack.children[name].code
        if code is None:
            if restarts.healthy_since is None and self.stack.is_healthy(name):
                restarts.works(now)
                self._tell(f"{_clock()} {TITLES[name]} works again.")
            return
        self.stack.end(name)
        self._end_orphans()
        pause = restarts.died(now)
        if restarts.failures == MOST_FAILURES:
            raise RunError(
                f"{TITLES[name]} died {MOST_FAILURES} times before it did its work"
                f"{self.stack.last_words(name)}"
            )
        self._tell(
            f"{_clock()} {TITLES[name]} died ({ending(code)}): started again in {pause:g} s."
        )

    def _end_orphans(self) -> None:
        """What a killed keeper has left to this process."""
        known = {child.keeper for child in self.stack.children.values()}
        orphans = [pid for pid in children(os.getpid()) if pid not in known]
        end_all(orphans)
        reap(orphans)

    def _end(self) -> None:
        running = [name for name in (WORKER, API, PAGE) if name in self.stack.children]
        if running and not self._at_once:
            self._tell("Ending; flow runs go on from their last finished step at the next start.")
        for name in running:
            self.stack.end(name, at_once=self._at_once)
        self._end_orphans()
        forget_state(self.plan.folder)
        self._tell("Ended.")

    def _ask_to_end(self, _: int, __: FrameType | None) -> None:
        self._at_once = self._over.is_set()
        self._over.set()

    def _write_state(self) -> None:
        plan = self.plan
        write_state(
            plan.folder,
            Running(
                pid=os.getpid(),
                environment=str(self.stack.environment),
                version=self.stack.version,
                page=address(plan.page),
                api=address(plan.api),
                database=plan.database,
                deployments=str(plan.deployments),
                runs=plan.runs,
                since=self._since,
                pids={name: child.pid for name, child in self.stack.children.items()},
            ),
        )

    def _welcome(self) -> str:
        page = address(self.plan.page)
        return "\n".join(
            [
                f"Prefect's page   {page}",
                f"HTTP service     {address(self.plan.api)}/docs",
                f"Runs             {self.plan.runs}",
                f"Logs             {log_file(self.plan.folder, PAGE).parent}",
                "Runs of the command line are seen on the page after",
                f"  export PREFECT_API_URL={page}/api",
                "Ctrl-C ends all.",
            ]
        )


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Be the only supervisor of a folder inside the block, which makes the folder.

    Raises
    ------
    InputError
        If there is another.
    """
    for made in (folder, prefect_home(folder), log_file(folder, PAGE).parent):
        made.mkdir(mode=0o700, parents=True, exist_ok=True)
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


def end_leftovers(folder: Path) -> None:
    """End programs of a supervisor that was killed together with their keepers."""
    end_all(pid for pid in all_processes() if variable(pid, MARK) == str(folder))


def turn_logs(folder: Path) -> None:
    """Begin new logs; those of the last time are kept beside them."""
    for log in log_file(folder, PAGE).parent.glob("*.log"):
        log.replace(log.with_suffix(".log.1"))


def _clock() -> str:
    return f"{datetime.now():%H:%M:%S}"
