"""How far a run has come, on Prefect's page: where steps loop, are cached, fail or are left out."""

import time
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from prefect import flow, get_client, task
from prefect.cache_policies import INPUTS
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    ArtifactFilterType,
    FlowRunFilter,
    FlowRunFilterId,
)
from prefect.runtime import flow_run

from flows.narration import Narrator, named
from tasks.errors import RunError
from tasks.progress import track

pytestmark = pytest.mark.usefixtures("prefect_server")

SECONDS_FOR_EVENTS = 120


def artifact(run: str) -> Any:
    """The progress artifact of a run, as it is now."""
    of_run = ArtifactFilter(
        flow_run_id=ArtifactFilterFlowRunId(any_=[UUID(run)]),
        type=ArtifactFilterType(any_=["progress"]),
    )
    with get_client(sync_client=True) as client:
        (found,) = client.read_artifacts(artifact_filter=of_run)
    return found


def names_of_steps(run: str, count: int) -> list[str]:
    """Names of a run's tasks, once the server knows them all: they reach it as events."""
    end = time.monotonic() + SECONDS_FOR_EVENTS
    of_run = FlowRunFilter(id=FlowRunFilterId(any_=[UUID(run)]))
    while True:
        with get_client(sync_client=True) as client:
            found = client.read_task_runs(flow_run_filter=of_run)
        names = sorted(of.name for of in found)
        if len(names) == count or time.monotonic() > end:
            return names
        time.sleep(0.2)


@task
def counted(items: int) -> list[tuple[float, str]]:
    """What the page tells in each pass of a loop."""
    told = []
    for _ in track(range(items), "rows of *주문*"):
        now = artifact(str(flow_run.id))
        told.append((now.data, now.description))
    return told


@task
def twice() -> list[float]:
    """What the page tells in the second of two loops."""
    list(track(range(3), "first"))
    return [artifact(str(flow_run.id)).data for _ in track(range(3), "second")]


@task
def broken() -> None:
    raise RunError("it broke")


@task
def nothing() -> None:
    pass


@task
def same(value: int) -> int:
    return value


def test_a_loop_tells_its_part_and_the_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.narration.SECONDS_BETWEEN", 0.0)

    @flow
    def looping() -> tuple[str, list[tuple[float, str]]]:
        narrator = Narrator(2, "looping")
        narrator.run("first", nothing)
        told = narrator.run("count {braces}", counted, 4)
        narrator.finish()
        return str(flow_run.id), told

    run, told = looping()
    assert [percent for percent, _ in told] == [50, 62.5, 75, 87.5]
    assert told[0][1] == "count {braces}: rows of \\*주문\\* 0/4"
    assert told[1][1].startswith("count {braces}: rows of \\*주문\\* 1/4, ")
    assert all(text.endswith("left") for _, text in told[1:])
    end = artifact(run)
    assert (end.data, end.description) == (100, "done")
    assert names_of_steps(run, 2) == ["count {braces}", "first"]


def test_a_second_loop_of_a_step_does_not_go_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.narration.SECONDS_BETWEEN", 0.0)

    @flow
    def looping() -> list[float]:
        return Narrator(4, "twice").run("two loops", twice)

    assert looping() == [25.0, 25.0, 25.0]


def test_a_step_that_fails_is_named_and_the_rest_stays_undone() -> None:
    runs = []

    @flow
    def failing() -> None:
        runs.append(str(flow_run.id))
        narrator = Narrator(4, "failing")
        narrator.run("first", nothing)
        narrator.run("second", broken)
        narrator.run("third", nothing)

    with pytest.raises(RunError, match="it broke"):
        failing()
    end = artifact(runs[0])
    assert (end.data, end.description) == (25, "second: failed")
    assert names_of_steps(runs[0], 2) == ["first", "second"]


def test_a_cached_step_counts_and_keeps_its_name(tmp_path: Path) -> None:
    kept = same.with_options(cache_policy=INPUTS, persist_result=True, result_storage=tmp_path)

    @flow
    def caching() -> tuple[str, Narrator, float]:
        narrator = Narrator(3, "caching")
        narrator.run("made", kept, 1)
        narrator.run("taken", kept, 1)
        narrator.run("last", nothing)
        before = artifact(str(flow_run.id)).data
        narrator.finish()
        return str(flow_run.id), narrator, before

    run, narrator, before = caching()
    assert [of["cached"] for of in narrator.timings.values()] == [False, True, False]
    assert before == pytest.approx(200 / 3)
    assert artifact(run).data == 100
    assert names_of_steps(run, 3) == ["last", "made", "taken"]


def test_a_run_with_steps_left_out_ends_at_a_hundred() -> None:
    @flow
    def shorter() -> str:
        narrator = Narrator(14, "shorter")
        named("before any step", nothing)()
        narrator.run("only", nothing)
        narrator.finish()
        return str(flow_run.id)

    run = shorter()
    assert artifact(run).data == 100
    assert names_of_steps(run, 2) == ["before any step", "only"]
