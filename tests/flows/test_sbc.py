"""Calibration of a model by itself: what a run leaves, and what it goes on with."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flows.artifact_keys import artifact_key
from flows.cli import main
from flows.local_run import run_locally
from flows.parameters import parse_parameters
from flows.sbc_parameters import SbcParameters
from flows.sbc_validate import sbc_validate
from tasks.calibration.chunk_files import load_simulations
from tasks.calibration.simulations import Simulations
from tasks.locations import resource
from tasks.run_store import RunStore

from .conftest import artifacts_of

pytestmark = pytest.mark.usefixtures("prefect_server", "calibrations")

SCHOOLS = resource("stan", "examples", "eight_schools.json")
FIT = "key_importance, {} simulations"


def run(root: Path, **changes: object) -> Path:
    values: dict[str, object] = {"model_id": "key_importance", "num_simulations": 20} | changes
    return root / run_locally(sbc_validate, parse_parameters(SbcParameters, values))


def manifest(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return content


def cached(folder: Path) -> dict[str, bool]:
    return {title: step["cached"] for title, step in manifest(folder)["steps"].items()}


def simulations(folder: Path) -> Simulations:
    return load_simulations(folder / "simulations.npz")


def chunks(folder: Path) -> dict[Path, int]:
    """When each finished chunk was written, in nanoseconds."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*.npz")}


def printed(said: str) -> Path:
    """The folder of a run, as its command names it at the end."""
    return Path(said.rstrip().rpartition("kept in ")[2])


@pytest.fixture(scope="module")
def finished(runs_root: Path, calibrations: Path) -> Path:
    return run(runs_root)


def test_prefect_shows_a_verdict_a_quantity(finished: Path) -> None:
    key = f"quantities-{artifact_key('sbc-key_importance')}"
    artifact = artifacts_of(finished)[key]
    rows = json.loads(str(artifact.data))
    told = json.loads((finished / "report.json").read_text(encoding="utf-8"))
    assert {row["quantity"] for row in rows} == {one["name"] for one in told["quantities"]}
    assert {row["deviates"] for row in rows} == {"no"}
    assert artifact.description == "key_importance is calibrated"


def test_a_run_leaves_all_its_files(finished: Path) -> None:
    files = {str(path.relative_to(finished)) for path in finished.rglob("*") if path.is_file()}
    plain = {file for file in files if not file.startswith("figures/")}
    assert plain == {
        "parameters.json",
        "simulations.npz",
        "report.txt",
        "report.json",
        "report.html",
        "manifest.json",
    }
    assert len(files - plain) >= 2
    found = manifest(finished)
    assert set(found["digests"]) == files - {"manifest.json"}
    assert found["domain"] == "sbc-key_importance"
    assert found["task"] == "comprehensive, 20 simulations"
    assert simulations(finished).ranks.shape[0] == 20


def test_the_same_parameters_again_compute_nothing(finished: Path, runs_root: Path) -> None:
    again = run(runs_root)
    assert again != finished
    assert cached(again) == {FIT.format(20): True, "report": True}
    assert manifest(again)["digests"] == manifest(finished)["digests"]


def test_more_simulations_extend_those_that_are_there(
    finished: Path, runs_root: Path, calibrations: Path
) -> None:
    before = chunks(calibrations)
    more = run(runs_root, num_simulations=40)
    after = chunks(calibrations)
    assert {path: after[path] for path in before} == before
    assert len(after) == len(before) + 2
    assert cached(more) == {FIT.format(40): False, "report": False}
    ranks = simulations(more).ranks
    assert ranks.shape[0] == 40
    np.testing.assert_array_equal(ranks[:20], simulations(finished).ranks)


def test_another_seed_is_another_calibration(finished: Path, runs_root: Path) -> None:
    other = run(runs_root, seed=2)
    assert (simulations(other).ranks != simulations(finished).ranks).mean() > 0.5


def test_the_command_prints_the_report_and_where_it_is_kept(
    finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sbc", "key_importance", "--simulations", "20"]) == 0
    said = capsys.readouterr().out
    folder = printed(said)
    assert said.startswith((folder / "report.txt").read_text(encoding="utf-8"))
    assert said.endswith(f"Run {folder.name}, kept in {folder}/\n")
    assert folder != finished
    assert all(cached(folder).values())


@pytest.fixture
def killed(finished: Path) -> Iterator[Path]:
    """The folder of a run that was killed as it began."""
    folder = finished.with_name("2001-01-01T00-00-00-aaaaaa")
    folder.mkdir()
    shutil.copy(finished / "parameters.json", folder)
    yield folder
    shutil.rmtree(folder)


def test_a_killed_run_goes_on_and_ends_as_one_that_was_not(
    finished: Path, killed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sbc", "--resume", "2001"]) == 0
    assert manifest(printed(capsys.readouterr().out))["digests"] == manifest(finished)["digests"]


def test_a_run_is_extended_by_its_name(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["key_importance", "--resume", finished.name, "--simulations", "30"]
    assert main(["sbc", *words]) == 0
    ranks = simulations(printed(capsys.readouterr().out)).ranks
    assert ranks.shape[0] == 30
    np.testing.assert_array_equal(ranks[:20], simulations(finished).ranks)


def test_a_run_is_not_resumed_as_one_of_another_model(
    finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sbc", "intervention_effects", "--resume", finished.name]) == 2
    said = capsys.readouterr().err
    assert "calibrates key_importance, not intervention_effects: leave the model out." in said


def test_a_calibration_around_a_posterior_draws_from_it_and_goes_on_without_its_file(
    runs_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = tmp_path / "학교.json"
    shutil.copy(SCHOOLS, given)
    words = ["--validation", "posterior", "--data", str(given), "--simulations", "20"]
    assert main(["sbc", "hierarchical_noncentered", *words]) == 0
    done = printed(capsys.readouterr().out)
    ranks = simulations(done).ranks
    assert ranks.shape[0] == 20
    assert simulations(done).is_fitted.all()
    prior = simulations(run(runs_root, model_id="hierarchical_noncentered"))
    mu = prior.names.index("mu")
    assert simulations(done).truth[:, mu].std() < 0.7 * prior.truth[:, mu].std()
    given.write_text("{}", encoding="utf-8")
    assert main(["sbc", "--resume", done.name]) == 0
    resumed = printed(capsys.readouterr().out)
    assert resumed != done
    np.testing.assert_array_equal(simulations(resumed).ranks, ranks)
    assert (resumed / "data.json").read_bytes() == (done / "data.json").read_bytes()


def test_runs_and_report_know_calibrations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WHENCE_RUNS", str(tmp_path / "runs"))
    earlier, store = "shops/2001-01-01T00-00-00-aaaaaa", RunStore.current()
    values = {"domain": "shops", "task": "x", "parameters": {"seed": 7}, "seconds": 3}
    store.publish(earlier, {"manifest.json": store.save_text("manifest.json", json.dumps(values))})
    last = run(tmp_path / "runs", validation_type="quick")
    assert main(["runs"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == "2001-01-01T00-00-00-aaaaaa  shops  x  seed 7  3 s"
    known = rf"{last.name}  sbc-key_importance  quick, 20 simulations  seed 1  \d+ s"
    assert re.fullmatch(known, second)
    for words, name in (([], "report.txt"), (["--json", last.name], "report.json")):
        assert main(["report", *words]) == 0
        assert capsys.readouterr().out == (last / name).read_text(encoding="utf-8")
