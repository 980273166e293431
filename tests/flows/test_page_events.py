"""Events and automations: what a run tells, on a real server, and which automations it triggers."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jinja2
import pytest
import yaml

import flows.service
from flows.artifact_keys import artifact_key
from flows.changed_since import effects_changed, run_before
from flows.environment import QUIET
from tasks.bayes.interval import Interval
from tasks.report.answer import answer
from tasks.report.effect_record import Effect
from tasks.report.schema import Report
from tasks.run_store import RunStore
from tests.report.conftest import make_report
from tests.report.diff_runs import keep, run_record

from .conftest import SIZES, SmallDatabase

AUTOMATIONS = Path(flows.service.__path__[0]) / "automations.yaml"
DOMAIN = "상점"
BEFORE, RUN = "상점/2026-01-01", "상점/2026-01-02"
SECONDS = 300
TELLING = """
import sys
from prefect import flow
from flows.events import tell_of_run
from tasks.report.report_json import read_report
from tasks.run_store import RunStore

@flow
def telling(run: str) -> None:
    store = RunStore.current()
    tell_of_run(store, run, read_report(store.read_file(run, "report.json")))

telling(sys.argv[1])
"""


def moved(report: Report, places: int, by: float) -> Report:
    """A report whose first effects are others."""

    def change(effect: Effect) -> Effect:
        told = effect.effect
        other = Interval(mean=told.mean + by, low=told.low + by, high=told.high + by)
        return effect.model_copy(update={"effect": other})

    effects = (*map(change, report.effects[:places]), *report.effects[places:])
    return report.model_copy(update={"effects": effects})


@pytest.fixture(scope="module")
def report() -> Report:
    columns = [(table, f"c{k}") for table in ("a", "b", "c") for k in range(4)]
    return make_report(columns).model_copy(update={"domain": DOMAIN})


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(str(tmp_path / "runs"))


def kept(store: RunStore, report: Report, run: str, task: str = "lead-time", **parts: Any) -> str:
    manifest = {"domain": DOMAIN, "task": task}
    told = report.model_copy(update={"task": task})
    return keep(store, run_record(told, run, manifest, **parts))


def test_effects_that_changed_are_told_with_both_values(store: RunStore, report: Report) -> None:
    kept(store, report, BEFORE, error=0.5)
    kept(store, moved(report, 2, by=20.0), RUN, error=0.5)
    told = effects_changed(store, RUN)
    assert told is not None
    assert told["before"] == BEFORE
    first = report.effects[0]
    by_name = {of["name"]: of for of in told["effects"]}
    names = {f"{effect.intervention} {effect.node}" for effect in report.effects[:2]}
    assert set(by_name) == names
    shown = by_name[f"{first.intervention} {first.node}"]
    assert float(shown["to"].replace("\N{MINUS SIGN}", "-")) == pytest.approx(
        float(shown["from"].replace("\N{MINUS SIGN}", "-")) + 20, abs=0.11
    )
    assert shown["probability"] == "> 99.9"
    assert "2 of" in told["told"]
    json.dumps(told)


def test_no_more_than_five_are_told(store: RunStore, report: Report) -> None:
    kept(store, report, BEFORE, error=0.5)
    kept(store, moved(report, 9, by=30.0), RUN, error=0.5)
    told = effects_changed(store, RUN)
    assert told is not None
    assert len(told["effects"]) == 5
    assert "9 of" in told["told"]


def test_what_may_be_chance_is_not_told(store: RunStore, report: Report) -> None:
    kept(store, report, BEFORE, error=2.0)
    kept(store, moved(report, 2, by=2.0), RUN, error=2.0)
    assert run_before(store, RUN) == BEFORE
    assert effects_changed(store, RUN) is None


def test_a_run_is_held_against_the_last_of_its_task_alone(store: RunStore, report: Report) -> None:
    assert run_before(store, kept(store, report, RUN)) is None
    kept(store, moved(report, 1, by=9.0), "상점/2026-01-03")
    kept(store, report, BEFORE, task="returns")
    keep(store, run_record(report, "가게/2026-01-01", {"domain": "가게"}))
    assert run_before(store, RUN) is None
    oldest = kept(store, moved(report, 1, by=5.0), "상점/2025-01-01")
    assert run_before(store, RUN) == oldest
    assert run_before(store, "상점/2026-01-03") == RUN
    kept(store, report, "상점/2026-01-01T23")
    assert run_before(store, RUN) is None, "that one told the same"


def test_a_run_that_cannot_be_read_is_left_alone(
    store: RunStore, report: Report, caplog: pytest.LogCaptureFixture
) -> None:
    kept(store, moved(report, 1, 9.0).model_copy(update={"version": 1}), BEFORE)
    kept(store, report, RUN)
    assert effects_changed(store, RUN) is None
    assert f"{RUN} is not held against {BEFORE}" in caplog.text


def test_notifications_read_what_events_hold() -> None:
    text = AUTOMATIONS.read_text(encoding="utf-8")
    shown = "\n".join(
        line.replace("# ", "", 1) if line.strip().startswith("# ") else line
        for line in text.splitlines()
        if not line.startswith("#") and "do-nothing" not in line
    )
    gate, changed = (of["actions"][0] for of in yaml.safe_load(shown)["automations"])
    event = {
        "resource": {"name": DOMAIN},
        "payload": {
            "run": RUN,
            "task": "amount",
            "refusal": "day is missing",
            "told": "1 of 2 effects changed.",
            "effects": [{"name": "correct a.b", "from": "1", "to": "2", "probability": "99.0"}],
            "report": "http://127.0.0.1/report.html",
        },
    }
    strict = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=True)
    for action in (gate, changed):
        assert action["type"] == "send-notification"
        assert DOMAIN in strict.from_string(action["subject"]).render(event=event)
    assert "day is missing" in strict.from_string(gate["body"]).render(event=event)
    assert "correct a.b: from 1 to 2 %" in strict.from_string(changed["body"]).render(event=event)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Environment of programs that use a Prefect server of their own."""
    folder = tmp_path_factory.mktemp("server")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    own |= QUIET | {
        "PREFECT_HOME": str(folder / "prefect"),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "WHENCE_RUNS": str(folder / "runs"),
        "WHENCE_DATA": str(folder / "data"),
        "NO_PROXY": "127.0.0.1",
    }
    start = ["-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([sys.executable, *start], env=own, stdout=log, stderr=log)
    try:
        end = time.monotonic() + SECONDS
        while not answers(own):
            assert process.poll() is None, (folder / "log").read_text(encoding="utf-8")
            assert time.monotonic() < end
            time.sleep(0.2)
        yield own
    finally:
        process.terminate()
        process.wait()


def answers(server: dict[str, str]) -> bool:
    try:
        return httpx.get(f"{server['PREFECT_API_URL']}/health", trust_env=False).is_success
    except httpx.TransportError:
        return False


def python(server: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words], env=server, capture_output=True, text=True, check=False
    )


