"""A run as it goes: a line a step on the terminal, and a progress artifact on Prefect's page."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

from prefect import Task
from prefect.artifacts import create_progress_artifact, update_progress_artifact

from tasks.outside import explaining
from tasks.progress import Progress, listening

P = ParamSpec("P")
R = TypeVar("R")

SECONDS_BETWEEN = 1.0
CACHED = "Cached"

logger = logging.getLogger(__name__)


@dataclass
class Narrator:
    """Runs the steps of a flow and tells of each.

    Attributes
    ----------
    steps
        Number of steps to come, for the progress artifact.
    key
        Of that artifact, after ``progress-``.
    timings
        Seconds and whether cached, by title, of the steps that have run.
    """

    steps: int
    key: str
    timings: dict[str, dict[str, Any]] = field(default_factory=dict)
    _artifact: UUID | None = None
    _told: float = 0.0

    def run(self, title: str, step: Task[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a cached step, or take its result from the cache.

        Parameters
        ----------
        title
            For the reader: what the step does.
        step
            A Prefect task; `args` and `kwargs` go to it.
        """
        began = monotonic()
        self._publish(title)
        with explaining(), listening(lambda progress: self._hear(title, progress)):
            state: Any = step(*args, **kwargs, return_state=True)
        seconds = monotonic() - began
        cached = state.name == CACHED
        self.timings[title] = {"seconds": round(seconds, 3), "cached": cached}
        with explaining():
            result: R = state.result()
        _line(f"{title:<44}{'cached' if cached else f'{seconds:6.1f} s':>9}", end="\n")
        return result

    def stage(self, name: str) -> None:
        """Head the steps to come."""
        _line(name, end="\n")

    def finish(self) -> None:
        """The progress artifact at 100 %."""
        self._publish("done")

    def _hear(self, title: str, progress: Progress) -> None:
        fraction = progress.fraction
        if monotonic() - self._told < SECONDS_BETWEEN or fraction is None:
            return
        self._told = monotonic()
        _line(_how_far(title, progress), end="")
        self._publish(f"{title}: {progress.label}", fraction)

    def _publish(self, what: str, fraction: float = 0.0) -> None:
        percent = min(100.0, 100.0 * (len(self.timings) + fraction) / self.steps)
        if self._artifact is None:
            created = create_progress_artifact(
                percent, key=f"progress-{self.key}", description=what
            )
            self._artifact = created if isinstance(created, UUID) else None
        else:
            update_progress_artifact(self._artifact, percent, description=what)


@contextmanager
def overheard(title: str) -> Iterator[None]:
    """Tell on the terminal how far what comes before a run's first step has come."""
    with listening(lambda progress: _line(_how_far(title, progress), end="")):
        yield
    _line("", end="")


def _how_far(title: str, progress: Progress) -> str:
    left = progress.seconds_left
    rest = f", {left:.0f} s left" if left is not None else ""
    return f"{title}: {progress.label} {progress.done}/{progress.total}{rest}"


def _line(text: str, end: str) -> None:
    """Overwrite the line on a terminal; elsewhere only whole lines are written."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[2K{text}{end}")
        sys.stderr.flush()
    elif end:
        logger.info("%s", text)
