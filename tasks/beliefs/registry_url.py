"""Which database holds the registry of beliefs; passwords stay where they cannot be shown."""

import os
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from tasks.errors import InputError
from tasks.locations import data_folder

VARIABLE = "WHENCE_DATABASE"
FILE = "registry.db"
EXPECTED = "sqlite:////folder/registry.db or postgresql://user:password@host/database"


def database_url() -> URL:
    """The database that ``WHENCE_DATABASE`` names, else ``registry.db`` in the data folder."""
    chosen = os.environ.get(VARIABLE)
    return parse_url(chosen) if chosen else URL.create("sqlite", database=str(data_folder() / FILE))


def parse_url(text: str) -> URL:
    """Read the URL of a registry.

    Parameters
    ----------
    text
        A URL as of SQLAlchemy. The path of an SQLite file may be relative to the working directory.

    Returns
    -------
    sqlalchemy.URL
        With an absolute path or with the driver psycopg. Neither ``str`` nor ``repr`` shows its
        password.

    Raises
    ------
    InputError
        If the URL cannot be read, names another kind of database or none that lasts, could show
        its password, or psycopg is not installed. No message repeats any part of the URL.

    Examples
    --------
    >>> parse_url("postgresql://ann:secret@db.example/whence")
    postgresql+psycopg://ann:***@db.example/whence
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise InputError(f"The URL of the registry cannot be read: give {EXPECTED}.") from None
    match url.drivername:
        case "sqlite" | "sqlite+pysqlite":
            return _sqlite(url)
        case "postgresql" | "postgresql+psycopg":
            return _postgresql(url, text)
    raise InputError(
        f"The registry is kept by SQLite or by PostgreSQL with the driver psycopg: give {EXPECTED}."
    )


def _sqlite(url: URL) -> URL:
    path = url.database or ""
    if not path or path == ":memory:" or path.startswith("file:"):
        raise InputError("A registry in SQLite needs a file that lasts: give sqlite:////its/path.")
    return url.set(database=str(Path(path).absolute()))


def _postgresql(url: URL, text: str) -> URL:
    if text.count("@") > 1 or any("password" in name for name in url.query):
        raise InputError(
            "The password of the registry stands before the only @ of its URL: write any other @ "
            f"as %40, and give {EXPECTED}."
        )
    try:
        import psycopg  # noqa: F401
    except ImportError as error:
        raise InputError(
            "A registry in PostgreSQL needs psycopg: pip install 'whence[postgres]'."
        ) from error
    return url.set(drivername="postgresql+psycopg")