def events(server: dict[str, str], *names: str, count: int) -> list[dict[str, Any]]:
    """Events of some names, once there are so many."""
    end = time.monotonic() + SECONDS
    asked = {"filter": {"event": {"name": list(names)}}, "limit": 50}
    while True:
        address = f"{server['PREFECT_API_URL']}/events/filter"
        found = httpx.post(address, json=asked, trust_env=False, timeout=60).json()["events"]
        if len(found) >= count or time.monotonic() > end:
            assert len(found) == count
            return list(found)
        time.sleep(0.5)


def related(event: dict[str, Any], role: str) -> list[dict[str, str]]:
    return [of for of in event["related"] if of["prefect.resource.role"] == role]


def triggered(server: dict[str, str], event: dict[str, Any]) -> str:
    """Name of the automation that an event has triggered."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        asked = {"filter": {"event": {"name": ["prefect.automation.triggered"]}}, "limit": 50}
        address = f"{server['PREFECT_API_URL']}/events/filter"
        found = httpx.post(address, json=asked, trust_env=False, timeout=60).json()["events"]
        for of in found:
            if of["payload"]["triggering_event"]["id"] == event["id"]:
                return str(of["resource"]["prefect.resource.name"])
        time.sleep(0.5)
    raise AssertionError(f"{event['event']} has triggered nothing")


@pytest.fixture(scope="module")
def automated(server: dict[str, str]) -> dict[str, str]:
    """The server with the automations that come with the product."""
    made = python(server, "-m", "prefect", "automation", "create", "--from-file", str(AUTOMATIONS))
    assert made.returncode == 0, made.stdout + made.stderr
    assert "Created 2 automation(s)" in made.stdout
    return server


def test_a_gate_that_stops_a_run_triggers_an_automation(
    automated: dict[str, str], tmp_path: Path
) -> None:
    database = SmallDatabase(tmp_path / "database")
    sales = database.tables["sales"]
    database.tables["sales"] = sales.with_columns(day=None)
    sizes = [word for name, value in SIZES.items() for word in ("--set", f"{name}={value}")]
    ran = python(automated, "-m", "flows.cli", "run", database.write(), *sizes)
    assert ran.returncode == 2, ran.stderr
    (event,) = events(automated, "whence.gate.failed", count=1)
    assert event["resource"] == {
        "prefect.resource.id": f"whence.domain.{artifact_key(DOMAIN)}",
        "prefect.resource.name": DOMAIN,
    }
    assert event["payload"]["run"].startswith(f"{DOMAIN}/")
    assert event["payload"]["refusal"] in ran.stderr
    (flow_run,) = related(event, "flow-run")
    assert flow_run["prefect.resource.name"] == f"{DOMAIN}: amount"
    assert {of["prefect.resource.id"] for of in related(event, "tag")} >= {
        f"prefect.tag.{tag}" for tag in ("whence", "analysis", DOMAIN)
    }
    assert triggered(automated, event) == "whence-gate-failed"


def test_a_run_tells_that_it_finished_and_what_changed(
    automated: dict[str, str], report: Report
) -> None:
    store = RunStore(automated["WHENCE_RUNS"])
    kept(store, report, BEFORE, error=0.5)
    now = moved(report, 1, by=20.0)
    kept(store, now, RUN, error=0.5)
    for run in (BEFORE, RUN):
        told = python(automated, "-c", TELLING, run)
        assert told.returncode == 0, told.stderr
    last, first = events(automated, "whence.run.finished", count=2)
    assert [first["payload"]["run"], last["payload"]["run"]] == [BEFORE, RUN]
    assert last["payload"]["repair"] == answer(now).repair
    assert last["payload"]["sound"] is answer(now).sound
    assert last["payload"]["report"] == f"{store.root}/{RUN}/report.html"
    (changed,) = events(automated, "whence.effects.changed", count=1)
    assert (changed["payload"]["run"], changed["payload"]["before"]) == (RUN, BEFORE)
    effect = report.effects[0]
    names = [of["name"] for of in changed["payload"]["effects"]]
    assert names == [f"{effect.intervention} {effect.node}"]
    assert triggered(automated, changed) == "whence-effects-changed"
