"""The main job from the tables to the report, on a small database."""

import json
from pathlib import Path
from typing import Any

import pytest

from flows.artifact_keys import artifact_key
from flows.intervention_analysis import intervention_analysis
from flows.local_run import run_locally
from flows.parameters import AnalysisParameters, parse_parameters
from tasks.domain import PLACEBO, Node
from tasks.report.report_json import read_report
from tasks.report.schema import Report

from .conftest import HTML, SIZES, SmallDatabase, artifacts_of

pytestmark = pytest.mark.usefixtures("prefect_server")


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> SmallDatabase:
    database = SmallDatabase(tmp_path_factory.mktemp("shops") / "database")
    database.write()
    return database


def run(database: SmallDatabase, **changes: object) -> str:
    values = {"domain": str(database.contract)} | SIZES | changes
    return run_locally(intervention_analysis, parse_parameters(AnalysisParameters, values))


@pytest.fixture(scope="module")
def finished(shops: SmallDatabase, runs_root: Path) -> Path:
    return runs_root / run(shops)


def manifest(folder: Path) -> dict[str, dict[str, object]]:
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))


def cached(folder: Path) -> dict[str, bool]:
    return {title: step["cached"] for title, step in manifest(folder)["steps"].items()}


@pytest.fixture(scope="module")
def report(finished: Path) -> Report:
    return read_report((finished / "report.json").read_text(encoding="utf-8"))


def test_a_run_leaves_all_its_files(finished: Path) -> None:
    files = {str(path.relative_to(finished)) for path in finished.rglob("*") if path.is_file()}
    assert files >= {
        "domain.yaml",
        "contract.json",
        "data_docs.html",
        "features.parquet",
        "uncertainty.npz",
        "shares.json",
        "effects.parquet",
        "pooling.json",
        "posterior.nc",
        "diagnostics.json",
        "effects_data.json",
        "model_check.json",
        "report.txt",
        "report.html",
        "report.json",
        "manifest.json",
    }
    assert any(file.startswith("figures/") for file in files)
    assert set(manifest(finished)["digests"]) == files - {"manifest.json"}


def test_prefect_s_page_shows_gate_progress_and_report(finished: Path) -> None:
    key = artifact_key("상점")
    found = artifacts_of(finished)
    assert {f"gate-{key}", f"progress-{key}", f"report-{key}"} <= set(found)
    assert f"data_docs.html of run 상점/{finished.name}" in str(found[f"gate-{key}"].description)
    assert found[f"progress-{key}"].data == 100
    assert "LEVEL 1: TABLES" in found[f"report-{key}"].data


def test_the_report_blames_what_was_spoilt(report: Report) -> None:
    missing = [check for check in report.gate if check.column == HTML]
    assert [check.rule for check in missing] == ["required"]
    simulated = {(str(effect.node), effect.intervention) for effect in report.effects}
    assert (f"shops.{HTML}", "impute_missing") in simulated
    by_level: dict[str, float] = {"table": 0.0, "column": 0.0, "range": 0.0}
    for share in report.shares:
        by_level[share.node.level] += share.fraction
    assert by_level == pytest.approx({"table": 1.0, "column": 1.0, "range": 1.0})
    assert report.domain == "상점"
    assert report.rows["evaluated"] == SIZES["evaluation_rows"]


def test_the_placebo_is_part_of_every_run(report: Report) -> None:
    assert all(effect.node.table == PLACEBO for effect in report.placebo)
    redrawn = [effect for effect in report.placebo if effect.intervention == "correct"]
    assert redrawn or any(PLACEBO in note for note in report.notes)
    assert all(effect.effect.low <= 0 <= effect.effect.high for effect in redrawn)


def test_names_from_the_data_are_escaped_on_the_page(finished: Path) -> None:
    for name, other in (("report", "data_docs"), ("data_docs", "report")):
        page = (finished / f"{name}.html").read_text(encoding="utf-8")
        assert HTML not in page
        assert "&lt;b&gt;size&lt;/b&gt;" in page
        assert "<i>of</i>" not in page
        assert f'<a href="{other}.html">' in page


def test_the_same_run_again_computes_nothing(finished: Path, shops: SmallDatabase) -> None:
    again = finished.parent / run(shops).partition("/")[2]
    assert again != finished
    assert all(cached(again).values())
    assert manifest(again)["digests"] == manifest(finished)["digests"]


def test_another_number_of_columns_computes_only_what_follows(
    finished: Path, shops: SmallDatabase
) -> None:
    other = finished.parent / run(shops, top_columns=1).partition("/")[2]
    steps = cached(other)
    assert [title for title, was_cached in steps.items() if not was_cached] == [
        "repairs in replicate cells",
        "members fitted anew",
        "pooling of the effects",
        "effects model",
        "effects of fitting anew",
        "calibration of the effects model",
        "report",
    ]


def test_another_target_reads_the_tables_no_second_time(
    finished: Path, shops: SmallDatabase
) -> None:
    other = finished.parent / run(shops, target="paid").partition("/")[2]
    steps = cached(other)
    assert [title for title, was_cached in steps.items() if was_cached] == [
        "tables held against the contract",
        "data docs",
    ]
    report = read_report((other / "report.json").read_text(encoding="utf-8"))
    assert (report.task, report.output) == ("paid", "classification")
    assert {score.name for score in report.quality} == {"log_loss", "brier", "auc"}


