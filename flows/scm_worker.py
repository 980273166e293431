"""The worker of `whence scm fit`: JSON on standard input, JSON on standard output and no more."""

import json
import os
import resource
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import IO, Any

from tasks.errors import InputError, RunError
from tasks.intervention.structural.model_keeping import (
    PICKLE,
    MechanismsError,
    cache_key,
    keep_model,
    require_mechanisms,
)
from tasks.intervention.structural.request import FitRequest, read_request
from tasks.intervention.structural_model import fit_structural_model
from tasks.parallel import usable_workers
from tasks.pickle_ledger import is_known
from tasks.report.scm_text import scm_text
from tasks.run_store import MANIFEST, RunStore

MEGABYTE = 2**20
DOMAIN = "scm"
"""Of the models that workers keep; their run is the beginning of their cache key."""
KEY_LENGTH = 16
RECORD = "report.json"
NO_MEMORY = "The request needs more memory than a worker may use: raise --memory, or send less."

Answer = dict[str, Any]


def answer(data: bytes, store: RunStore) -> Answer:
    """Fit what a request asks for, or take it from the store; never raises.

    Parameters
    ----------
    data
        The request, as `read_request` takes it.
    store
        Where models are kept.

    Returns
    -------
    dict
        ``status`` is ``success`` or ``error``; an error has ``error``, a sentence, and ``details``:
        the scores, the threshold and the failed nodes where mechanisms do not hold.
    """
    try:
        return _fitted(read_request(data), store)
    except MechanismsError as failure:
        return _refusal(str(failure), failure.details)
    except (InputError, RunError) as error:
        return _refusal(str(error))
    except MemoryError:
        return _refusal(NO_MEMORY)
    except Exception as error:
        traceback.print_exc()
        return _refusal(f"The worker failed: {type(error).__name__}: {error}")


def _refusal(sentence: str, details: Answer | None = None) -> Answer:
    return {"status": "error", "error": sentence, "details": details or {}}


def _fitted(request: FitRequest, store: RunStore) -> Answer:
    began = datetime.now(UTC)
    key = cache_key(request.graph, request.traces, request.settings)
    run = f"{DOMAIN}/{key[:KEY_LENGTH]}"
    cached = _is_kept(run, store)
    if not cached:
        _fit_and_keep(request, run, began, store)
    record: Answer = json.loads(store.read_file(run, RECORD))
    seconds = (datetime.now(UTC) - began).total_seconds()
    record["metadata"] |= {
        "fitting_time_ms": round(1000 * seconds),
        "run": run,
        "cached": cached,
    }
    return {"status": "success", **record}


def _is_kept(run: str, store: RunStore) -> bool:
    """Whether a model is kept that may be loaded: the ledger may have been lost since."""
    if run not in store.runs():
        return False
    manifest = json.loads(store.read_file(run, MANIFEST))
    return is_known(manifest["digests"][PICKLE])


def _fit_and_keep(request: FitRequest, run: str, began: datetime, store: RunStore) -> None:
    fitted = fit_structural_model(request.graph, request.traces, request.settings, usable_workers())
    require_mechanisms(fitted.validation, request.settings)
    pickled, record = keep_model(fitted, request.traces, store)
    task = f"{len(request.graph.nodes)} nodes"
    files = {
        PICKLE: pickled,
        RECORD: store.save_text(RECORD, record),
        "report.txt": store.save_text("report.txt", scm_text(task, json.loads(record))),
    }
    manifest = {
        "domain": DOMAIN,
        "task": task,
        "parameters": request.settings.model_dump(),
        "began": began.isoformat(timespec="seconds"),
        "seconds": round((datetime.now(UTC) - began).total_seconds(), 3),
        "digests": {name: artifact.sha256 for name, artifact in sorted(files.items())},
    }
    text = json.dumps(manifest, indent=1, ensure_ascii=False)
    store.publish(run, files | {MANIFEST: store.save_text(MANIFEST, text)})


def serve(source: IO[bytes], sink: IO[bytes], store: RunStore, *, most: int, loop: bool) -> bool:
    """Answer one request, or one a line until the input ends.

    Parameters
    ----------
    source, sink
        Requests and answers; each answer is one line.
    store
        Where models are kept.
    most
        Bytes of a request; a longer one is refused without being kept in memory.
    loop
        Whether each line is a request; blank lines are skipped.

    Returns
    -------
    bool
        Whether the last answer was a success.
    """
    succeeded = True
    for given in _answers(_lines(source, most) if loop else _whole(source, most), store, most):
        succeeded = given["status"] == "success"
        sink.write(json.dumps(given, ensure_ascii=False, allow_nan=False).encode() + b"\n")
        sink.flush()
    return succeeded


def _answers(requests: Iterator[bytes], store: RunStore, most: int) -> Iterator[Answer]:
    try:
        for data in requests:
            if len(data) > most:
                limit = f"{most / MEGABYTE:g} MB"
                yield _refusal(f"A request has at most {limit}: raise --most, or send less.")
            else:
                yield answer(data, store)
    except MemoryError:  # while reading: where the next request begins is not known
        yield _refusal(NO_MEMORY)


def _whole(source: IO[bytes], most: int) -> Iterator[bytes]:
    """All that there is, or `most` bytes of it and one more."""
    yield source.read(most + 1)


def _lines(source: IO[bytes], most: int) -> Iterator[bytes]:
    """Lines without their ends; of a longer one only `most` bytes and one more."""
    while line := source.readline(most + 2):
        rest = line
        while rest and not rest.endswith(b"\n") and len(rest) > most:
            rest = source.readline(most + 2)
        if line.strip():
            yield line.rstrip(b"\r\n")


@contextmanager
def standard_output_kept() -> Iterator[IO[bytes]]:
    """Hold standard output for answers alone: what else is printed goes to standard error."""
    sys.stdout.flush()
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as kept:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        try:
            yield kept
        finally:
            kept.flush()
            sys.stdout.flush()
            os.dup2(kept.fileno(), sys.stdout.fileno())


def limit_memory(gigabytes: float) -> None:
    """Bound the memory of this process, and of each that it starts."""
    most = int(gigabytes * 2**30)
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
