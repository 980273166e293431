"""What is said of a service that was looked at: judged from facts alone."""

from dataclasses import dataclass

from flows.installation.state import Running

LEAST_FREE = 2 * 1024**3
"""Bytes; a run of the larger domains keeps some hundred million."""
SHOWN = 3
LONGEST_SILENCE = 90.0
"""Seconds; a worker tells every 30 seconds that it lives."""


@dataclass(frozen=True)
class Facts:
    """What was found.

    Attributes
    ----------
    running
        The service; None where its supervisor does not live. Then what follows from it is None.
    page, api
        Whether Prefect's server and the HTTP service answer.
    worker
        Whether the worker's process lives.
    prefect_database, registry
        Why the database cannot be used as it is, in a sentence; None where it can.
    toolchain
        Why Stan programs cannot be compiled, in a sentence; None where they can.
    not_compiled
        Stan programs that would be compiled at their first use.
    silence
        Seconds since the worker last told the server that it works; None where it never did.
    not_deployed
        Deployments that the server does not have.
    free
        Bytes that are free for runs; None where the run store is no folder.
    """

    running: Running | None
    registry: str | None
    toolchain: str | None
    not_compiled: tuple[str, ...]
    free: int | None
    page: bool = False
    worker: bool = False
    api: bool = False
    prefect_database: str | None = None
    silence: float | None = None
    not_deployed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """One thing that was checked.

    Attributes
    ----------
    what
        The thing.
    fault
        What is wrong with it; None where nothing is.
    told
        What to do where something is wrong, else what is said of it.
    """

    what: str
    fault: str | None
    told: str

    @property
    def line(self) -> str:
        """The finding as a line."""
        words = ["ok     ", self.told] if self.fault is None else ["failed ", self.fault, self.told]
        return f"{self.what:<20}{' '.join(filter(None, words))}"


def judge(facts: Facts) -> list[Finding]:
    """Say of each thing whether it is in order, and what to do where it is not."""
    return [*_of_the_service(facts), *_of_the_machine(facts)]


def _of_the_service(facts: Facts) -> list[Finding]:
    running = facts.running
    if running is None:
        return [Finding("service", "Nothing is served:", "start `whence serve`.")]
    log = "The supervisor starts it again; its log tells why."
    restart = "End `whence serve` and start it again."
    missing = len(facts.not_deployed)
    some = ", ".join(facts.not_deployed[:SHOWN])
    who = f"whence {running.version} of {running.environment}, process {running.pid}"
    return [
        Finding("service", None, who),
        _finding("Prefect's page", None if facts.page else "No answer.", log, running.page),
        _finding(
            "Prefect's database", facts.prefect_database, restart, running.database or "SQLite"
        ),
        _worker(facts, log),
        _finding("HTTP service", None if facts.api else "No answer.", log, running.api),
        _finding(
            "deployments",
            f"{missing} of {running.deployments} are missing ({some})." if missing else None,
            restart,
            f"all of {running.deployments}",
        ),
    ]


def _worker(facts: Facts, remedy: str) -> Finding:
    silent = facts.silence is None or facts.silence > LONGEST_SILENCE
    last = "never" if facts.silence is None else f"{facts.silence:.0f} seconds ago"
    if not facts.worker:
        return Finding("worker", "Its process is gone.", remedy)
    if not facts.page:
        return Finding("worker", None, "its process lives; Prefect's server cannot be asked of it")
    return _finding("worker", f"It was heard {last}." if silent else None, remedy, f"heard {last}")


def _of_the_machine(facts: Facts) -> list[Finding]:
    missing = len(facts.not_compiled)
    some = ", ".join(facts.not_compiled[:SHOWN])
    full = facts.free is not None and facts.free < LEAST_FREE
    free = (
        "no folder of this machine" if facts.free is None else f"{facts.free / 2**30:.1f} GB free"
    )
    return [
        _finding("beliefs", facts.registry, "", "their database is at this version's revision"),
        _finding(
            "Stan",
            facts.toolchain
            or (f"{missing} programs are not compiled ({some})." if missing else None),
            "Run `whence stan --compile`.",
            "toolchain and programs are compiled",
        ),
        _finding("disk of the runs", f"Only {free}." if full else None, "Make room.", free),
    ]


def _finding(what: str, fault: str | None, remedy: str, fine: str) -> Finding:
    return Finding(what, fault, fine if fault is None else remedy)
