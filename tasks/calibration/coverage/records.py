"""Outcomes on disk, whole or not at all, so that a killed study goes on where it stopped."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from tasks.bayes.digests import digest_of
from tasks.calibration.coverage.study import Outcome, Settings, study_database
from tasks.locations import cache_folder
from tasks.source_digest import code_digest
from tasks.whole_files import whole_file

Study = Callable[[int, Settings], Outcome]
"""Gives the outcome of a database from its number and the settings."""


class Studied(BaseModel):
    """A database of a study.

    Attributes
    ----------
    number
        Of the database, from 0.
    outcome
        What it gave; None where it failed.
    failure
        Why it failed; None where it did not.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int
    outcome: Outcome | None = None
    failure: str | None = None


class StudyRecord(BaseModel):
    """All databases of a study, by their numbers.

    Attributes
    ----------
    settings
        Sizes and seed.
    databases
        Those that gave an outcome, and those that failed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    settings: Settings
    databases: tuple[Studied, ...]

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """Of the databases that did not fail."""
        return tuple(of.outcome for of in self.databases if of.outcome is not None)


@dataclass(frozen=True)
class OutcomeFolder:
    """The outcomes of all databases with the same settings and code.

    A failure is not kept: the database is tried again when the study goes on.

    Attributes
    ----------
    folder
        Of nothing else.
    """

    folder: Path

    def path(self, number: int) -> Path:
        """File of the outcome of a database."""
        return self.folder / f"{number:08d}.json"

    def missing(self, numbers: Iterable[int]) -> list[int]:
        """Those of the databases that are not finished yet."""
        return [number for number in numbers if not self.path(number).exists()]

    def save(self, number: int, outcome: Outcome) -> None:
        """Keep a finished outcome."""
        with whole_file(self.path(number)) as unfinished:
            unfinished.write_text(outcome.model_dump_json(), encoding="utf-8")

    def load(self, number: int) -> Outcome:
        """The outcome of a finished database."""
        return Outcome.model_validate_json(self.path(number).read_text(encoding="utf-8"))


def studies_folder() -> Path:
    """Where the finished outcomes of all studies of this machine lie."""
    return cache_folder() / "coverage-studies"


def outcome_folder(settings: Settings, root: Path, study: Study = study_database) -> OutcomeFolder:
    """Where a study's outcomes lie below the folder of all, whoever began it.

    Parameters
    ----------
    settings
        With the code, they decide each outcome; the number of databases does not.
    root
        Folder of all studies.
    study
        Whose code that is.
    """
    digest = digest_of(settings.model_dump_json(), code_digest(study))
    return OutcomeFolder(root / digest[:32])
