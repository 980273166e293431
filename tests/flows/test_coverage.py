"""The coverage study as a flow: two databases really studied, and what its command refuses."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flows.artifact_keys import artifact_key
from flows.cli import main
from flows.coverage_parameters import CoverageParameters
from tasks.calibration.coverage.records import StudyRecord, outcome_folder
from tasks.calibration.coverage.run import run_study
from tasks.calibration.coverage.study import Settings

from .conftest import artifacts_of

pytestmark = pytest.mark.usefixtures("prefect_server", "runs_root")

SIZES = {"members": 8, "replicates": 4, "leading": 1, "truth_members": 20, "truth_rows": 300}
SETTINGS = Settings(seed=1, **SIZES)
WORDS = [
    "coverage",
    "--databases",
    "2",
    *(word for name, value in SIZES.items() for word in ("--set", f"{name}={value}")),
]


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where this file's studies keep their outcomes; empty as it begins."""
    folder = tmp_path_factory.mktemp("studies")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tasks.calibration.steps.studies_folder", lambda: folder)
        yield folder


@pytest.fixture(scope="module")
def finished(studies: Path, runs_root: Path, prefect_server: None) -> Path:
    """The folder of a run of two databases."""
    assert main(WORDS) == 0
    (folder,) = (runs_root / "coverage-study").iterdir()
    return folder


def content(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text(encoding="utf-8"))


def test_a_run_leaves_its_outcomes_its_summary_and_its_report(finished: Path) -> None:
    files = {str(path.relative_to(finished)) for path in finished.rglob("*") if path.is_file()}
    assert files == {
        "outcomes.json",
        "summary.json",
        "report.txt",
        "report.json",
        "report.html",
        "figures/coverage.png",
        "figures/effects.png",
        "manifest.json",
    }
    manifest, summary = content(finished, "manifest.json"), content(finished, "summary.json")
    assert set(manifest["digests"]) == files - {"manifest.json"}
    assert (manifest["domain"], manifest["task"]) == ("coverage-study", "2 databases")
    assert manifest["parameters"] == {"databases": 2, "seed": 1, **SIZES}
    assert summary["databases"] == 2
    assert not summary["failures"]
    found = {(of["reading"], of["level"]) for of in summary["levels"]}
    assert {
        ("rescored", "table"),
        ("rescored", "column"),
        ("rescored", "placebo"),
        ("retrained", "placebo"),
        ("more rows", "range"),
    } <= found
    assert {of["verdict"] for of in summary["levels"]} == {"open"}
    record = StudyRecord.model_validate(content(finished, "outcomes.json"))
    assert record.settings == SETTINGS
    assert record.outcomes[0] != record.outcomes[1]


def test_prefect_shows_the_coverage_of_each_kind_of_effects(finished: Path) -> None:
    artifact = artifacts_of(finished)[f"levels-{artifact_key('coverage-study')}"]
    rows = json.loads(str(artifact.data))
    assert len(rows) == len(content(finished, "summary.json")["levels"])
    assert artifact.description == "Coverage in per cent over 2 databases"


def test_what_was_lost_comes_out_the_same_on_one_core(finished: Path, studies: Path) -> None:
    """The run did its databases side by side."""
    outcome_folder(SETTINGS, studies).path(1).unlink()
    again = run_study(SETTINGS, 2, root=studies, workers=1)
    assert again.model_dump(mode="json") == content(finished, "outcomes.json")


def test_the_same_study_again_computes_nothing_and_prints_its_report(
    finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(WORDS) == 0
    said = capsys.readouterr().out
    assert said.startswith((finished / "report.txt").read_text(encoding="utf-8"))
    folder = Path(said.rstrip().rpartition("kept in ")[2])
    assert folder != finished
    assert all(step["cached"] for step in content(folder, "manifest.json")["steps"].values())
    assert main(["report", "--json", folder.name]) == 0
    assert capsys.readouterr().out == (folder / "summary.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--databases", "1"], "databases must be greater than or equal to 2, got '1'"),
        (["--databases", "few"], "databases must be a valid integer, got 'few'"),
        (["--seed", "-1"], "seed must be greater than or equal to 0"),
        (["--set", "members=8"], "members must be at least twice replicates, got 8 for 8"),
        (["--set", "replicates=5"], "replicates must be a multiple of 2"),
        (["--set", "truth_members=10"], "truth_members must be greater than or equal to 20"),
        (["--set", "rows=10"], "There is no parameter 'rows'. Parameters are databases, seed,"),
        (["--set", "members"], "--set must be NAME=VALUE, got 'members'."),
    ],
)
def test_bad_input_is_refused_with_one_line(
    words: list[str], message: str, runs_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = set(runs_root.glob("coverage-study/*"))
    assert main(["coverage", *words]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert len(captured.err.splitlines()) == 1
    assert captured.out == ""
    assert set(runs_root.glob("coverage-study/*")) == before


def test_settings_are_the_parameters_without_the_number_of_databases() -> None:
    assert CoverageParameters().settings == Settings()
    parameters = CoverageParameters(databases=9, seed=4, members=32)
    assert parameters.settings == Settings(seed=4, members=32)
