"""Where tables lie: in a folder, or in a database whose password nobody is shown."""

import os
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from tasks.domain_sources import BLOCK, ENVIRONMENT, FILE_DATABASES, is_database
from tasks.errors import InputError

EXPECTED = "sqlite:////folder/file.db, duckdb:////folder/file.duckdb or postgresql://host/database"
HIDING = (
    "put the whole URL into an environment variable and give env:ITS_NAME, or into a Secret block "
    "of Prefect and give block:ITS-NAME"
)


def refuse_password(text: str) -> None:
    """Refuse a location that holds a password: locations are shown and kept.

    Raises
    ------
    InputError
        If it is a URL with a password. The message does not repeat it.
    """
    if "://" in text and _holds_password(_url(text, "The location"), text):
        raise InputError(f"A location must hold no password, as it is shown and kept: {HIDING}.")


def refuse_block(name: str) -> str:
    """Where no block can be read."""
    raise InputError(f"The block {name!r} can be read by `whence` and in runs only.")


def find_location(text: str, read_block: Callable[[str], str]) -> Path | URL:
    """The folder or database that a location names.

    Parameters
    ----------
    text
        A folder, a URL without a password, ``env:NAME`` or ``block:NAME``.
    read_block
        Gives what a Prefect block of a name holds.

    Returns
    -------
    pathlib.Path or sqlalchemy.URL
        Tell a URL by `shown`.

    Raises
    ------
    InputError
        If the variable is not set, or what should be a URL is none, holds a password where it is
        shown, or names a file that is not there. No message repeats a secret.

    Examples
    --------
    >>> find_location("postgresql://ann@db.example/sales", str)
    postgresql+psycopg://ann@db.example/sales
    """
    if not is_database(text):
        return Path(text)
    refuse_password(text)
    if text.startswith(ENVIRONMENT):
        name = text.removeprefix(ENVIRONMENT)
        held = os.environ.get(name)
        if not held:
            raise InputError(
                f"The environment variable {name!r} must hold the URL of a database, such as "
                f"{EXPECTED}; it is not set."
            )
        return _opened(_url(held, f"The URL in the environment variable {name!r}"))
    if text.startswith(BLOCK):
        name = text.removeprefix(BLOCK)
        return _opened(_url(read_block(name), f"The URL in the block {name!r}"))
    return _opened(_url(text, "The location"))


def shown(url: URL) -> str:
    """A URL as it may be told and kept: without its password and its options.

    Examples
    --------
    >>> shown(make_url("postgresql://ann:secret@db.example/sales?sslpassword=x"))
    'postgresql://ann:***@db.example/sales'
    """
    if url.get_backend_name() in FILE_DATABASES:
        return f"{url.get_backend_name()}:///{url.database}"
    return url.set(query={}).render_as_string(hide_password=True)


def _url(text: str, what: str) -> URL:
    try:
        return make_url(text)
    except (ArgumentError, ValueError):
        raise InputError(f"{what} cannot be read as a URL: give {EXPECTED}.") from None


def _holds_password(url: URL, text: str) -> bool:
    authority = text.partition("://")[2].partition("/")[0].rpartition("@")[0]
    in_query = any("pass" in name.lower() or "secret" in name.lower() for name in url.query)
    return bool(url.password or authority.partition(":")[2]) or in_query


def _opened(url: URL) -> URL:
    """The URL with psycopg as PostgreSQL's driver, and with an absolute path of a file."""
    backend = url.get_backend_name()
    if backend == "postgresql" and "+" not in url.drivername:
        return url.set(drivername="postgresql+psycopg")
    if backend not in FILE_DATABASES:
        return url
    path = Path(url.database or "").absolute()
    if not path.is_file():
        raise InputError(f"There is no database in the file {str(path)!r}.")
    return url.set(database=str(path))