def test_changed_data_are_noticed_and_moved_data_are_not(
    finished: Path, shops: SmallDatabase, tmp_path: Path
) -> None:
    moved = tmp_path / "moved"
    moved.mkdir()
    for table in shops.tables:
        (moved / f"{table}.csv").write_bytes(shops.path(table).read_bytes())
    same = finished.parent / run(shops, source=str(moved)).partition("/")[2]
    assert all(cached(same).values())
    text = (moved / "sales.csv").read_text(encoding="utf-8")
    first, second, *rest = text.splitlines(keepends=True)
    (moved / "sales.csv").write_text("".join([first, *rest, second]), encoding="utf-8")
    changed = finished.parent / run(shops, source=str(moved)).partition("/")[2]
    assert not cached(changed)["tables held against the contract"]


def test_the_priors_of_a_contract_are_held_against_what_was_measured(
    finished: Path, shops: SmallDatabase, tmp_path: Path, runs_root: Path
) -> None:
    believing = SmallDatabase(tmp_path / "believing")
    believing.content["priors"] = {
        "mean[sales.amount]": {
            "family": "normal",
            "parameters": {"mean": 90.0, "sd": 2.0},
            "confidence": 0.5,
        },
        "share[shops]": {
            "family": "beta",
            "parameters": {"alpha": 2.0, "beta": 2.0},
            "confidence": 0.9,
        },
        f"effect[shops.{HTML}: impute_missing]": {
            "family": "student_t",
            "parameters": {"df": 4.0, "location": -10.0, "scale": 20.0},
            "confidence": 0.9,
        },
        "share[nowhere]": {
            "family": "uniform",
            "parameters": {"low": 0.0, "high": 1.0},
            "confidence": 0.9,
        },
    }
    believing.write()
    folder = runs_root / run(believing)
    assert [title for title, was in cached(folder).items() if not was] == [
        "beliefs held against data",
        "calibration of the effects model",
        "report",
    ]
    found = read_report((folder / "report.json").read_text(encoding="utf-8")).beliefs
    assert found is not None
    by_name = {of.quantity: of for of in found.conflicts}
    assert set(by_name) == set(believing.content["priors"]) - {"share[nowhere]"}
    assert by_name["mean[sales.amount]"].severity == "very strong"
    (share,) = (
        share.fraction
        for share in read_report((finished / "report.json").read_text(encoding="utf-8")).shares
        if str(share.node) == "shops"
    )
    assert by_name["share[shops]"].from_reference.mean.value == pytest.approx(share, abs=0.05)
    assert "'share[nowhere]' was not measured" in found.not_assessable["share[nowhere]"]
    text = (folder / "report.txt").read_text(encoding="utf-8")
    assert "1 OF 3 BELIEFS CONFLICTS WITH THE DATA" in text
    told = json.loads((folder / "model_check.json").read_text(encoding="utf-8"))
    assert "the Bayes factor is" in told["decision"]


def test_curves_a_budget_and_real_changes_are_told_where_they_are_asked_for(
    finished: Path, tmp_path: Path, runs_root: Path
) -> None:
    acting = SmallDatabase(tmp_path / "acting")
    acting.content["actions"] = {"sales.people": "+=3"}
    acting.write()
    folder = runs_root / run(acting, acquire=1, worth=0.5, budget=2)
    assert cached(folder)["ensemble"]

    def read(name: str) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((folder / name).read_text(encoding="utf-8"))
        return content

    (curve,) = read("learning_curves.json")["curves"]
    assert curve["rows"] == curve["more"] >= 64
    assert curve["worth"] == 0.5
    assert curve["cost_per_unit"] is None
    bought = read("budget.json")
    assert bought["budget"] == 2
    assert bool(bought["chosen"]) != bool(bought["reason"])
    assert bought["cost"] == sum(repair["cost"] for repair in bought["chosen"]) <= 2
    assert bought["considered"] > 0
    assert not any("do " in name for of in bought["next_best"] for name in of["actions"])
    (told,) = read("real_changes.json").values()
    assert told["action"] == "sales.people+=3"
    assert (folder / "retrained.parquet").is_file()
    report = read_report((folder / "report.json").read_text(encoding="utf-8"))
    assert ("sales.people", "do") in {(str(of.node), of.intervention) for of in report.effects}
    assert report.budget is not None
    assert [str(of.node) for of in report.curves] == [str(Node(**curve["node"]))]
    text = (folder / "report.txt").read_text(encoding="utf-8")
    sections = [line for line in text.splitlines() if line.isupper()]
    expected = ["RETRAINED", "BEST USE OF THE BUDGET", "MORE ROWS"]
    assert [line for line in sections if line in expected] == expected
    assert f"sales.people+=3: {told['note']}" in " ".join(text.split())
    plain = (finished / "report.txt").read_text(encoding="utf-8")
    assert not {"BEST USE OF THE BUDGET", "MORE ROWS"} & set(plain.splitlines())
