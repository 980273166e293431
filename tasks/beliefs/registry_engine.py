"""Connections to the registry: writers queue, and what the database refuses is told in a sentence.

A transaction that decides by what it reads is the only one of its kind until it commits: in SQLite
by the lock of any writer, in PostgreSQL by an advisory lock. So two of them cannot both win.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from tasks.errors import InputError, RunError

if TYPE_CHECKING:
    import psycopg

PATIENCE = 60
"""Seconds that a writer waits for others."""
Mode = Literal["reading", "adding", "deciding"]
"""Of a transaction; only one that decides depends on rows that others could add meanwhile."""
MODE = "registry_mode"
ADVISORY_LOCK = int.from_bytes(b"whence")


class RefusedRowError(RunError):
    """A row breaks a rule of its table, such as a foreign key."""


def make_engine(url: URL) -> Engine:
    """An engine for a database of either kind; nothing is connected yet.

    Parameters
    ----------
    url
        As of `tasks.beliefs.registry_url.parse_url`.

    References
    ----------
    The documentation of SQLAlchemy, dialect SQLite, "Using SQLAlchemy to emit BEGIN in lieu of
    SQLite's transaction control". That of SQLite, "Write-Ahead Logging" and "BEGIN IMMEDIATE".
    That of PostgreSQL, section 13.3.5, "Advisory Locks".
    """
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": PATIENCE})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_in_sqlite)
    else:
        engine = create_engine(url, pool_pre_ping=True)
        event.listen(engine, "connect", _prepare_postgresql)
        event.listen(engine, "begin", _begin_in_postgresql)
    return engine


def in_mode(engine: Engine, mode: Mode) -> Engine:
    """The same engine for transactions of one mode."""
    return engine.execution_options(**{MODE: mode})


@contextmanager
def plain_errors(url: URL) -> Iterator[None]:
    """Say in one sentence, without a password, what the database refused.

    Raises
    ------
    InputError
        If no database could hold such a value.
    RefusedRowError
        If a row breaks a rule of its table.
    RunError
        If the database cannot be reached or used.
    """
    try:
        yield
    except (DataError, OverflowError, UnicodeEncodeError) as error:
        raise InputError(f"The registry cannot hold such a value: {_words(error)}.") from error
    except IntegrityError as error:
        raise RefusedRowError(f"The registry {url} refuses a row: {_words(error)}.") from error
    except DBAPIError as error:
        raise RunError(f"The registry {url} cannot be used: {_words(error)}.") from error


def _words(error: Exception) -> str:
    told = error.orig if isinstance(error, DBAPIError) else error
    return " ".join(str(told).split()).rstrip(".")


def _prepare_sqlite(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # BEGIN is emitted below, not by the driver
    connection.execute("PRAGMA foreign_keys = ON")


def _begin_in_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN" if _mode(connection) == "reading" else "BEGIN IMMEDIATE")


def _prepare_postgresql(
    connection: "psycopg.Connection[tuple[object, ...]]", _: ConnectionPoolEntry
) -> None:
    connection.execute(f"SET lock_timeout = '{PATIENCE}s'".encode())
    connection.commit()


def _begin_in_postgresql(connection: Connection) -> None:
    if _mode(connection) == "deciding":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})")


def _mode(connection: Connection) -> Mode:
    mode: Mode = connection.get_execution_options().get(MODE, "reading")
    return mode
