"""Run a coverage study on all cores: database by database, each outcome kept as it ends."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import cmdstanpy

from tasks.calibration.coverage.records import (
    OutcomeFolder,
    Studied,
    Study,
    StudyRecord,
    outcome_folder,
)
from tasks.calibration.coverage.study import Settings, study_database
from tasks.errors import InputError, RunError
from tasks.parallel import spread
from tasks.progress import track

FEWEST = 2
"""Databases below which nothing can be said of their differences."""


def run_study(
    settings: Settings,
    databases: int,
    *,
    root: Path,
    workers: int,
    study: Study = study_database,
) -> StudyRecord:
    """Study databases 0 to n - 1; what was finished before is not done again.

    Parameters
    ----------
    settings
        Sizes and seed.
    databases
        n, at least 2.
    root
        Folder of the finished outcomes of all studies.
    workers
        Databases that are studied at the same time. The result does not depend on it.
    study
        What is done to each database; a function of a module.

    Raises
    ------
    InputError
        If there are too few databases.
    RunError
        If a process ends while it works; finished outcomes are kept.
    """
    if databases < FEWEST:
        raise InputError(
            f"A coverage study needs at least {FEWEST} databases, got {databases}; 200 are usual."
        )
    folder = outcome_folder(settings, root, study)
    missing = folder.missing(range(databases))
    failed = {}
    finished = _finished(missing, settings, folder, workers, study)
    with cmdstanpy.disable_logging():  # outermost: fits in other threads would switch it on again
        for tried in track(finished, "databases", len(missing)):
            if tried.outcome is None:
                failed[tried.number] = tried
    return StudyRecord(
        settings=settings,
        databases=tuple(
            failed.get(number) or Studied(number=number, outcome=folder.load(number))
            for number in range(databases)
        ),
    )


def _finished(
    missing: Sequence[int], settings: Settings, folder: OutcomeFolder, workers: int, study: Study
) -> Iterator[Studied]:
    """Databases as they end, each outcome kept before it is told."""
    attempt = partial(_try, settings, study)
    for tried in spread(attempt, missing, workers=workers, in_order=False):
        if tried.outcome is not None:
            folder.save(tried.number, tried.outcome)
        yield tried


def _try(settings: Settings, study: Study, number: int) -> Studied:
    try:
        return Studied(number=number, outcome=study(number, settings))
    except (InputError, RunError) as error:
        return Studied(number=number, failure=str(error))
