"""The main job calibrates its effects model where that is essential, and says why it did not."""

import json
import re
from pathlib import Path

import pytest
import yaml

from flows.intervention_analysis import intervention_analysis
from flows.local_run import run_locally
from flows.parameters import AnalysisParameters, parse_parameters
from tasks.report.answer import answer
from tasks.report.report_json import read_report
from tasks.report.schema import Report

from .conftest import SIZES, SmallDatabase

pytestmark = pytest.mark.usefixtures("prefect_server", "calibrations")

CHECK = "calibration of the effects model"


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> SmallDatabase:
    database = SmallDatabase(tmp_path_factory.mktemp("checked") / "database")
    database.write()
    return database


@pytest.fixture(scope="module")
def dear(shops: SmallDatabase) -> Path:
    """The contract of the same tables, with a decision that is worth a lot."""
    path = shops.folder / "dear.yaml"
    content = shops.content | {"decision_worth": 2_500_000}
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return path


def run(root: Path, contract: Path, **changes: object) -> Path:
    values = {"domain": str(contract)} | SIZES | {"seed": 2, "top_columns": 1, "simulations": 20}
    parameters = parse_parameters(AnalysisParameters, values | changes)
    return root / run_locally(intervention_analysis, parameters)


@pytest.fixture(scope="module")
def skipped(shops: SmallDatabase, runs_root: Path) -> Path:
    """A run that leaves `check_model` as it is."""
    return run(runs_root, shops.contract)


@pytest.fixture(scope="module")
def essential(skipped: Path, dear: Path, runs_root: Path) -> Path:
    return run(runs_root, dear)


def computed(folder: Path) -> list[str]:
    steps = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["steps"]
    return [title for title, step in steps.items() if not step["cached"]]


def report_of(folder: Path) -> Report:
    return read_report((folder / "report.json").read_text(encoding="utf-8"))


def text_of(folder: Path) -> str:
    return re.sub(r"\s+", " ", (folder / "report.txt").read_text(encoding="utf-8"))


def test_one_reason_alone_recommends_and_the_report_says_so(skipped: Path) -> None:
    check = report_of(skipped).model_check
    assert (check.status, check.need, check.simulations) == ("skipped", "recommended", 0)
    (parameters,) = re.findall(r"the model has (\d+) parameters, more than 10;", check.decision)
    assert int(parameters) > 10
    assert "not known: Bayes factor, worth of the decision" in check.decision
    assert (
        "Model The effects model was not tested by simulation, although that is recommended for "
        "this design: run again with --set check_model=always."
    ) in text_of(skipped)
    assert check.decision in text_of(skipped)


def test_never_skips_what_is_essential_and_computes_nothing_before_it(
    skipped: Path, dear: Path, runs_root: Path
) -> None:
    never = run(runs_root, dear, check_model="never")
    check = report_of(never).model_check
    assert (check.status, check.need, check.simulations) == ("skipped", "essential", 0)
    assert "the decision is worth 2,500,000, more than 1,000,000" in text_of(never)
    assert computed(never) == [CHECK, "report"]


def test_the_contract_says_where_reasons_begin(shops: SmallDatabase, runs_root: Path) -> None:
    calm = shops.folder / "calm.yaml"
    thresholds = {"parameters": 1000, "decision_worth": 2_000_000}
    content = shops.content | {"decision_worth": 2_500_000, "check_thresholds": thresholds}
    calm.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    check = report_of(run(runs_root, calm)).model_check
    assert (check.status, check.need) == ("skipped", "recommended")
    assert "the decision is worth 2,500,000, more than 2,000,000" in check.decision
    assert "parameters" not in check.decision


def test_two_reasons_make_it_essential_and_it_is_done(essential: Path) -> None:
    report = report_of(essential)
    check = report.model_check
    assert (check.status, check.need, check.simulations) == ("calibrated", "essential", 20)
    assert check.reasons[0].startswith("No quantity deviates")
    assert answer(report).model == (
        "The effects model is calibrated: 20 simulated data sets of this design show no deviation."
    )
    assert check.reasons[0] in text_of(essential)
    assert computed(essential) == [CHECK, "report"]
    kept = json.loads((essential / "model_check.json").read_text(encoding="utf-8"))
    assert kept == json.loads(check.model_dump_json())


def test_the_same_run_again_takes_the_calibration_from_the_cache(
    essential: Path, dear: Path, runs_root: Path
) -> None:
    again = run(runs_root, dear)
    assert again != essential
    assert computed(again) == []
    assert report_of(again) == report_of(essential)
