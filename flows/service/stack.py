"""The programs of one Python environment that serve a plan."""

import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from flows.installation.plan import Plan, address
from flows.installation.state import log_file
from flows.service.child import Child, ending
from flows.service.health import api_answers, ask, last_heartbeat, page_answers
from flows.service.programs import API, DEPLOY, PAGE, TITLES, program_of, worker_name
from tasks.errors import RunError, last_lines

SECONDS_TO_START = 300.0
SECONDS_BETWEEN_LOOKS = 0.2
PATIENCE = 2.0
"""Seconds for an answer, during which nothing else is looked at."""


class Stack:
    """Prefect's server, a worker and the HTTP service of one environment.

    Parameters
    ----------
    environment
        Its ``sys.prefix``.
    plan
        What is served.

    Attributes
    ----------
    children
        The programs that were started, by name.
    """

    def __init__(self, environment: Path, plan: Plan) -> None:
        self.environment, self.plan = environment, plan
        self.children: dict[str, Child] = {}

    def start(self, name: str, gate: int | None = None) -> None:
        """Start a program; where there is a gate, it waits there once it is loaded."""
        self.children[name] = Child(program_of(name, self.environment, self.plan, gate))

    def is_healthy(self, name: str) -> bool:
        """Whether a program does its work."""
        child = self.children[name]
        if child.code is not None:
            return False
        if name == PAGE:
            return page_answers(address(self.plan.page), PATIENCE)
        if name == API:
            return api_answers(address(self.plan.api), PATIENCE)
        beat = last_heartbeat(address(self.plan.page), worker_name(self.environment), PATIENCE)
        return beat is not None and beat > child.since

    def wait(self, name: str, is_over: Callable[[], bool]) -> None:
        """Wait until a program does its work, or nobody wants it any more.

        Raises
        ------
        RunError
            If it ends instead, or takes too long.
        """
        child, deadline = self.children[name], time.monotonic() + SECONDS_TO_START
        while not is_over() and not self.is_healthy(name):
            if child.code is not None:
                raise RunError(
                    f"{TITLES[name]} ended ({ending(child.code)}){self.last_words(name)}"
                )
            if time.monotonic() > deadline:
                raise self.too_late(name)
            time.sleep(SECONDS_BETWEEN_LOOKS)

    def too_late(self, name: str) -> RunError:
        """That a program does not begin to work."""
        return RunError(
            f"{TITLES[name]} did not begin to work within {SECONDS_TO_START:.0f} seconds"
            f"{self.last_words(name)}"
        )

    def deploy(self, is_over: Callable[[], bool]) -> None:
        """Make the work pool and all deployments, unless nobody wants them any more.

        Raises
        ------
        RunError
            If they cannot be made.
        """
        self.start(DEPLOY)
        child = self.children[DEPLOY]
        while child.wait(SECONDS_BETWEEN_LOOKS) is None and not is_over():
            pass
        self.end(DEPLOY)
        if child.code and not is_over():
            raise RunError(f"The deployments could not be made{self.last_words(DEPLOY)}")

    def end(self, name: str, at_once: bool = False) -> None:
        """End a program, and all that it started."""
        child = self.children.pop(name)
        if at_once:
            child.kill()
        child.end()

    def end_all(self) -> None:
        """End all programs."""
        for name in list(self.children):
            self.end(name)

    @cached_property
    def version(self) -> str:
        """Version of the environment, as its HTTP service tells it."""
        return str(ask(f"{address(self.plan.api)}/health")["version"])

    def last_words(self, name: str) -> str:
        """The end of a program's log, and where the log is."""
        log = log_file(self.plan.folder, name)
        text = log.read_text(encoding="utf-8", errors="replace")
        return f"; its log ends so ({log}):\n{last_lines(text)}"
