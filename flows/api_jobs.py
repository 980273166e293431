"""Jobs of the HTTP service: one at a time, in the order in which they came, kept as files."""

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout
from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from tasks.errors import InputError, RunError
from tasks.locations import private_folder

State = Literal["queued", "running", "done", "failed", "interrupted"]
Runner = Callable[[str, Mapping[str, Any]], Awaitable[str]]
"""Carries out a service with its parameters and gives the run, as ``domain/run_id``."""

MOST_WAITING = 20
MOST_TRIES = 3
FAILED = "the job failed; see the log of the server"
INTERRUPTED = (
    f"the server was killed {MOST_TRIES} times while the job ran, perhaps by it: look at its log, "
    "and send it again"
)

logger = logging.getLogger(__name__)


class Job(BaseModel):
    """One request for long work, and what became of it.

    Attributes
    ----------
    job
        Its identifier, 32 hexadecimal digits.
    service, parameters
        What was asked.
    submitted, began, ended
        When, in UTC.
    tries
        How often it began; a server that was asked to end while it ran does not count.
    run
        What it left in the run store, as ``domain/run_id``.
    error
        Why it failed or was interrupted, in a sentence.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    job: str
    service: str
    state: State = "queued"
    parameters: dict[str, Any]
    submitted: AwareDatetime
    began: AwareDatetime | None = None
    ended: AwareDatetime | None = None
    tries: int = 0
    run: str | None = None
    error: str | None = None


class QueueFullError(RuntimeError):
    """As many jobs wait as may."""


class JobQueue:
    """Jobs of one server; each is kept as a JSON file that a restart reads.

    Parameters
    ----------
    folder
        Of the files, which is made where it is missing.
    runner
        Carries out a job. A client is shown what it raises where that is an InputError or a
        RunError; any other exception is only logged.
    """

    def __init__(self, folder: Path, runner: Runner) -> None:
        self._folder, self._runner = folder, runner
        self._jobs: dict[str, Job] = {}
        self._waiting: asyncio.Queue[str] = asyncio.Queue()

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Work inside the block; the job that runs at its end waits for the next server.

        What an earlier server left is taken up: a job that ran goes on after the last step that it
        had finished, unless a server was killed `MOST_TRIES` times while it ran.
        """
        self._take_up()
        self._worker = asyncio.create_task(self._work())
        try:
            yield
        finally:
            await self.rest()

    async def rest(self) -> None:
        """Begin no other job, and put the one that runs back for the next server."""
        self._worker.cancel()
        await asyncio.wait([self._worker])

    def submit(self, service: str, parameters: Mapping[str, Any]) -> Job:
        """Put a job at the end of the queue.

        Raises
        ------
        QueueFullError
            If `MOST_WAITING` jobs wait.
        """
        if self._waiting.qsize() >= MOST_WAITING:
            raise QueueFullError
        job = Job(
            job=uuid.uuid4().hex, service=service, parameters=dict(parameters), submitted=_now()
        )
        self._write(job)
        self._jobs[job.job] = job
        self._waiting.put_nowait(job.job)
        return job

    def find(self, name: str) -> Job | None:
        """The job with an identifier."""
        return self._jobs.get(name)

    def latest(self, most: int) -> list[Job]:
        """The jobs that came last, the last first."""
        return list(self._jobs.values())[: -most - 1 : -1]

    def _take_up(self) -> None:
        private_folder(self._folder)
        found = [job for path in self._folder.glob("*.json") if (job := _read(path))]
        self._jobs = {job.job: job for job in sorted(found, key=lambda job: job.submitted)}
        self._waiting = asyncio.Queue()
        for job in list(self._jobs.values()):
            if job.state == "running" and job.tries >= MOST_TRIES:
                self._change(job, state="interrupted", ended=_now(), error=INTERRUPTED)
            elif job.state == "running":
                self._put_back(job)
            if self._jobs[job.job].state == "queued":
                self._waiting.put_nowait(job.job)

    async def _work(self) -> None:
        while True:
            job = self._jobs[await self._waiting.get()]
            self._change(job, state="running", began=_now(), tries=job.tries + 1)
            job = self._jobs[job.job]
            try:
                run = await self._runner(job.service, job.parameters)
            except asyncio.CancelledError:
                self._put_back(job, tries=job.tries - 1)
                raise
            except (InputError, RunError) as error:
                self._change(job, state="failed", ended=_now(), error=str(error))
            except Exception:
                logger.exception("The job %s (%s) failed", job.job, job.service)
                self._change(job, state="failed", ended=_now(), error=FAILED)
            else:
                self._change(job, state="done", ended=_now(), run=run)

    def _put_back(self, job: Job, **changes: object) -> None:
        self._change(job, state="queued", began=None, **changes)

    def _change(self, job: Job, **changes: object) -> None:
        """Where the disk does not take the new state, the queue goes on all the same."""
        self._jobs[job.job] = job.model_copy(update=changes)
        try:
            self._write(self._jobs[job.job])
        except OSError:
            logger.exception("The state of the job %s could not be written", job.job)

    def _write(self, job: Job) -> None:
        unfinished = self._folder / f"{job.job}.unfinished"
        unfinished.write_text(job.model_dump_json(indent=1), encoding="utf-8")
        unfinished.replace(self._folder / f"{job.job}.json")


def _now() -> datetime:
    return datetime.now(UTC)


def _read(path: Path) -> Job | None:
    try:
        return Job.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        logger.warning("%s holds no job and is left alone", path)
        return None


@contextmanager
def only_server(folder: Path) -> Iterator[None]:
    """Keep other servers from a folder of jobs inside the block.

    Raises
    ------
    InputError
        If another has it.
    """
    private_folder(folder)
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise InputError(
            f"Another server works on the jobs in {folder}: end it, or set WHENCE_DATA to another "
            "folder."
        ) from error
    try:
        yield
    finally:
        lock.release()
