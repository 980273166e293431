"""Copies of the databases of a service, made while they are in use, and put back."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL

from flows.installation.postgresql import dump, load
from tasks.errors import RunError
from tasks.whole_files import whole_file

PATIENCE = 60
MOST_KEPT = 5
SIDES = ("-wal", "-shm", "-journal")


@dataclass(frozen=True)
class Database:
    """One of the databases of a service.

    Attributes
    ----------
    name
        Of its copies.
    url
        Where it is: SQLite or PostgreSQL.
    """

    name: str
    url: URL

    @property
    def file(self) -> Path | None:
        """Its file; None in PostgreSQL."""
        is_file = self.url.get_backend_name() == "sqlite"
        return Path(str(self.url.database)) if is_file else None

    def copy_in(self, folder: Path) -> Path:
        """Its copy in a folder."""
        return folder / (f"{self.name}.db" if self.file else f"{self.name}.dump")

    def copy(self, folder: Path) -> None:
        """Copy what is there; what was never used leaves no copy.

        Raises
        ------
        RunError
            If it cannot be copied.
        """
        if self.file is None:
            dump(self.url, self.copy_in(folder))
        elif self.file.is_file():
            copy_sqlite(self.file, self.copy_in(folder))

    def put_back(self, folder: Path) -> None:
        """Make it what its copy in a folder is; nobody may use it meanwhile.

        Raises
        ------
        RunError
            If that is not possible.
        """
        copy = self.copy_in(folder)
        if self.file is None:
            load(copy, self.url)
        elif copy.is_file():
            with whole_file(self.file) as unfinished:
                shutil.copyfile(copy, unfinished)
                for side in SIDES:
                    Path(f"{self.file}{side}").unlink(missing_ok=True)


def copy_sqlite(file: Path, copy: Path) -> None:
    """Copy a database of SQLite as it is at one moment, whoever writes to it.

    Raises
    ------
    RunError
        If it cannot be read.

    References
    ----------
    The documentation of SQLite, "Using the SQLite Online Backup API".
    """
    try:
        with (
            whole_file(copy) as unfinished,
            closing(sqlite3.connect(file, timeout=PATIENCE)) as source,
            closing(sqlite3.connect(unfinished)) as target,
        ):
            source.backup(target)
            target.execute("PRAGMA journal_mode = DELETE")  # one file, whole on its own
    except sqlite3.Error as error:
        raise RunError(f"{file} cannot be copied: {error}.") from error


def prune(backups: Path) -> None:
    """Keep the copies of the last `MOST_KEPT` releases."""
    for old in sorted(path for path in backups.iterdir() if path.is_dir())[:-MOST_KEPT]:
        shutil.rmtree(old)
