"""Where the loops of the steps run: threads, processes, or the workers of a Dask cluster.

Steps themselves stay in the process of their flow: only it tells of progress, and only it touches
the run store. What a loop gives does not depend on where it runs.
"""

import os
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

from joblib.externals.loky import get_reusable_executor

from tasks.cores import one_blas_thread, one_thread, usable_cores
from tasks.dask_client import cluster_size, dask_pool
from tasks.errors import InputError
from tasks.outside import killed
from tasks.shipping import ship

T = TypeVar("T")
R = TypeVar("R")
Submit = Callable[[Any], "Future[Any]"]

SETTING = "WHENCE_RUNNER"
Place = Literal["threads", "processes", "dask"]
DEFAULT: Place = "threads"
AHEAD = 2
"""Calls handed over for each worker, so that none waits for the next."""
IDLE_SECONDS = 300
"""After which a process that nobody uses ends; starting it anew takes seconds."""
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Runner:
    """What the setting says.

    Attributes
    ----------
    place
        Where calls run.
    address
        Of a Dask scheduler; None for a cluster of this process's own.
    """

    place: Place
    address: str | None = None

    @classmethod
    def current(cls) -> "Runner":
        """What ``WHENCE_RUNNER`` says.

        Raises
        ------
        InputError
            If it says nothing that is known.
        """
        given = os.environ.get(SETTING) or DEFAULT
        name, _, address = given.partition("=")
        if name == "dask" and address.startswith(("tcp://", "tls://")):
            return cls("dask", address)
        for place in get_args(Place):
            if given == place:
                return cls(place)
        raise InputError(
            f"{SETTING} must be threads, processes, dask or dask=tcp://HOST:PORT of a scheduler, "
            f"got {given!r}."
        )


def usable_workers() -> int:
    """How many calls can run at the same time."""
    address = Runner.current().address
    return usable_cores() if address is None else cluster_size(address)


def spread(
    function: Callable[[T], R],
    items: Iterable[T],
    *,
    workers: int,
    in_order: bool = True,
    in_threads: bool = False,
) -> Iterator[R]:
    """Call a function on items, many at a time, and give the results as they come.

    Parameters
    ----------
    function
        Can be pickled, as a `functools.partial` of a module's function can: what it holds is
        carried to each process once. It changes neither that nor its item.
    items
        Asked for in this thread, a few ahead.
    workers
        Calls at the same time. With 1 they are made here, one after the other; with more the
        setting says where, and a cluster of Dask takes as many as it has workers.
    in_order
        Whether results come in the order of the items, or as they are there.
    in_threads
        Whether threads do instead of processes: the function waits for processes of its own, or
        holds more than each process should have a copy of.

    Yields
    ------
    R
        Results. Linear algebra has one thread until the last is given.

    Raises
    ------
    InputError
        If there is no worker, or the setting is not known.
    KilledError
        If a process is killed while it works.
    RunError
        If the cluster is not there, or runs other code. What the function raises comes through as
        it is.
    """
    if workers < 1:
        raise InputError(f"workers must be >= 1, got {workers}.")
    coming = iter(items)
    with one_blas_thread():
        first = list(islice(coming, 2))
        coming = chain(first, coming)
        if workers == 1 or len(first) < 2:
            yield from map(partial(_called, function), coming)
            return
        with _pool(function, workers, in_threads) as submit:
            yield from _results(submit, coming, AHEAD * workers, in_order)


def _called(function: Callable[[T], R], item: T) -> R:
    with one_thread():
        return function(item)


def _pool(
    function: Callable[[Any], Any], workers: int, in_threads: bool
) -> AbstractContextManager[Submit]:
    """A function that hands an item to the next worker that is free."""
    runner = Runner.current()
    if runner.place == "dask":
        return dask_pool(function, runner.address)
    if runner.place == "threads" or in_threads:
        return _threads(function, workers)
    return _processes(function, workers)


@contextmanager
def _threads(function: Callable[[Any], Any], workers: int) -> Iterator[Submit]:
    with ThreadPoolExecutor(workers) as pool:
        yield lambda item: pool.submit(_called, function, item)


@contextmanager
def _processes(function: Callable[[Any], Any], workers: int) -> Iterator[Submit]:
    with tempfile.TemporaryDirectory(prefix="whence-") as folder:
        shipped = ship(function, Path(folder) / "function")
        pool = get_reusable_executor(workers, timeout=IDLE_SECONDS, env=ONE_THREAD)
        try:
            yield partial(pool.submit, shipped)
        except BrokenExecutor as error:
            raise killed("A worker process") from error


def _results(submit: Submit, coming: Iterator[Any], ahead: int, in_order: bool) -> Iterator[Any]:
    running, in_line = set[Future[Any]](), deque[Future[Any]]()
    try:
        while True:
            for item in islice(coming, ahead - len(running)):
                future = submit(item)
                running.add(future)
                in_line.append(future)
            if not running:
                return
            done, running = wait(running, return_when=FIRST_COMPLETED)
            if in_order:
                while in_line and in_line[0].done():
                    yield in_line.popleft().result()
            else:
                for future in done:
                    yield future.result()
    finally:
        for future in running:
            future.cancel()
