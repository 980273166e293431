"""The queue of the HTTP service, what a restart finds, and the process that a job runs in."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from flows.api_child import CHILD, run_in_child
from flows.api_jobs import (
    FAILED,
    INTERRUPTED,
    MOST_TRIES,
    MOST_WAITING,
    Job,
    JobQueue,
    QueueFullError,
    State,
    only_server,
)
from tasks.errors import InputError, RunError

SECRET = "the password is 1234"  # noqa: S105 (no password)
LONG = 60
TINY = """
import os, pathlib, signal, subprocess, sys
from pydantic import BaseModel
from tasks.errors import InputError, RunError

class Wish(BaseModel):
    tags: tuple[str, ...] = ()
    what: str
    place: str

class Flow:
    def with_options(self, **_):
        return self
    def __call__(self, wish):
        print("chatter of a flow")
        if wish.what == "refuse":
            raise InputError("There is no " + "x" * 200_000)
        if wish.what == "break":
            raise KeyError("the password is 1234")
        if wish.what in ("long", "crash"):
            helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
            place = pathlib.Path(wish.place)
            place.with_suffix(".new").write_text(f"{os.getpid()} {helper.pid}")
            place.with_suffix(".new").rename(place)
            if wish.what == "crash":
                os.kill(os.getpid(), signal.SIGKILL)
            helper.wait()
        return "tiny/" + str(type(wish).__name__)

