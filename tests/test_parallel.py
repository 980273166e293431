"""The same results in the same order on threads, on processes and on a Dask cluster."""

import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.utils._openmp_helpers import _openmp_effective_n_threads
from threadpoolctl import threadpool_info

import tasks.dask_client
from tasks.cores import one_blas_thread, one_thread, usable_cores
from tasks.errors import InputError, KilledError, RunError
from tasks.parallel import Runner, spread, usable_workers
from tasks.progress import Progress, listening, track
from tasks.shipping import LARGE, ship

Floats = npt.NDArray[np.float64]
ROOT = Path(__file__).parents[1]
RUNNERS = ("threads", "processes", "dask")
SIZE = LARGE // 8 + 1
"""Numbers of an array that is large enough not to be copied."""
SECONDS_TO_WAIT = 120.0


@pytest.fixture(params=RUNNERS)
def runner(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("WHENCE_RUNNER", request.param)
    return str(request.param)


def place(item: object) -> tuple[int, int]:
    """Of a call: process and thread."""
    time.sleep(0.05)
    return os.getpid(), threading.get_ident()


def same(item: int) -> int:
    return item


def late(item: int) -> int:
    """The first call ends last."""
    time.sleep(1.0 if item == 0 else 0.01)
    return item


def weighed(weights: Floats, item: int) -> float:
    return float(weights[item:].sum())


def refuse(item: int) -> int:
    if item == 3:
        raise InputError("Three is refused.")
    return item


def end(item: int) -> int:
    if item == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return item


def first_awaits(leave: Path, item: int) -> int:
    deadline = time.monotonic() + SECONDS_TO_WAIT
    while item == 0 and not leave.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return item


def overwrite(weights: Floats, item: int) -> None:
    weights[item] = 0


def blas_threads(item: object) -> int:
    return max(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas")


def page_faults(item: object) -> int:
    """While arrays of 256 pages come and go: NumPy takes larger ones in huge pages."""
    for _ in range(3):
        np.ones((256, 512))
    before = resource.getrusage(resource.RUSAGE_THREAD).ru_minflt
    for _ in range(20):
        np.ones((256, 512))
    return resource.getrusage(resource.RUSAGE_THREAD).ru_minflt - before


def openmp_threads(item: object) -> int:
    return int(_openmp_effective_n_threads())


def test_results_are_those_of_a_plain_loop_in_its_order(runner: str) -> None:
    weights = np.random.default_rng(1).normal(size=SIZE)
    before = weights.copy()
    here = [weighed(weights, item) for item in range(9)]
    assert list(spread(partial(weighed, weights), range(9), workers=2)) == here
    np.testing.assert_array_equal(weights, before)
    assert list(spread(late, range(4), workers=2)) == [0, 1, 2, 3]


def test_memory_that_is_free_is_used_again(runner: str) -> None:
    assert max(spread(page_faults, range(4), workers=2)) < 512


def test_results_may_come_as_they_end(runner: str, tmp_path: Path) -> None:
    leave = tmp_path / "leave"
    came = []
    for item in spread(partial(first_awaits, leave), range(4), workers=2, in_order=False):
        came.append(item)
        leave.touch()
    assert sorted(came) == [0, 1, 2, 3]
    assert came[0] != 0


def test_each_setting_runs_calls_where_it_says(runner: str) -> None:
    places = set(spread(place, range(12), workers=2))
    processes, threads = {process for process, _ in places}, {thread for _, thread in places}
    if runner == "threads":
        assert processes == {os.getpid()}
        assert len(threads) == 2
    else:
        assert os.getpid() not in processes
        assert 1 <= len(processes) <= max(2, usable_cores())
    assert threading.get_ident() not in threads or runner != "threads"


def test_one_worker_is_this_thread(runner: str) -> None:
    assert set(spread(place, range(3), workers=1)) == {(os.getpid(), threading.get_ident())}
    assert set(spread(place, range(1), workers=2)) == {(os.getpid(), threading.get_ident())}
    assert list(spread(place, [], workers=2)) == []


def test_threads_do_where_processes_would_only_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHENCE_RUNNER", "processes")
    places = set(spread(place, range(6), workers=2, in_threads=True))
    assert {process for process, _ in places} == {os.getpid()}


def test_what_a_call_raises_comes_through_as_it_is(runner: str) -> None:
    results = spread(refuse, range(8), workers=2)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(InputError, match=r"^Three is refused\.$"):
        next(results)
    assert list(spread(refuse, range(3), workers=2)) == [0, 1, 2]


@pytest.mark.parametrize("runner", RUNNERS[1:], indirect=True)
def test_a_killed_process_is_told_and_others_take_its_place(runner: str) -> None:
    with pytest.raises(KilledError, match=r"rocess .*was killed.*start again"):
        list(spread(end, range(6), workers=2))
    assert list(spread(refuse, range(3), workers=2)) == [0, 1, 2]


def test_items_are_asked_for_in_this_thread_a_few_ahead(runner: str) -> None:
    asked: list[int] = []

    def items() -> Iterator[int]:
        for item in range(40):
            asked.append(threading.get_ident())
            yield item

    results = spread(same, items(), workers=2)
    assert next(results) == 0
    assert len(asked) <= 8
    assert list(results) == list(range(1, 40))
    assert set(asked) == {threading.get_ident()}


def test_an_error_of_the_items_comes_through(runner: str) -> None:
    def items() -> Iterator[int]:
        yield from range(3)
        raise InputError("No more.")

    with pytest.raises(InputError, match="No more"):
        list(spread(same, items(), workers=2))


def test_progress_is_heard(runner: str) -> None:
    heard: list[Progress] = []
    with listening(heard.append):
        list(track(spread(same, range(5), workers=2), "calls", 5))
    assert [progress.done for progress in heard] == [0, 1, 2, 3, 4, 5]


def test_who_stops_early_leaves_nothing_running(runner: str) -> None:
    results = spread(late, range(1, 200), workers=2)
    assert next(results) == 1
    results.close()
    assert list(spread(same, range(3), workers=2)) == [0, 1, 2]


def test_linear_algebra_and_trees_have_one_thread(runner: str) -> None:
    before = blas_threads(0)
    if usable_cores() > 1:
        assert before > 1  # else the rest would prove nothing
    assert set(spread(blas_threads, range(4), workers=2)) == {1}
    assert set(spread(blas_threads, range(4), workers=1)) == {1}
    assert blas_threads(0) == before
    assert set(spread(openmp_threads, range(4), workers=2)) == {1}
    assert set(spread(openmp_threads, range(4), workers=1)) == {1}


def test_one_thread_is_a_matter_of_the_thread_that_asks() -> None:
    """Others come and go, and disturb neither each other nor this one."""

    def asked(_: int) -> tuple[int, int]:
        with one_thread():
            time.sleep(0.01)
            inside = openmp_threads(0)
        return inside, openmp_threads(0)

    before = openmp_threads(0)
    with one_thread(), ThreadPoolExecutor(4) as pool:
        inside, after = zip(*pool.map(asked, range(20)), strict=True)
        assert openmp_threads(0) == 1
    assert set(inside) == {1}
    with ThreadPoolExecutor(1) as pool:
        assert set(after) == {pool.submit(openmp_threads, 0).result()}
    assert openmp_threads(0) == before
    with one_blas_thread():
        assert blas_threads(0) == 1


def test_large_arrays_are_one_memory_and_cannot_be_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHENCE_RUNNER", "processes")
    with pytest.raises(ValueError, match="read-only"):
        list(spread(partial(overwrite, np.ones(SIZE)), range(3), workers=2))
    small, large = np.ones(10), np.arange(float(SIZE))
    shipped = ship(partial(weighed, large), tmp_path / "large")
    assert len(shipped.parts) == 2
    assert shipped(SIZE - 1) == SIZE - 1
    assert len(ship(partial(weighed, small), tmp_path / "small").parts) == 1
    assert ship(lambda item: item + small.sum(), tmp_path / "other")(1) == 11


@pytest.mark.parametrize("given", ["thread", "dask=", "dask=127.0.0.1:8786", "dask=http://x:1"])
def test_another_setting_is_refused(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHENCE_RUNNER", given)
    sentence = f"WHENCE_RUNNER must be threads, processes, dask or .*, got '{given}'"
    with pytest.raises(InputError, match=sentence):
        list(spread(same, range(3), workers=2))
    with pytest.raises(InputError, match=sentence):
        usable_workers()


def test_no_worker_is_refused() -> None:
    with pytest.raises(InputError, match=r"workers must be >= 1, got 0\."):
        next(spread(same, range(3), workers=0))


def test_threads_are_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WHENCE_RUNNER", raising=False)
    assert Runner.current() == Runner("threads")
    assert usable_workers() == usable_cores()
    monkeypatch.setenv("WHENCE_RUNNER", "")
    assert Runner.current() == Runner("threads")


def test_without_dask_it_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHENCE_RUNNER", "dask")
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.setattr(tasks.dask_client, "_client", tasks.dask_client._client.__wrapped__)
    with pytest.raises(InputError, match=r"needs Dask: pip install 'whence\[dask\]'"):
        list(spread(same, range(3), workers=2))


def test_a_scheduler_that_does_not_answer_is_told_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tasks.dask_client, "WAIT_SECONDS", 2)
    monkeypatch.setenv("WHENCE_RUNNER", "dask=tcp://127.0.0.1:9")
    with pytest.raises(RunError, match="No Dask scheduler with a worker answers at tcp://127"):
        usable_workers()


Started = Callable[..., None]


@pytest.fixture
def scheduler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Started]]:
    """Address of a scheduler of its own, and a function that starts a worker of it."""
    found: list[subprocess.Popen[str]] = []
    file = tmp_path / "scheduler.json"
    with (tmp_path / "log").open("w", encoding="utf-8") as log:

        def start(program: str, *words: str, path: Path = ROOT) -> None:
            command = [sys.executable, "-m", f"distributed.cli.{program}", *words]
            command += ["--host", "127.0.0.1", "--no-dashboard"]
            environment = os.environ | {"PYTHONPATH": str(path)}
            found.append(
                subprocess.Popen(
                    command, env=environment, cwd=tmp_path, stdout=log, stderr=log, text=True
                )
            )

        start("dask_scheduler", "--port", "0", "--scheduler-file", str(file))
        while not file.exists() or not file.read_text(encoding="utf-8"):
            assert found[0].poll() is None
            time.sleep(0.1)
        monkeypatch.setattr(tasks.dask_client, "WAIT_SECONDS", 300)
        address = json.loads(file.read_text(encoding="utf-8"))["address"]
        yield address, start
        tasks.dask_client._client(address).close()
        for process in reversed(found):
            process.terminate()
            process.wait()


def test_workers_elsewhere_are_used_as_many_as_there_are(
    scheduler: tuple[str, Started], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, start = scheduler
    start("dask_worker", address, "--nthreads", "3")
    monkeypatch.setenv("WHENCE_RUNNER", f"dask={address}")
    assert usable_workers() == 3
    places = set(spread(place, range(9), workers=3))
    assert len({process for process, _ in places}) == 1
    assert os.getpid() not in {process for process, _ in places}


def test_workers_with_other_code_are_refused(
    scheduler: tuple[str, Started], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    address, start = scheduler
    other = tmp_path / "tests" / "test_parallel.py"
    other.parent.mkdir()
    text = Path(__file__).read_text(encoding="utf-8")
    other.write_text(text.replace("weights[item:]", "weights[:item]"), encoding="utf-8")
    start("dask_worker", address, "--nthreads", "1", path=tmp_path)
    monkeypatch.setenv("WHENCE_RUNNER", f"dask={address}")
    assert list(spread(same, range(3), workers=2)) == [0, 1, 2]
    with pytest.raises(RunError, match="has other code or other libraries than this process"):
        list(spread(partial(weighed, np.ones(9)), range(3), workers=2))
