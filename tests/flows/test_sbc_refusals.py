"""`whence sbc` refuses bad input with one line that says what to do."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from flows.cli import main
from tasks.bayes.stan_data import data_json
from tasks.calibration.models import simulator_of
from tasks.locations import resource

pytestmark = pytest.mark.usefixtures("prefect_server", "calibrations")

SCHOOLS = resource("stan", "examples", "eight_schools.json")

Said = Callable[..., str]


@pytest.fixture
def refusal(runs_root: Path, capsys: pytest.CaptureFixture[str]) -> Said:
    """What `whence sbc` says as it refuses: one line, and no run that is not there already."""

    def said(*words: object) -> str:
        before = set(runs_root.glob("sbc-*/*/manifest.json"))
        assert main(["sbc", *map(str, words)]) == 2
        assert set(runs_root.glob("sbc-*/*/manifest.json")) == before
        captured = capsys.readouterr()
        assert captured.out == ""
        assert "Traceback" not in captured.err
        assert captured.err.count("whence: ") == 1
        line = captured.err[captured.err.index("whence: ") :]
        assert len(line.splitlines()) == 1
        return line

    return said


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "Name a model to calibrate, or a run to go on with (--resume RUN)."),
        (["schools"], "There is no model 'schools' in stan/: choose one of hierarchical_"),
        (
            ["key_importance", "--simulations", "19"],
            "num_simulations must be greater than or equal to 20, got '19'. Parameters are",
        ),
        (
            ["key_importance", "--simulations", "few"],
            "must be a valid integer, got 'few'",
        ),
        (
            ["key_importance", "--validation", "slow"],
            "'quick', 'comprehensive' or 'posterior', got 'slow'",
        ),
        (["key_importance", "--adapt-delta", "1"], "adapt_delta must be less than 1"),
        (["key_importance", "--seed", "-1"], "seed must be greater than or equal to 0"),
        (["--resume", "1999"], "'1999' names no run in"),
        (
            ["key_importance", "--validation", "posterior"],
            "posterior calibration of key_importance needs the data to calibrate around: give a "
            "JSON file as data (--data FILE.json). Parameters are",
        ),
        (["key_importance", "--data", "/nowhere.json"], "There is no data file '/nowhere.json'."),
        (
            ["key_importance", "--data", SCHOOLS],
            "Data variable 'n' is missing; given: J, integrated, likelihood, mu_mean",
        ),
    ],
)
def test_bad_input_is_refused_with_one_line(
    words: list[object], message: str, refusal: Said
) -> None:
    assert message in refusal(*words)


def test_a_program_without_a_generator_is_refused_with_what_to_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: Said
) -> None:
    (tmp_path / "stan").mkdir()
    (tmp_path / "stan" / "mine.stan").touch()
    monkeypatch.setattr("tasks.calibration.models.resource", tmp_path.joinpath)
    said = refusal("mine")
    assert "The program stan/mine.stan has no generator of parameters and data: write one" in said


def test_data_that_cannot_be_joined_are_refused(tmp_path: Path, refusal: Said) -> None:
    model, rng = simulator_of("intervention_effects"), np.random.default_rng(1)
    path = tmp_path / "effects.json"
    data = model.draw_data(model.draw_parameters(rng), rng)
    path.write_text(data_json(data), encoding="utf-8")
    said = refusal("intervention_effects", "--validation", "posterior", "--data", path)
    assert "intervention_effects.stan do not allow: choose the validation quick or" in said


def test_what_is_refused_leaves_nothing_to_resume(runs_root: Path, refusal: Said) -> None:
    before = set(runs_root.glob("sbc-*/*"))
    refusal("key_importance", "--data", SCHOOLS)
    assert set(runs_root.glob("sbc-*/*")) == before
