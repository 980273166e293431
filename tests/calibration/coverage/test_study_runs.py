"""A study that is killed goes on; one of more databases extends one of fewer; failures are told."""

from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
import pytest

from tasks.calibration.coverage.records import OutcomeFolder, Studied, outcome_folder
from tasks.calibration.coverage.run import run_study
from tasks.calibration.coverage.study import Outcome, Settings
from tasks.errors import InputError, RunError
from tasks.progress import Progress, listening

from .conftest import TINY, draw_outcome


class Counted:
    """Stands for `study_database`; remembers what it was asked, fails where it is told to."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.fails: dict[int, BaseException] = {}

    def __call__(self, number: int, settings: Settings) -> Outcome:
        self.asked.append(number)
        if number in self.fails:
            raise self.fails[number]
        return draw_outcome(np.random.default_rng([settings.seed, number]), 1.0, 0.0)


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch) -> Counted:
    counted = Counted()
    monkeypatch.setattr("tasks.calibration.coverage.run.study_database", counted)
    return counted


def test_a_killed_study_goes_on_where_it_stopped(study: Counted, tmp_path: Path) -> None:
    whole = run_study(TINY, 5, root=tmp_path / "whole", workers=1)
    study.asked, study.fails = [], {3: KeyboardInterrupt()}
    with pytest.raises(KeyboardInterrupt):
        run_study(TINY, 5, root=tmp_path / "killed", workers=1)
    study.asked, study.fails = [], {}
    assert run_study(TINY, 5, root=tmp_path / "killed", workers=1) == whole
    assert study.asked == [3, 4]


def test_more_databases_extend_what_is_there(study: Counted, tmp_path: Path) -> None:
    four = run_study(TINY, 4, root=tmp_path, workers=1)
    six = run_study(TINY, 6, root=tmp_path, workers=1)
    assert study.asked == [0, 1, 2, 3, 4, 5]
    assert six.databases[:4] == four.databases
    assert run_study(TINY, 4, root=tmp_path, workers=1) == four
    assert len(study.asked) == 6


def test_other_settings_are_another_study(study: Counted, tmp_path: Path) -> None:
    one = run_study(TINY, 2, root=tmp_path, workers=1)
    other = run_study(TINY.model_copy(update={"seed": 2}), 2, root=tmp_path, workers=1)
    assert study.asked == [0, 1, 0, 1]
    assert other.outcomes != one.outcomes
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("kind", [InputError, RunError])
def test_a_failure_is_told_with_its_reason_and_tried_again(
    kind: type[Exception], study: Counted, tmp_path: Path
) -> None:
    study.fails = {1: kind("The range has too few rows.")}
    found = run_study(TINY, 3, root=tmp_path, workers=1)
    assert found.databases[1] == Studied(number=1, failure="The range has too few rows.")
    assert [of.number for of in found.databases] == [0, 1, 2]
    assert len(found.outcomes) == 2
    study.asked, study.fails = [], {}
    assert run_study(TINY, 3, root=tmp_path, workers=1).outcomes[0] == found.outcomes[0]
    assert study.asked == [1]


def test_an_error_of_the_program_is_no_failure_of_a_database(
    study: Counted, tmp_path: Path
) -> None:
    study.fails = {0: ZeroDivisionError()}
    with pytest.raises(ZeroDivisionError):
        run_study(TINY, 2, root=tmp_path, workers=1)


def test_a_process_that_ends_is_told_and_nothing_finished_is_lost(
    study: Counted, tmp_path: Path
) -> None:
    study.fails = {2: BrokenProcessPool()}
    with pytest.raises(RunError, match="outcomes that are finished are kept"):
        run_study(TINY, 3, root=tmp_path, workers=1)
    assert outcome_folder(TINY, tmp_path).missing(range(3)) == [2]


def test_progress_counts_the_databases_that_are_missing(study: Counted, tmp_path: Path) -> None:
    run_study(TINY, 2, root=tmp_path, workers=1)
    told: list[Progress] = []
    with listening(told.append):
        run_study(TINY, 5, root=tmp_path, workers=1)
    assert [(of.label, of.done, of.total) for of in told] == [
        ("databases", done, 3) for done in range(4)
    ]


def test_one_database_is_refused(study: Counted, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least 2 databases, got 1"):
        run_study(TINY, 1, root=tmp_path, workers=1)
    assert not study.asked


def test_what_was_half_written_is_not_taken(study: Counted, tmp_path: Path) -> None:
    folder = OutcomeFolder(tmp_path)
    outcome = study(7, TINY)
    folder.save(7, outcome)
    (tmp_path / "00000008.123.unfinished").write_text("{", encoding="utf-8")
    assert folder.missing(range(7, 9)) == [8]
    assert folder.load(7) == outcome
