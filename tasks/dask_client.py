"""A Dask cluster, of this process's own or somebody else's, as a pool of workers."""

import importlib
import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache, partial
from threading import Lock
from typing import Any

import cloudpickle

from tasks.cores import usable_cores
from tasks.errors import InputError, RunError
from tasks.outside import killed
from tasks.source_digest import code_digest

_READING = Lock()
"""Python 3.11 reads source code in one thread at a time: in two it may fail."""
WAIT_SECONDS = 30
"""For a scheduler to answer, and for a first worker of it."""
SECONDS_TO_CLOSE = 20
SETTINGS = {
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "distributed.worker.profile.enabled": False,
    "distributed.admin.large-graph-warning-threshold": "1 TB",
    # Dask lets workers give memory back at once: the faults of getting it again double the time.
    "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": None,
}


def cluster_size(address: str | None) -> int:
    """How many calls the workers of a cluster make at the same time."""
    return sum(_client(address).nthreads().values())


@contextmanager
def dask_pool(
    function: Callable[[Any], Any], address: str | None
) -> Iterator[Callable[[Any], "Future[Any]"]]:
    """A function that hands an item to the next worker that is free.

    What is sent is pickled here: arrays that Dask itself sends may lie at odd addresses, where
    NumPy adds numbers in another order.

    Parameters
    ----------
    function
        What is called on each item, with all that it holds; it is sent to each worker once.
    address
        Of a scheduler; None for a cluster of this process's own.

    Raises
    ------
    InputError
        If Dask is not installed.
    RunError
        If the scheduler or its workers do not answer, or run other code.
    KilledError
        If they are killed.
    """
    client, distributed = _client(address), _distributed()
    digest = _digest(function) if address else ""
    # What a call gives, unlike what is scattered, is made anew where the worker that has it ends.
    held = client.submit(_held, cloudpickle.dumps(function), pure=False)

    def submit(item: Any) -> "Future[Any]":
        future: Future[Any] = pool.submit(_call, held, digest, cloudpickle.dumps(item))
        return future

    with client.get_executor(pure=False) as pool:
        try:
            yield submit
        except (distributed.KilledWorker, CancelledError) as error:
            pool.shutdown(wait=False)  # there may be no worker left to end what runs
            if address is None:
                _give_up(client)
            raise killed("A process of the Dask cluster") from error
        except BaseException:
            pool.shutdown(wait=False)
            raise


@dataclass(frozen=True)
class _Held:
    """A function on a worker, sent to others as bytes."""

    function: Callable[[Any], Any]

    def __reduce__(self) -> tuple[Callable[[bytes], "_Held"], tuple[bytes]]:
        return _held, (cloudpickle.dumps(self.function),)


def _held(packed: bytes) -> _Held:
    return _Held(pickle.loads(packed))  # noqa: S301 (from the client's process)


@dataclass(frozen=True)
class _Result:
    """Sent as bytes, and received as what it holds."""

    content: Any

    def __reduce__(self) -> tuple[Callable[[bytes], Any], tuple[bytes]]:
        return pickle.loads, (cloudpickle.dumps(self.content),)


def _call(held: _Held, digest: str, item: bytes) -> _Result:
    """On a worker: call the function, if it is the same there."""
    if digest and digest != _digest(held.function):
        raise RunError(
            "A worker of the Dask cluster has other code or other libraries than this process, and "
            "would give other results: install the same there."
        )
    return _Result(held.function(pickle.loads(item)))  # noqa: S301 (as above)


def _digest(function: Callable[[Any], Any]) -> str:
    while isinstance(function, partial):
        function = function.func
    with _READING:
        return code_digest(function)


@cache
def _client(address: str | None) -> Any:
    """A client, for as long as this process lives; Dask closes it at the end."""
    distributed = _distributed()
    try:
        if address is None:
            return distributed.Client(_local_cluster(distributed))
        client = distributed.Client(address, timeout=WAIT_SECONDS)
        client.wait_for_workers(1, timeout=WAIT_SECONDS)
    except (OSError, TimeoutError) as error:
        raise RunError(
            f"No Dask scheduler with a worker answers at {address} within {WAIT_SECONDS} s: start "
            "both, or set WHENCE_RUNNER to threads or processes."
        ) from error
    return client


def _give_up(client: Any) -> None:
    """End a cluster of this process's own; the next loop starts another."""
    _client.cache_clear()
    with suppress(OSError, TimeoutError):
        client.close(timeout=SECONDS_TO_CLOSE)
        client.cluster.close(timeout=SECONDS_TO_CLOSE)


def _local_cluster(distributed: Any) -> Any:
    """Processes of one thread each, which nobody else can reach, nor read what they are sent."""
    importlib.import_module("dask").config.set(SETTINGS)
    return distributed.LocalCluster(
        n_workers=usable_cores(),
        threads_per_worker=1,
        host="127.0.0.1",
        security=True,
        scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
        memory_limit=0,
        silence_logs="CRITICAL",
    )


def _distributed() -> Any:
    try:
        return importlib.import_module("distributed")
    except ImportError:
        raise InputError("WHENCE_RUNNER=dask needs Dask: pip install 'whence[dask]'.") from None
