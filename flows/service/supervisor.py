"""Keeps a stack running: starts it, starts again what dies, ends it."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from flows.installation.plan import Plan, address
from flows.installation.processes import adopt_orphans, children, end_all, reap
from flows.installation.release_state import keep
from flows.installation.state import Running, forget_state, log_file, write_state
from flows.service.child import ending
from flows.service.healing import Healing
from flows.service.programs import API, PAGE, TITLES, WORKER
from flows.service.restarts import MOST_FAILURES, Restarts
from flows.service.stack import SECONDS_TO_START
from flows.service.switching import Switching, first_stack
from tasks.errors import RunError

Tell = Callable[[str], None]
SECONDS_BETWEEN_LOOKS = 0.5


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
        self.stack, self._tell = first_stack(plan), tell
        self.plan = self.stack.plan
        self._since = datetime.now(UTC)
        self._restarts = {name: Restarts() for name in (PAGE, WORKER, API)}
        self._over = threading.Event()
        self._switching = Switching(self._over.is_set, tell)
        self._healing = Healing(self.plan)

    def run(self) -> None:
        """Serve.

        Raises
        ------
        RunError
            If a program cannot be started, or dies again and again before it does its work.
        """
        adopt_orphans()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask_to_end)
        try:
            self._start()
            while not self._over.wait(SECONDS_BETWEEN_LOOKS):
                self._switch()
                self._healing.look()
                for name in self._restarts:
                    self._look_after(name)
        finally:
            self._end()

    def _start(self) -> None:
        environment = self.stack.environment
        is_released = environment != Path(sys.prefix)
        self._tell(f"Starting from {environment}{', released last' if is_released else ''}")
        self._switching.settle(self.plan)
        self.stack.start(PAGE)
        self.stack.start(API)
        self._await(PAGE, "its database is made or migrated first")
        self._await(API)
        if not self._over.is_set():
            self._tell(f"  deployments of {self.plan.deployments}")
            self.stack.deploy(self._over.is_set)
        if not self._over.is_set():
            self.stack.start(WORKER)
            self._await(WORKER, "flow runs that were cut off are taken up")
        if not self._over.is_set():
            self._write_state()
            self._tell(self._welcome())

    def _await(self, name: str, why: str = "") -> None:
        """Wait until a program does its work, or nobody wants it any more."""
        if self._over.is_set():
            return
        self._tell(f"  waiting for {TITLES[name]}" + (f": {why}" if why else ""))
        deadline = time.monotonic() + SECONDS_TO_START
        while self._restarts[name].healthy_since is None:
            if time.monotonic() > deadline:
                raise self.stack.too_late(name)
            self._look_after(name)
            if self._over.wait(SECONDS_BETWEEN_LOOKS):
                return

    def _look_after(self, name: str) -> None:
        """Notice that a program works or has died; start it again when its pause is over."""
        restarts, now = self._restarts[name], time.monotonic()
        if restarts.at is not None:
            if now >= restarts.at:
                restarts.at = None
                self.stack.start(name)
                self._write_state()
            return
        code = self.stack.children[name].code
        if code is not None:
            self._bury(name, code)
        elif restarts.healthy_since is None and self.stack.is_healthy(name):
            if restarts.deaths:
                self._tell(f"{_clock()} {TITLES[name]} works again.")
            restarts.works(now)

    def _bury(self, name: str, code: int) -> None:
        """Clear away what is left of a program that died, and say when it is started again."""
        restarts = self._restarts[name]
        self.stack.end(name)
        self._end_orphans()
        pause = restarts.died(time.monotonic())
        if restarts.failures == MOST_FAILURES:
            raise RunError(
                f"{TITLES[name]} died {MOST_FAILURES} times before it did its work"
                f"{self.stack.last_words(name)}"
            )
        how = ending(code)
        self._tell(f"{_clock()} {TITLES[name]} died ({how}): started again in {pause:g} s.")

    def _switch(self) -> None:
        """Serve what a release wants, and answer it."""
        switched = self._switching.switch(self.stack)
        if switched is not None:
            self.stack, answer = switched
            self.plan = self.stack.plan
            self._restarts = {name: Restarts() for name in self._restarts}
            self._write_state()
            keep(self.plan.folder, answer)

    def _end_orphans(self) -> None:
        """What a killed keeper has left to this process."""
        known = {child.keeper for child in self.stack.children.values()}
        known |= {child.keeper for child in [self._healing.child] if child}
        orphans = [pid for pid in children(os.getpid()) if pid not in known]
        end_all(orphans)
        reap(orphans)

    def _end(self) -> None:
        running = [name for name in (WORKER, API, PAGE) if name in self.stack.children]
        if running:
            self._tell("Ending; flow runs go on from their last finished step at the next start.")
        self._healing.end()
        for name in running:
            self.stack.end(name)
        self._end_orphans()
        forget_state(self.plan.folder)
        self._tell("Ended.")

    def _ask_to_end(self, _: int, __: FrameType | None) -> None:
        """End all; asked a second time, at once."""
        if self._over.is_set():
            for child in self.stack.children.values():
                child.kill()
        self._over.set()

    def _write_state(self) -> None:
        plan = self.plan
        if WORKER not in self.stack.children:  # it is still starting
            return
        running = Running(
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
        )
        try:
            write_state(plan.folder, running)
        except OSError as error:  # a full disk is no reason to end what works
            self._tell(f"{_clock()} Processes could not be noted in {plan.folder}: {error}.")

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


def _clock() -> str:
    return f"{datetime.now():%H:%M:%S}"
