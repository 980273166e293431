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

from flows.markdown_text import as_markdown
from flows.terminal import harmless
from tasks.outside import explaining
from tasks.progress import Progress, listening

P = ParamSpec("P")
R = TypeVar("R")

SECONDS_BETWEEN = 1.0
CACHED = "Cached"
LONG = 3
"""From how many minutes on seconds are told as minutes, and from how many hours on as hours."""

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
    _percent: float = 0.0

    def run(self, title: str, step: Task[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a cached step, or take its result from the cache.

        Parameters
        ----------
        title
            For the reader: what the step does; its name on Prefect's page.
        step
            A Prefect task; `args` and `kwargs` go to it.
        """
        began = monotonic()
        self._publish(title)
        with explaining(), listening(lambda progress: self._hear(title, progress)):
            state: Any = named(title, step)(*args, **kwargs, return_state=True)
        if not state.is_completed():
            self._publish(f"{title}: failed")
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
        """The progress artifact at 100 %: some of the steps may not have been needed."""
        self._percent = 100.0
        self._publish("done")

    def _hear(self, title: str, progress: Progress) -> None:
        fraction = progress.fraction
        if monotonic() - self._told < SECONDS_BETWEEN or fraction is None:
            return
        self._told = monotonic()
        _line(_how_far(title, progress), end="")
        self._publish(_how_far(title, progress), fraction)

    def _publish(self, what: str, fraction: float = 0.0) -> None:
        """What goes on, and how far the run is, which never goes back: a step may loop twice."""
        reached = 100.0 * (len(self.timings) + fraction) / self.steps
        self._percent = min(100.0, max(self._percent, reached))
        told = as_markdown(what)
        if self._artifact is None:
            created = create_progress_artifact(
                self._percent, key=f"progress-{self.key}", description=told
            )
            self._artifact = created if isinstance(created, UUID) else None
        else:
            update_progress_artifact(self._artifact, self._percent, description=told)


def named(title: str, step: Task[P, R]) -> Task[P, R]:
    """A step whose run is called so on Prefect's page."""
    return step.with_options(task_run_name=lambda: title)


@contextmanager
def overheard(title: str) -> Iterator[None]:
    """Tell on the terminal how far what comes before a run's first step has come."""
    with listening(lambda progress: _line(_how_far(title, progress), end="")):
        yield
    _line("", end="")


def _how_far(title: str, progress: Progress) -> str:
    left = progress.seconds_left
    rest = "" if left is None else f", {_duration(left)} left"
    return f"{title}: {progress.label} {progress.done}/{progress.total}{rest}"


def _duration(seconds: float) -> str:
    """A time to wait, in a unit of which there are few.

    Examples
    --------
    >>> _duration(40.2), _duration(600.0), _duration(86400.0)
    ('40 s', '10 min', '24 h')
    """
    minutes, hours = seconds / 60, seconds / 3600
    if minutes < LONG:
        return f"{seconds:.0f} s"
    return f"{minutes:.0f} min" if hours < LONG else f"{hours:.0f} h"


def _line(text: str, end: str) -> None:
    """Overwrite the line on a terminal; elsewhere only whole lines are written."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[2K{harmless(text)}{end}")
        sys.stderr.flush()
    elif end:
        logger.info("%s", text)
