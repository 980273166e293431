"""Beliefs from a client's answers to an accepted update, as their user runs it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml

from flows.cli import main
from tasks.beliefs.belief import Belief
from tasks.beliefs.registry import Registry
from tasks.beliefs.registry_priors import current_priors, history

from .conftest import SmallDatabase, artifacts_of

WEEKS = 104
SHARES = {"tv": 0.25, "라디오": 0.10}
CONTRACT: dict[str, Any] = {
    "name": "town",
    "title": "Ads <i>of</i> a town",
    "source": {"kind": "csv", "location": "."},
    "tables": {
        "weeks": {
            "primary_key": "day",
            "time": "day",
            "columns": {
                "day": {"type": "time", "required": True},
                "sold": {"type": "number", "required": True, "range": [0, None]},
                "tv_spend": {"type": "number", "required": True, "range": [0, None]},
                "radio_spend": {"type": "number", "required": True, "range": [0, None]},
            },
        }
    },
    "tasks": {
        "sold": {
            "kind": "column",
            "output": "regression",
            "table": "weeks",
            "column": "sold",
            "split": {"validation": "2023-06-01", "test": "2023-09-01"},
        }
    },
    "media_mix": {
        "table": "weeks",
        "time": "day",
        "sales": "sold",
        "channels": {"tv": "tv_spend", "라디오": "radio_spend"},
        "harmonics": 1,
    },
}
ANSWERS: dict[str, Any] = {
    "client": "상점",
    "model": "town",
    "confidence": 0.55,
    "beliefs": {
        "share[tv]": {
            "family": "normal",
            "mean": 0.6,
            "sd": 0.05,
            "decision": {"threshold": 0.4, "worth": 2_000_000, "action": "keep the spots"},
        },
        "share[라디오]": {"family": "beta", "quantiles": {0.05: 0.03, 0.95: 0.25}},
        "share[web]": {"family": "beta", "mean": 0.1, "sd": 0.05},
    },
}


def media_weeks(weeks: int) -> pl.DataFrame:
    """Sales of which `SHARES` come from two channels that act at once and nearly linearly."""
    rng = np.random.default_rng(5)
    spends = {name: rng.gamma(2.0, 50.0, weeks) * (rng.random(weeks) < 0.6) for name in SHARES}
    sold = 1000 * (1 - sum(SHARES.values())) + rng.normal(0, 20, weeks)
    for name, share in SHARES.items():
        relative = spends[name] / (spends[name] + 5 * spends[name].mean())
        sold += 1000 * share * relative / relative.mean()
    return pl.DataFrame(
        {
            "day": [date(2022, 1, 3) + timedelta(weeks=week) for week in range(weeks)],
            "sold": sold,
            "tv_spend": spends["tv"],
            "radio_spend": spends["라디오"],
        }
    )


@dataclass(frozen=True)
class Case:
    """Where a user works, and what the first commands have printed."""

    folder: Path
    elicited: str
    conflict: str

    @property
    def contract(self) -> Path:
        return self.folder / "town.yaml"


Said = Callable[..., str]


@pytest.fixture(scope="module")
def place(
    tmp_path_factory: pytest.TempPathFactory, prefect_server: None, calibrations: Path
) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("town")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("WHENCE_RUNS", str(folder / "runs"))
        patch.setenv("WHENCE_DATABASE", f"sqlite:///{folder / 'registry.db'}")
        media_weeks(WEEKS).write_csv(folder / "weeks.csv")
        for name, content in (("town", CONTRACT), ("answers", ANSWERS)):
            text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
            (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
        yield folder


def latest(folder: Path, domain: str) -> Path:
    return sorted((folder / "runs" / domain).iterdir())[-1]


def record(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def case(place: Path) -> Case:
    """A session that is recorded, and its beliefs held against the data."""
    assert main(["beliefs", "elicit", "answers.yaml"]) == 0
    elicited = (latest(place, "elicit-상점") / "report.txt").read_text(encoding="utf-8")
    assert main(["beliefs", "conflict", "상점", "town.yaml"]) == 0
    conflict = (latest(place, "conflict-상점") / "report.txt").read_text(encoding="utf-8")
    return Case(place, elicited, conflict)


def session_of(case: Case) -> str:
    (line,) = [line for line in case.elicited.splitlines() if line.startswith("session ")]
    return line.split()[-1]


def test_a_session_is_fitted_reported_and_recorded(case: Case) -> None:
    run = latest(case.folder, "elicit-상점")
    assert {path.name for path in run.iterdir()} == {
        "answers.yaml",
        "figures",
        "manifest.json",
        "report.json",
        "report.html",
        "report.txt",
    }
    with Registry.current() as registry:
        stored = current_priors(registry, "상점", "town")
    assert [prior.quantity for prior in stored] == ["share[tv]", "share[web]", "share[라디오]"]
    assert Belief.model_validate(stored[0].belief).mean() == pytest.approx(0.6, abs=1e-3)
    assert {prior.run for prior in stored} == {f"elicit-상점/{run.name}"}
    manifest = record(run, "manifest.json")
    assert {prior.run_digest for prior in stored} == {manifest["digests"]["report.json"]}


def test_a_false_belief_conflicts_and_a_true_one_does_not(case: Case) -> None:
    told = record(latest(case.folder, "conflict-상점"), "report.json")
    found = {of["quantity"]: of for of in told["conflicts"]}
    tv, radio = found["share[tv]"], found["share[라디오]"]
    assert tv["severity"] == "very strong"
    assert tv["is_conflict"]
    assert radio["severity"] in ("none", "weak")
    assert not radio["is_conflict"]
    for channel, share in SHARES.items():
        data = found[f"share[{channel}]"]["from_reference"]
        assert abs(data["mean"]["value"] - share) < 4 * data["sd"]["value"] < 0.1
    assert "share[web]" in told["not_assessable"]
    assert told["is_adequate"]
    assert told["rows"] == WEEKS


def test_the_report_first_says_that_calibration_is_essential_and_missing(case: Case) -> None:
    first = " ".join(case.conflict.split("\n\n")[0].split())
    run = latest(case.folder, "conflict-상점")
    assert first.startswith(
        "CALIBRATE FIRST: simulation-based calibration of town is essential and missing"
    )
    assert "2,000,000" in first
    assert first.endswith(f"whence sbc media_mix --of {run.name}")
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "<i>of</i>" not in page
    assert {path.name for path in (run / "figures").iterdir()} == {
        "beliefs.png",
        "bayes_factors.png",
    }
    shown = artifacts_of(run)
    assert any(key.startswith("beliefs-conflict") for key in shown)


def test_the_same_conflict_again_is_taken_from_the_cache(case: Case) -> None:
    before = latest(case.folder, "conflict-상점")
    assert main(["beliefs", "conflict", "상점", "town.yaml"]) == 0
    again = latest(case.folder, "conflict-상점")
    assert again != before
    cached = {
        title: step["cached"] for title, step in record(again, "manifest.json")["steps"].items()
    }
    assert [title for title, was in cached.items() if not was] == ["report"]
    conflicts = [record(run, "report.json")["conflicts"] for run in (before, again)]
    assert conflicts[0] == conflicts[1]


def test_a_whole_case_ends_in_an_accepted_prior(
    case: Case, capsys: pytest.CaptureFixture[str]
) -> None:
    run, session = latest(case.folder, "conflict-상점").name, session_of(case)
    words = ["media_mix", "--of", run, "--simulations", "20", "--validation", "quick"]
    assert main(["sbc", *words]) == 0
    assert "CALIBRATED" in capsys.readouterr().out
    assert main(["beliefs", "update", session]) == 0
    said = capsys.readouterr().out
    assert "1 OF 2 BELIEFS SHOULD CHANGE" in said
    assert "CALIBRATE FIRST" not in said
    told = record(latest(case.folder, "update-상점"), "report.json")
    assert told["calibration"]["status"] == "calibrated"
    assert set(told["left"]) == {"share[web]"}
    changed = {of["quantity"]: of for of in told["updates"]}
    assert changed["share[tv]"]["is_change"]
    assert not changed["share[라디오]"]["is_change"]
    number = told["recommendations"][[of["quantity"] for of in told["updates"]].index("share[tv]")]

    assert main(["beliefs", "accept", number, "--by", "지민"]) == 0
    assert "accepted by 지민" in capsys.readouterr().out
    with Registry.current() as registry:
        now = {prior.quantity: prior for prior in current_priors(registry, "상점", "town")}
        old, new = history(registry, "상점", "town", "share[tv]")
    assert now["share[tv]"].id == new.id
    assert new.supersedes_id == old.id
    assert (
        Belief.model_validate(new.belief).mean() < 0.55 < Belief.model_validate(old.belief).mean()
    )
    assert main(["beliefs", "accept", number]) == 2
    assert "decided once" in capsys.readouterr().err

    assert main(["beliefs", "conflict", "상점", "town.yaml", "--until", "2023-12-01"]) == 0
    second = record(latest(case.folder, "conflict-상점"), "report.json")
    found = {of["quantity"]: of for of in second["conflicts"]}
    assert found["share[tv]"]["severity"] in ("none", "weak")
    assert second["period"][1] < "2023-12-08"
    assert second["calibration"]["status"] == "missing"  # those weeks are another design
    assert second["calibration"]["status_elsewhere"] == "calibrated"
    assert second["calibration"]["run_elsewhere"] == told["calibration"]["run"]
    assert main(["beliefs", "history", "상점"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum("superseded" in line for line in lines) == 1
    recommended = [line for line in lines if "recommendation" in line]
    assert len(recommended) == 2
    assert (
        sum(
            f"recommendation {number} (evidence_weighted): becomes" in line
            and "accepted by 지민" in line
            for line in recommended
        )
        == 1
    )
    assert sum("stands, not decided" in line for line in recommended) == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["elicit", "nothing.yaml"], "nothing.yaml"),
        (["conflict", "nobody", "town.yaml"], "has stated no belief on the quantities of 'town'"),
        (["conflict", "상점", "towns.yaml"], "There is no contract 'towns.yaml'"),
        (
            ["conflict", "상점", "town.yaml", "--data-period-months", "0"],
            "greater than or equal to 1",
        ),
        (["conflict", "상점", "town.yaml", "--data-period-months", "2"], "at least 26 weeks"),
        (["conflict", "상점", "town.yaml", "--until", "soon"], "until"),
        (["update", "nothing"], "has no row 'nothing'"),
        (["history", "nobody"], "Client 'nobody' has stated no belief"),
    ],
)
def test_bad_input_is_refused_with_one_line(
    words: list[str], message: str, case: Case, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(["beliefs", *words]) == 2
    said = capsys.readouterr().err
    line = said[said.index("whence: ") :]
    assert message in line
    assert len(line.splitlines()) == 1
    assert "Traceback" not in said


def test_beliefs_on_columns_are_held_against_all_rows(
    place: Path, database: SmallDatabase, capsys: pytest.CaptureFixture[str]
) -> None:
    contract = database.write()
    sold = database.tables["sales"]["amount"]
    answers = {
        "client": "kim",
        "model": "상점",
        "confidence": 0.7,
        "beliefs": {
            "mean[sales.amount]": {"family": "normal", "mean": float(sold.mean()) + 20, "sd": 1.0},
            "mean[sales.people]": {"family": "gamma", "mean": 20.0, "sd": 2.0},
            "rate[sales.amount]": {"family": "beta", "mean": 0.5, "sd": 0.1},
        },
    }
    path = database.folder / "kim.yaml"
    path.write_text(yaml.safe_dump(answers, allow_unicode=True), encoding="utf-8")
    assert main(["beliefs", "elicit", str(path)]) == 0
    assert main(["beliefs", "conflict", "kim", contract, "--data-period-months", "600"]) == 0
    said = capsys.readouterr().out
    assert "CALIBRATE FIRST" not in said
    told = record(latest(place, "conflict-kim"), "report.json")
    found = {of["quantity"]: of for of in told["conflicts"]}
    amount = found["mean[sales.amount]"]
    assert amount["method"] == "quadrature"
    assert amount["log_bayes_factor"]["mcse"] == 0
    assert amount["severity"] == "very strong"
    assert amount["from_reference"]["mean"]["value"] == pytest.approx(float(sold.mean()), abs=0.05)
    assert found["mean[sales.people]"]["severity"] == "none"
    assert set(told["not_assessable"]) == {"rate[sales.amount]"}


def test_a_conflict_that_the_gate_stops_shows_every_rule(
    place: Path, database: SmallDatabase, capsys: pytest.CaptureFixture[str]
) -> None:
    belief = {"family": "normal", "mean": 40.0, "sd": 1.0, "confidence": 0.7}
    answers = {"client": "lee", "model": "closed", "beliefs": {"mean[sales.amount]": belief}}
    database.content["name"] = "closed"
    path = database.folder / "lee.yaml"
    path.write_text(yaml.safe_dump(answers, allow_unicode=True), encoding="utf-8")
    contract = database.write()
    assert main(["beliefs", "elicit", str(path)]) == 0
    assert main(["beliefs", "conflict", "lee", contract]) == 0
    assert (latest(place, "conflict-lee") / "data_docs.html").is_file()
    keys = pl.col("id").replace(3, 2)
    database.tables["shops"].with_columns(keys).write_csv(database.path("shops"))
    assert main(["beliefs", "conflict", "lee", contract]) == 2
    stopped = latest(place, "conflict-lee")
    assert {path.name for path in stopped.iterdir()} == {"contract.json", "data_docs.html"}
    assert f"Every rule: {stopped}/data_docs.html" in capsys.readouterr().err
