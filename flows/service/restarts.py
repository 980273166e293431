"""When a program that died is started again, and when no more."""

from dataclasses import dataclass

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
    deaths
        How often it died.
    failures
        How often in a row it died before it did its work.
    at
        When it is to be started, in seconds of the monotonic clock; None while it runs.
    healthy_since
        When it was first seen to do its work; None before that.
    """

    pause: float = FIRST_PAUSE
    deaths: int = 0
    failures: int = 0
    at: float | None = None
    healthy_since: float | None = None

    def works(self, now: float) -> None:
        """It does its work."""
        self.failures = 0
        self.healthy_since = self.healthy_since or now

    def died(self, now: float) -> float:
        """It died: seconds until it is started again."""
        self.deaths += 1
        if self.healthy_since is None:
            self.failures += 1
        elif now - self.healthy_since > SECONDS_TO_FORGET:
            self.pause = FIRST_PAUSE
        pause, self.pause = self.pause, min(2 * self.pause, LONGEST_PAUSE)
        self.at, self.healthy_since = now + pause, None
        return pause
