"""Time that a fit may take: foreseen after its first nodes, and held."""

import logging
from dataclasses import dataclass, field
from time import monotonic

from tasks.errors import RunError

PROBE_SECONDS = 1.0
"""For as long the first nodes are fitted before the time of all is foreseen."""
START_SECONDS = 3.0
"""That processes need to start."""
WORTH_PROCESSES = 6.0
"""Seconds of work from which starting processes pays."""

logger = logging.getLogger(__name__)


@dataclass
class TimeBudget:
    """The clock of a fit.

    Attributes
    ----------
    nodes
        Number of nodes to fit.
    limit
        Seconds that all of them may take.
    workers
        Processes that may be used.
    foreseen
        Seconds that all of them will take; None as long as too few are fitted to tell.
    """

    nodes: int
    limit: float
    workers: int
    foreseen: float | None = None
    _done: int = 0
    _began: float = field(default_factory=monotonic)

    @property
    def deadline(self) -> float:
        """When the time is up, on the clock of `time.monotonic`."""
        return self._began + self.limit

    @property
    def seconds(self) -> float:
        """Since the fit began."""
        return monotonic() - self._began

    @property
    def useful_workers(self) -> int:
        """Processes for the nodes left: 1 where starting more would take longer."""
        left = self.seconds * (self.nodes - self._done) / max(self._done, 1)
        return self.workers if left > WORTH_PROCESSES else 1

    def tick(self) -> None:
        """Tell that a node is fitted.

        Raises
        ------
        RunError
            If the fit will take longer than the limit.
        """
        self._done += 1
        if self.foreseen is None and (self.seconds >= PROBE_SECONDS or self._done == self.nodes):
            self._foresee()

    def refuse(self) -> RunError:
        """The error where the time is up."""
        return RunError(
            f"The fit reached its time limit of {self.limit:g} s after {self._done} of "
            f"{self.nodes} nodes: raise time_limit, choose quality 'good' or fewer rows."
        )

    def _foresee(self) -> None:
        workers = self.useful_workers
        left = self.seconds / self._done * (self.nodes - self._done) / workers
        self.foreseen = self.seconds + left + (START_SECONDS if workers > 1 else 0.0)
        if left:
            logger.info("%d mechanisms: about %.0f s", self.nodes, self.foreseen)
        if self.foreseen > self.limit:
            raise RunError(
                f"The fit of {self.nodes} nodes would take about {self.foreseen:.0f} s, its time "
                f"limit is {self.limit:g} s: raise time_limit, choose quality 'good' or fewer rows."
            )
