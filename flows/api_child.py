"""A flow in a process of its own: what it breaks or leaves behind does not touch the server."""

import asyncio
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pkgutil import resolve_name

from pydantic import BaseModel

from flows.environment import quiet_environment
from tasks.errors import InputError, RunError

CHILD = (sys.executable, "-W", "ignore::FutureWarning", "-m", "flows.api_child")
SECONDS_TO_END = 5.0
ENDED = 128 + signal.SIGTERM
STANDARD_INPUT, STANDARD_OUTPUT, STANDARD_ERROR = 0, 1, 2


async def run_in_child(
    flow: str,
    parameters: BaseModel,
    environment: Mapping[str, str],
    command: Sequence[str] = CHILD,
) -> str:
    """Run a flow and wait for it; a cancelled wait ends the process and all that it started.

    Parameters
    ----------
    flow
        Where it is, as ``module:name``.
    parameters
        Of the flow.
    environment
        Of the process.
    command
        Starts the process. It takes the work as a line of JSON on standard input, which stays
        open while the server lives, and answers ``{"run": ...}`` or ``{"error": ...}``.

    Returns
    -------
    str
        The run, as ``domain/run_id``.

    Raises
    ------
    RunError
        With the sentence of the flow's own InputError or RunError.
    RuntimeError
        If the process ends without an answer; why stands on its standard error.
    """
    kind = f"{type(parameters).__module__}:{type(parameters).__qualname__}"
    work = {"flow": flow, "kind": kind, "parameters": parameters.model_dump(mode="json")}
    child = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=environment,
        start_new_session=True,
    )
    try:
        said = await _answer(child, json.dumps(work).encode() + b"\n")
    finally:
        await _end(child)
    if child.returncode != 0:
        raise RuntimeError(f"the process of the job ended with code {child.returncode}")
    answer = json.loads(said)
    if "error" in answer:
        raise RunError(answer["error"])
    return str(answer["run"])


async def _answer(child: asyncio.subprocess.Process, work: bytes) -> bytes:
    if child.stdin is None or child.stdout is None:
        raise RuntimeError("the process of the job has no standard input and output")
    child.stdin.write(work)
    said = await child.stdout.read()
    await child.wait()
    return said


async def _end(child: asyncio.subprocess.Process) -> None:
    """First ask the process, so that it can clear up; then end all of its session."""
    if child.returncode is None:
        with suppress(ProcessLookupError):
            child.terminate()
        with suppress(TimeoutError):
            await asyncio.wait_for(child.wait(), SECONDS_TO_END)
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    await child.wait()


def main() -> int:
    """Do the work that standard input names; the process leads a session of its own.

    Returns
    -------
    int
        0 where there is an answer, 143 where the process was asked to end.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with os.fdopen(os.dup(STANDARD_OUTPUT), "w", encoding="utf-8") as kept:
        os.dup2(STANDARD_ERROR, STANDARD_OUTPUT)  # what a flow prints is no answer
        work = json.loads(sys.stdin.buffer.readline())
        threading.Thread(target=_end_with_the_server, daemon=True).start()
        try:
            answer = {"run": _carry_out(work)}
        except (InputError, RunError) as error:
            answer = {"error": str(error)}
        except KeyboardInterrupt:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            os.killpg(os.getpgrp(), signal.SIGTERM)  # what the flow started
            return ENDED
        kept.write(json.dumps(answer))
    return 0


def _carry_out(work: Mapping[str, object]) -> str:
    quiet_environment(debug=False)
    from flows.local_run import run_locally

    flow, kind = resolve_name(str(work["flow"])), resolve_name(str(work["kind"]))
    return run_locally(flow, kind.model_validate(work["parameters"]))


def _end_with_the_server() -> None:
    """Standard input ends when the server does, however that was killed."""
    os.read(STANDARD_INPUT, 1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(SECONDS_TO_END)
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
