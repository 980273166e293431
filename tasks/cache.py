"""The one cache policy: a step is run again when its inputs or the code behind it have changed."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from prefect import Task
from prefect.cache_policies import CachePolicy
from prefect.client.schemas.objects import State, TaskRun
from prefect.context import TaskRunContext
from pydantic import BaseModel

from tasks.bayes.digests import digest_of
from tasks.errors import FullDiskError, KilledError, RunError
from tasks.outside import explain
from tasks.run_store import Artifact
from tasks.source_digest import code_digest


@dataclass
class ContentPolicy(CachePolicy):
    """Key of a step: its name, its inputs by content, and all code and files behind it."""

    def compute_key(
        self,
        task_ctx: TaskRunContext,
        inputs: dict[str, Any],
        flow_parameters: dict[str, Any],
        **kwargs: Any,
    ) -> str:
        """Digest of what decides the result of a step."""
        function = task_ctx.task.fn
        content = json.dumps(input_content(inputs), sort_keys=True)
        return digest_of(function.__module__, function.__name__, content, code_digest(function))


CONTENT = ContentPolicy()


def input_content(value: Any) -> Any:
    """What of an input counts, ready for JSON: of an artifact its digest, not where it lies.

    Raises
    ------
    TypeError
        If the value is neither plain nor an artifact: frames and sets have no stable content.

    Examples
    --------
    >>> input_content({"data": Artifact(path="a.parquet", sha256="1f"), "seed": 1})
    {'data': {'sha256': '1f'}, 'seed': 1}
    """
    if isinstance(value, Artifact):
        return {"sha256": value.sha256}
    if isinstance(value, BaseModel):
        return {name: input_content(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, Mapping):
        return {str(name): input_content(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [input_content(inner) for inner in value]
    if isinstance(value, date):
        return value.isoformat()
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise TypeError(f"A step takes plain values and artifacts, got {type(value).__name__}.")


def artifacts_in(value: Any) -> Iterator[Artifact]:
    """All artifacts that a step has returned, wherever they stand.

    Examples
    --------
    >>> list(artifacts_in({"data": [Artifact(path="a.parquet", sha256="1f")], "seed": 1}))
    [Artifact(path='a.parquet', sha256='1f')]
    """
    if isinstance(value, Artifact):
        yield value
    elif isinstance(value, BaseModel):
        yield from artifacts_in([getattr(value, name) for name in type(value).model_fields])
    elif isinstance(value, Mapping):
        yield from artifacts_in(list(value.values()))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from artifacts_in(inner)


async def has_broken_off(task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:
    """Whether a step that reads from outside is worth another try: what was asked is in order."""
    error = await _failure(state)
    return isinstance(error, RunError) and not isinstance(error, FullDiskError)


async def was_killed(task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:
    """Whether a step is worth another try since a process of it was killed from outside."""
    error = await _failure(state)
    return error is not None and isinstance(explain(error) or error, KilledError)


async def _failure(state: State[Any]) -> Exception | None:
    try:
        await state.aresult()
    except Exception as error:
        return error
    return None
