"""A study that is killed goes on; one of more databases extends one of fewer; failures are told."""

import os
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from tasks.calibration.coverage.records import OutcomeFolder, Studied, outcome_folder
from tasks.calibration.coverage.run import run_study
from tasks.calibration.coverage.study import Outcome, Settings
from tasks.errors import InputError, RunError
from tasks.progress import Progress, listening

from .conftest import TINY, draw_outcome

asked: list[int] = []
"""Databases that `small_study` was given in this process."""
fails: dict[int, BaseException] = {}
"""What it raises, by database."""


def small_study(number: int, settings: Settings) -> Outcome:
    """Draws an outcome, and fails where it is told to."""
    asked.append(number)
    if number in fails:
        raise fails[number]
    return draw_outcome(np.random.default_rng([settings.seed, number]), 1.0, 0.0)


def shifted_study(number: int, settings: Settings) -> Outcome:
    return draw_outcome(np.random.default_rng([settings.seed, number]), 1.0, 1.0)


def ending_study(number: int, settings: Settings) -> Outcome:
    """Ends its process at the last database, as a kernel does that has no memory left."""
    if number > 4:
        os._exit(1)
    return small_study(number, settings)


run_small = partial(run_study, workers=1, study=small_study)


@pytest.fixture(autouse=True)
def nothing_was_asked_and_nothing_fails() -> None:
    asked.clear()
    fails.clear()


def test_a_killed_study_goes_on_where_it_stopped(tmp_path: Path) -> None:
    whole = run_small(TINY, 5, root=tmp_path / "whole")
    fails[3] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        run_small(TINY, 5, root=tmp_path / "killed")
    fails.clear()
    asked.clear()
    assert run_small(TINY, 5, root=tmp_path / "killed") == whole
    assert asked == [3, 4]


def test_more_databases_extend_what_is_there(tmp_path: Path) -> None:
    four = run_small(TINY, 4, root=tmp_path)
    six = run_small(TINY, 6, root=tmp_path)
    assert asked == [0, 1, 2, 3, 4, 5]
    assert six.databases[:4] == four.databases
    assert run_small(TINY, 4, root=tmp_path) == four
    assert len(asked) == 6


def test_other_settings_are_another_study(tmp_path: Path) -> None:
    one = run_small(TINY, 2, root=tmp_path)
    other = run_small(TINY.model_copy(update={"seed": 2}), 2, root=tmp_path)
    assert asked == [0, 1, 0, 1]
    assert other.outcomes != one.outcomes
    assert len(list(tmp_path.iterdir())) == 2


def test_other_code_is_another_study(tmp_path: Path) -> None:
    one = run_small(TINY, 2, root=tmp_path)
    other = run_study(TINY, 2, root=tmp_path, workers=1, study=shifted_study)
    assert [of.effects[0].mean for of in other.outcomes] == pytest.approx(
        [of.effects[0].mean + 1 for of in one.outcomes]
    )
    folders = {outcome_folder(TINY, tmp_path, of).folder for of in (small_study, shifted_study)}
    assert folders == set(tmp_path.iterdir())
    assert outcome_folder(TINY, tmp_path).folder not in folders  # that of the databases' own code


def test_other_processes_give_the_same_outcomes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = run_small(TINY, 4, root=tmp_path / "here")
    asked.clear()
    monkeypatch.setenv("WHENCE_RUNNER", "processes")
    there = run_study(TINY, 4, root=tmp_path / "there", workers=2, study=small_study)
    assert there == here
    assert not asked


@pytest.mark.parametrize("kind", [InputError, RunError])
def test_a_failure_is_told_with_its_reason_and_tried_again(
    kind: type[Exception], tmp_path: Path
) -> None:
    fails[1] = kind("The range has too few rows.")
    found = run_small(TINY, 3, root=tmp_path)
    assert found.databases[1] == Studied(number=1, failure="The range has too few rows.")
    assert [of.number for of in found.databases] == [0, 1, 2]
    assert len(found.outcomes) == 2
    fails.clear()
    asked.clear()
    assert run_small(TINY, 3, root=tmp_path).outcomes[0] == found.outcomes[0]
    assert asked == [1]


def test_an_error_of_the_program_is_no_failure_of_a_database(tmp_path: Path) -> None:
    fails[0] = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        run_small(TINY, 2, root=tmp_path)


def test_what_is_finished_before_a_process_ends_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHENCE_RUNNER", "processes")
    with pytest.raises(RunError, match=r"A worker process was killed.*steps are kept"):
        run_study(TINY, 6, root=tmp_path, workers=2, study=ending_study)
    missing = outcome_folder(TINY, tmp_path, ending_study).missing(range(6))
    assert missing[-1] == 5
    assert len(missing) < 5


def test_progress_counts_the_databases_that_are_missing(tmp_path: Path) -> None:
    run_small(TINY, 2, root=tmp_path)
    told: list[Progress] = []
    with listening(told.append):
        run_small(TINY, 5, root=tmp_path)
    assert [(of.label, of.done, of.total) for of in told] == [
        ("databases", done, 3) for done in range(4)
    ]


def test_one_database_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least 2 databases, got 1"):
        run_small(TINY, 1, root=tmp_path)
    assert not asked


def test_what_was_half_written_is_not_taken(tmp_path: Path) -> None:
    folder = OutcomeFolder(tmp_path)
    outcome = small_study(7, TINY)
    folder.save(7, outcome)
    (tmp_path / "00000008.123.unfinished").write_text("{", encoding="utf-8")
    assert folder.missing(range(7, 9)) == [8]
    assert folder.load(7) == outcome