flow = Flow()
"""


async def settle(queue: JobQueue, name: str, states: tuple[State, ...]) -> Job:
    """Wait until a job is in one of some states."""
    for _ in range(1000):
        job = queue.find(name)
        if job is not None and job.state in states:
            return job
        await asyncio.sleep(0.005)
    raise AssertionError(f"{name} never came to be one of {states}")


def on_disk(folder: Path) -> dict[str, Job]:
    found = [Job.model_validate_json(path.read_bytes()) for path in folder.glob("*.json")]
    return {job.job: job for job in found}


async def echo(service: str, values: Mapping[str, Any]) -> str:
    return f"{service}/{values['seed']}"


async def forever(service: str, values: Mapping[str, Any]) -> str:
    await asyncio.sleep(LONG)
    return "never"


def test_jobs_run_one_at_a_time_in_the_order_in_which_they_came(tmp_path: Path) -> None:
    seen: list[tuple[str, int]] = []

    async def recorded(service: str, values: Mapping[str, Any]) -> str:
        seen.append(("begins", values["seed"]))
        await asyncio.sleep(0.01)
        seen.append(("ends", values["seed"]))
        return "a/b"

    async def main() -> list[Job]:
        queue = JobQueue(tmp_path, recorded)
        async with queue.working():
            names = [queue.submit("x", {"seed": seed}).job for seed in range(4)]
            return [await settle(queue, name, ("done",)) for name in names]

    jobs = asyncio.run(main())
    assert seen == [(what, seed) for seed in range(4) for what in ("begins", "ends")]
    assert [job.parameters["seed"] for job in jobs] == [0, 1, 2, 3]


def test_a_job_that_is_done_names_its_run_and_is_kept_as_a_file(tmp_path: Path) -> None:
    async def main() -> tuple[Job, Job]:
        queue = JobQueue(tmp_path / "jobs", echo)
        async with queue.working():
            begun = queue.submit("x", {"seed": 7, "name": "상점"})
            return begun, await settle(queue, begun.job, ("done", "failed"))

    begun, ended = asyncio.run(main())
    assert (begun.state, begun.began, begun.run) == ("queued", None, None)
    assert (ended.state, ended.run, ended.error) == ("done", "x/7", None)
    assert ended.began is not None
    assert ended.ended is not None
    assert ended.submitted <= ended.began <= ended.ended
    assert ended.parameters == {"seed": 7, "name": "상점"}
    assert on_disk(tmp_path / "jobs") == {ended.job: ended}
    assert {path.name for path in (tmp_path / "jobs").iterdir()} == {f"{ended.job}.json"}
    assert (tmp_path / "jobs").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (InputError("Name a model."), "Name a model."),
        (RunError("The fit ended."), "The fit ended."),
        (ValueError(SECRET), FAILED),
        (RuntimeError(SECRET), FAILED),
    ],
)
def test_of_an_error_a_client_sees_our_own_sentence_and_no_other(
    error: Exception, shown: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(service: str, values: Mapping[str, Any]) -> str:
        if values["seed"]:
            return "a/b"
        raise error

    async def main() -> tuple[Job, Job]:
        queue = JobQueue(tmp_path, broken)
        async with queue.working():
            names = [queue.submit("x", {"seed": seed}).job for seed in (0, 1)]
            first, second = [await settle(queue, name, ("done", "failed")) for name in names]
        return first, second

    first, second = asyncio.run(main())
    assert (first.state, first.error, first.run) == ("failed", shown, None)
    assert second.state == "done"
    assert (SECRET in caplog.text) == (shown == FAILED)


def test_a_queue_that_is_full_refuses_and_keeps_nothing_of_it(tmp_path: Path) -> None:
    async def main() -> tuple[int, int]:
        queue = JobQueue(tmp_path, forever)
        async with queue.working():
            running = queue.submit("x", {})
            await settle(queue, running.job, ("running",))
            for _ in range(MOST_WAITING):
                queue.submit("x", {})
            with pytest.raises(QueueFullError):
                queue.submit("x", {})
            return len(queue.latest(1000)), len(on_disk(tmp_path))

    assert asyncio.run(main()) == (MOST_WAITING + 1, MOST_WAITING + 1)


def test_the_latest_jobs_come_first_also_after_a_restart(tmp_path: Path) -> None:
    async def main() -> list[list[int]]:
        shown = []
        queue = JobQueue(tmp_path, echo)
        async with queue.working():
            names = [queue.submit("x", {"seed": seed}).job for seed in range(5)]
            await settle(queue, names[-1], ("done",))
            shown.append([job.parameters["seed"] for job in queue.latest(3)])
        again = JobQueue(tmp_path, echo)
        async with again.working():
            shown.append([job.parameters["seed"] for job in again.latest(100)])
        return shown

    assert asyncio.run(main()) == [[4, 3, 2], [4, 3, 2, 1, 0]]


def test_the_end_of_the_server_puts_back_what_runs_and_leaves_what_waits(tmp_path: Path) -> None:
    ended: list[str] = []

    async def cleared_up(service: str, values: Mapping[str, Any]) -> str:
        try:
            await asyncio.sleep(LONG)
        finally:
            ended.append(service)
        return "never"

    async def main() -> tuple[str, str]:
        queue = JobQueue(tmp_path, cleared_up)
        async with queue.working():
            first, second = queue.submit("first", {}).job, queue.submit("second", {}).job
            await settle(queue, first, ("running",))
        return first, second

    first, second = asyncio.run(main())
    kept = on_disk(tmp_path)
    assert ended == ["first"]
    for name in (first, second):
        assert (kept[name].state, kept[name].tries) == ("queued", 0)
        assert kept[name].began is kept[name].ended is kept[name].error is None


def kept(folder: Path, state: State, age: int, tries: int = 1) -> Job:
    """Leave a job as a server that was killed did."""
    submitted = datetime.now(UTC) - timedelta(seconds=age)
    job = Job(
        job=f"{age:032x}",
        service="x",
        state=state,
        parameters={"seed": age},
        submitted=submitted,
        began=submitted if state != "queued" else None,
        tries=tries if state != "queued" else 0,
        run="x/old" if state == "done" else None,
    )
    folder.mkdir(exist_ok=True)
    (folder / f"{job.job}.json").write_text(job.model_dump_json(), encoding="utf-8")
    return job


def test_a_restart_takes_up_what_ran_and_what_waited(tmp_path: Path) -> None:
    order: list[int] = []

    async def recorded(service: str, values: Mapping[str, Any]) -> str:
        order.append(values["seed"])
        return "x/new"

    done, running = kept(tmp_path, "done", 40), kept(tmp_path, "running", 30)
    deadly = kept(tmp_path, "running", 25, tries=MOST_TRIES)
    older, newer = kept(tmp_path, "queued", 20), kept(tmp_path, "queued", 10)

    async def main() -> None:
        queue = JobQueue(tmp_path, recorded)
        async with queue.working():
            await settle(queue, newer.job, ("done",))

    asyncio.run(main())
    found = on_disk(tmp_path)
    assert order == [30, 20, 10]
    assert found[done.job] == done
    assert (found[deadly.job].state, found[deadly.job].error) == ("interrupted", INTERRUPTED)
    assert (found[running.job].state, found[running.job].tries) == ("done", 2)
    assert found[older.job].run == found[newer.job].run == "x/new"


def test_a_file_that_is_no_job_is_left_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    waiting = kept(tmp_path, "queued", 5)
    broken = {"a.json": b'{"job": ', "b.json": b"\xff", "c.json": b"[]", "d.unfinished": b"{"}
    for name, content in broken.items():
        (tmp_path / name).write_bytes(content)

    async def main() -> list[Job]:
        queue = JobQueue(tmp_path, echo)
        async with queue.working():
            await settle(queue, waiting.job, ("done",))
            return queue.latest(100)

    assert [job.job for job in asyncio.run(main())] == [waiting.job]
    assert {name: (tmp_path / name).read_bytes() for name in broken} == broken
    assert "a.json holds no job" in caplog.text


def test_the_queue_goes_on_where_the_disk_takes_no_state(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def destructive(service: str, values: Mapping[str, Any]) -> str:
        shutil.rmtree(tmp_path / "jobs")
        return "a/b"

    async def main() -> tuple[Job, int]:
        queue = JobQueue(tmp_path / "jobs", destructive)
        async with queue.working():
            job = await settle(queue, queue.submit("x", {}).job, ("done", "failed"))
            with pytest.raises(FileNotFoundError):
                queue.submit("x", {})
            return job, len(queue.latest(100))

    job, known = asyncio.run(main())
    assert (job.state, known) == ("done", 1)
    assert "could not be written" in caplog.text


def test_two_servers_do_not_share_jobs(tmp_path: Path) -> None:
    with only_server(tmp_path / "jobs"):
        refused = pytest.raises(InputError, match="Another server works on the jobs")
        with refused, only_server(tmp_path / "jobs"):
            pass
        with only_server(tmp_path / "others"):
            pass
    with only_server(tmp_path / "jobs"):
        pass


class Wish(BaseModel):
    what: str
    place: str


@pytest.fixture
def tiny(tmp_path: Path) -> Callable[[str], Awaitable[str]]:
    """Run a tiny flow in a real child."""
    (tmp_path / "tiny.py").write_text(TINY, encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{Path.cwd()}"}
    wish: type[BaseModel] = type("Wish", (Wish,), {"__module__": "tiny", "__qualname__": "Wish"})

    def run(what: str) -> Awaitable[str]:
        given = wish.model_validate({"what": what, "place": str(tmp_path / "pids")})
        return run_in_child("tiny:flow", given, environment)

    return run


def is_alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def have_ended(processes: list[int]) -> bool:
    """Whether all have, after a while in which the system takes away those that were killed."""
    for _ in range(500):
        if not any(map(is_alive, processes)):
            return True
        time.sleep(0.01)
    return False


def pids(place: Path) -> list[int]:
    """Of the child and of what it started, once they are there."""
    for _ in range(3000):
        if place.exists():
            return [int(word) for word in place.read_text(encoding="utf-8").split()]
        time.sleep(0.01)
    raise AssertionError("the child never began")


def test_a_child_answers_with_the_run_whatever_the_flow_prints(
    tiny: Callable[[str], Awaitable[str]], capfd: pytest.CaptureFixture[str]
) -> None:
    assert asyncio.run(_await(tiny("go"))) == "tiny/Wish"
    said = capfd.readouterr()
    assert "chatter of a flow" in said.err
    assert said.out == ""


async def _await(work: Awaitable[str]) -> str:
    return await work


def test_a_refusal_comes_back_as_a_sentence_however_long(
    tiny: Callable[[str], Awaitable[str]],
) -> None:
    with pytest.raises(RunError, match=r"^There is no x{200000}$"):
        asyncio.run(_await(tiny("refuse")))


def test_a_child_that_breaks_is_a_failure_that_tells_nothing(
    tiny: Callable[[str], Awaitable[str]], capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(RuntimeError, match=r"ended with code 1$") as caught:
        asyncio.run(_await(tiny("break")))
    assert not isinstance(caught.value, RunError)
    assert SECRET in capfd.readouterr().err


def test_a_child_that_is_killed_is_a_failure_and_leaves_nothing(
    tiny: Callable[[str], Awaitable[str]], tmp_path: Path
) -> None:
    with pytest.raises(RuntimeError, match=f"ended with code -{signal.SIGKILL:d}$"):
        asyncio.run(_await(tiny("crash")))
    assert have_ended(pids(tmp_path / "pids"))


def test_nothing_of_a_cancelled_job_is_left(
    tiny: Callable[[str], Awaitable[str]], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async def main() -> list[int]:
        task = asyncio.ensure_future(tiny("long"))
        begun = await asyncio.to_thread(pids, tmp_path / "pids")
        assert all(map(is_alive, begun))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return begun

    assert have_ended(asyncio.run(main()))
    assert "Traceback" not in capfd.readouterr().err


def test_a_process_that_will_not_end_is_killed(tmp_path: Path) -> None:
    stubborn = (
        "import os, pathlib, signal, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"pathlib.Path({str(tmp_path / 'new')!r}).write_text(str(os.getpid()))\n"
        f"os.rename({str(tmp_path / 'new')!r}, {str(tmp_path / 'pids')!r})\n"
        "time.sleep(60)\n"
    )
    wish = Wish(what="x", place="x")

    async def main() -> list[int]:
        command = (sys.executable, "-c", stubborn)
        task = asyncio.create_task(run_in_child("x:y", wish, os.environ, command))
        begun = await asyncio.to_thread(pids, tmp_path / "pids")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            async with asyncio.timeout(LONG / 2):
                await task
        return begun

    assert have_ended(asyncio.run(main()))


def test_a_child_does_not_outlive_a_server_that_is_killed(tmp_path: Path) -> None:
    (tmp_path / "tiny.py").write_text(TINY, encoding="utf-8")
    parameters = {"what": "long", "place": str(tmp_path / "pids")}
    work = {"flow": "tiny:flow", "kind": "tiny:Wish", "parameters": parameters}
    with subprocess.Popen(
        CHILD,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{Path.cwd()}"},
        start_new_session=True,
    ) as child:
        assert child.stdin is not None
        child.stdin.write(json.dumps(work).encode() + b"\n")
        child.stdin.flush()
        begun = pids(tmp_path / "pids")
        assert all(map(is_alive, begun))
        child.stdin.close()  # as the end of the server does
        child.wait(timeout=30)
    assert have_ended(begun)
