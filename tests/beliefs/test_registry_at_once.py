"""Processes that write at once lose nothing; only one of them can win; a crash leaves no trace.

Run as a program, this file is such a process: it does what it is told in lines of JSON.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from sqlalchemy import event, func, inspect, select

from tasks.beliefs.registry import Registry
from tasks.beliefs.registry_conflicts import record_conflicts
from tasks.beliefs.registry_findings import Conflict
from tasks.beliefs.registry_models import latest_model, record_model
from tasks.beliefs.registry_priors import (
    current_priors,
    history,
    priors_of_session,
    record_session,
)
from tasks.beliefs.registry_records import ElicitationSession, Model
from tasks.beliefs.registry_updates import accept, recommendations_of, record_recommendations
from tasks.beliefs.tables import ConflictEvidence, PriorDataConflict

Examples = Any
PROCESSES = 8
EACH = 1000
CRASHED = 9


class Process:
    """A process that does what it is told."""

    def __init__(self) -> None:
        self._running = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def tell(self, task: str, url: str, **arguments: Any) -> None:
        assert self._running.stdin is not None
        self._running.stdin.write(json.dumps({"task": task, "url": url} | arguments) + "\n")
        self._running.stdin.flush()

    def answer(self) -> Any:
        assert self._running.stdout is not None
        return json.loads(self._running.stdout.readline())

    def end(self) -> int:
        self._running.communicate()
        return self._running.returncode


def crash(registry: Registry, moment: str) -> None:
    """End this process without a word at the update of a recommendation or before its commit."""

    def end(*arguments: Any) -> None:
        if moment == "commit" or arguments[2].startswith("UPDATE prior_update_recommendations"):
            os._exit(CRASHED)

    event.listen(registry.engine, moment, end)


def without_syncing(registry: Registry) -> None:
    """Commits that need not outlast a power cut; the server of the tests does it alike."""
    if registry.engine.dialect.name == "sqlite":
        event.listen(
            registry.engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous = OFF")
        )


def perform(task: str, registry: Registry, told: dict[str, Any]) -> Any:
    match task:
        case "open":
            without_syncing(registry)
            return len(inspect(registry.engine).get_table_names())
        case "conflicts":
            for number in range(told["first"], told["first"] + told["count"]):
                found = Conflict.model_validate(told["conflict"] | {"log_bayes_factor": number})
                record_conflicts(registry, [found])
            return told["count"]
        case "session":
            return record_session(registry, ElicitationSession.model_validate(told["session"]))
        case "model":
            return record_model(registry, Model.model_validate(told["model"])).version
        case "accept":
            return accept(registry, told["id"], told["by"]).decided_by
        case "crash":
            crash(registry, told["moment"])
            return accept(registry, told["id"], "crash").status
    raise AssertionError(task)


def work() -> None:
    registries: dict[str, Registry] = {}
    for line in sys.stdin:
        told = json.loads(line)
        registry = registries.setdefault(told["url"], Registry.at(told["url"]))
        try:
            answer = perform(told["task"], registry, told)
        except Exception as error:
            answer = {type(error).__name__: str(error)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


@pytest.fixture(scope="module")
def processes() -> Iterator[list[Process]]:
    started = [Process() for _ in range(PROCESSES)]
    yield started
    assert [process.end() for process in started] == [0] * PROCESSES


@pytest.fixture(scope="module")
def url(database_kind: str, new_database: Callable[[str], str]) -> str:
    return new_database(database_kind)


@pytest.fixture(scope="module")
def opened(processes: list[Process], url: str) -> list[Any]:
    """What each process found when all of them opened the empty database at once."""
    for process in processes:
        process.tell("open", url)
    return [process.answer() for process in processes]


@pytest.fixture
def registry(opened: list[Any], url: str) -> Iterator[Registry]:
    with Registry.at(url) as registry:
        without_syncing(registry)
        yield registry


def recommend(registry: Registry, examples: Examples, client: str) -> int:
    """A recommendation on the only prior of a client."""
    if not current_priors(registry, client, "mix"):
        record_session(registry, examples.session(client_id=client))
    (prior,) = current_priors(registry, client, "mix")
    model = record_model(registry, examples.model())
    (conflict,) = record_conflicts(registry, [examples.conflict(prior.id, model.id)])
    recommended = examples.recommendation(conflict, prior.id)
    return record_recommendations(registry, [recommended])[0]


def test_all_processes_open_an_empty_database_at_once(
    opened: list[Any],
    processes: list[Process],
    database_kind: str,
    new_database: Callable[[str], str],
) -> None:
    assert opened == [9] * PROCESSES
    for _ in range(3):  # now that all of them are awake
        fresh = new_database(database_kind)
        for process in processes:
            process.tell("open", fresh)
        assert [process.answer() for process in processes] == [9] * PROCESSES


def test_opening_waits_for_whoever_is_making_the_tables(tmp_path: Path) -> None:
    opening = threading.Thread(target=lambda: Registry.at(f"sqlite:///{tmp_path}/a.db").engine)
    with FileLock(tmp_path / "a.db.lock"):
        opening.start()
        opening.join(timeout=0.5)
        assert opening.is_alive()
        assert not (tmp_path / "a.db").exists()
    opening.join(timeout=60)
    assert (tmp_path / "a.db").is_file()


def test_no_conflict_is_lost(
    registry: Registry, url: str, processes: list[Process], examples: Examples
) -> None:
    session_id = record_session(registry, examples.session())
    (prior,) = priors_of_session(registry, session_id)
    model = record_model(registry, examples.model())
    conflict = examples.conflict(prior.id, model.id).model_dump(mode="json")
    for rank, process in enumerate(processes):
        process.tell("conflicts", url, conflict=conflict, first=rank * EACH, count=EACH)
    assert [process.answer() for process in processes] == [EACH] * PROCESSES
    with registry.transaction("reading") as session:
        numbers = session.scalars(select(PriorDataConflict.log_bayes_factor)).all()
        evidence = session.scalar(select(func.count(ConflictEvidence.id)))
    assert sorted(numbers) == list(range(PROCESSES * EACH))
    assert evidence == PROCESSES * EACH


def test_of_many_that_accept_one_recommendation_one_wins(
    registry: Registry, url: str, processes: list[Process], examples: Examples
) -> None:
    for attempt in range(10):
        client = f"race {attempt}"
        recommendation_id = recommend(registry, examples, client)
        for rank, process in enumerate(processes):
            process.tell("accept", url, id=recommendation_id, by=f"process {rank}")
        answers = [process.answer() for process in processes]
        (winner,) = [answer for answer in answers if isinstance(answer, str)]
        refused = [answer["InputError"] for answer in answers if answer != winner]
        assert len(refused) == PROCESSES - 1
        assert all(f"was accepted by {winner}" in told for told in refused)
        first, _ = history(registry, client, "mix", "share[tv]")
        (decided,) = recommendations_of(registry, first.session_id)
        assert (decided.id, decided.decided_by) == (recommendation_id, winner)


def test_of_many_recommendations_on_one_prior_one_wins(
    registry: Registry, url: str, processes: list[Process], examples: Examples
) -> None:
    for attempt in range(10):
        client = f"race of several {attempt}"
        recommended = [recommend(registry, examples, client) for _ in processes]
        for process, recommendation_id in zip(processes, recommended, strict=True):
            process.tell("accept", url, id=recommendation_id, by="ann")
        answers = [process.answer() for process in processes]
        refused = [answer["InputError"] for answer in answers if answer != "ann"]
        assert len(refused) == PROCESSES - 1
        assert all("has superseded since" in told for told in refused)
        assert len(history(registry, client, "mix", "share[tv]")) == 2


def test_sessions_at_once_make_one_history(
    registry: Registry, url: str, processes: list[Process], examples: Examples
) -> None:
    elicited = examples.session(client_id="at once").model_dump(mode="json")
    for _ in range(3):
        for process in processes:
            process.tell("session", url, session=elicited)
        assert len({process.answer() for process in processes}) == PROCESSES
    priors = history(registry, "at once", "mix", "share[tv]")
    assert len(priors) == 3 * PROCESSES
    assert [prior.supersedes_id for prior in priors] == [None, *(prior.id for prior in priors[:-1])]
    assert current_priors(registry, "at once", "mix") == priors[-1:]


def test_models_at_once_get_a_version_each(
    registry: Registry, url: str, processes: list[Process], examples: Examples
) -> None:
    for rank, process in enumerate(processes):
        model = examples.model(model_id="at once", parameters=rank + 1)
        process.tell("model", url, model=model.model_dump(mode="json"))
    versions = sorted(process.answer() for process in processes)
    assert versions == list(range(1, PROCESSES + 1))
    assert latest_model(registry, "at once").version == PROCESSES


@pytest.mark.parametrize("moment", ["before_cursor_execute", "commit"])
def test_a_crash_inside_an_acceptance_leaves_the_old_state(
    registry: Registry, url: str, examples: Examples, moment: str
) -> None:
    client = f"crash at {moment}"
    recommendation_id = recommend(registry, examples, client)
    before = history(registry, client, "mix", "share[tv]")
    process = Process()
    process.tell("crash", url, id=recommendation_id, moment=moment)
    assert process.end() == CRASHED
    (undecided,) = recommendations_of(registry, before[0].session_id)
    assert undecided.status == "proposed"
    assert history(registry, client, "mix", "share[tv]") == before
    assert accept(registry, recommendation_id, "ann").status == "accepted"


def test_readers_are_not_kept_waiting_by_a_writer(registry: Registry, examples: Examples) -> None:
    read: list[Any] = []

    def read_priors() -> None:
        read.append(current_priors(registry, "waiting", "mix"))

    record_session(registry, examples.session(client_id="waiting"))
    reader = threading.Thread(target=read_priors)
    with registry.transaction("deciding") as session:
        session.execute(select(1))
        reader.start()
        reader.join(timeout=20)
        assert len(read) == 1


if __name__ == "__main__":
    work()
