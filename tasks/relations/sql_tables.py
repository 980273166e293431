"""Tables of a database as Parquet files, and what its catalogue declares."""

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl
from sqlalchemy import (
    URL,
    ColumnClause,
    Connection,
    Engine,
    Executable,
    TableClause,
    column,
    create_engine,
    event,
    exc,
    func,
    inspect,
    quoted_name,
    select,
    table,
)

from tasks.errors import InputError, RunError
from tasks.progress import track
from tasks.relations.catalogue import Catalogue, Wanted, declared_catalogue, refuse_absent
from tasks.relations.duckdb_tables import copy_duckdb, duckdb_catalogue
from tasks.relations.location import shown
from tasks.relations.sql_values import as_column, join_pieces

BATCH = 100_000
"""Rows that are held in memory as Python's objects at a time."""
OPTIONS = {"postgresql": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}}
READ_ONLY = {"mode": "ro", "uri": "true"}
BEFORE_READING = {
    # Rows come in the order in which they are stored, every time.
    "postgresql": ("SET synchronize_seqscans = off", "SET max_parallel_workers_per_gather = 0"),
    # A file that is no database is told so now; a transaction begins.
    "sqlite": ("BEGIN", "SELECT name FROM sqlite_master LIMIT 1"),
}


def read_catalogue(url: URL) -> Catalogue:
    """Tables, columns, primary and foreign keys of a database's default schema.

    Parameters
    ----------
    url
        From `find_location`.

    Raises
    ------
    InputError
        If the database cannot be reached or holds no table.
    RunError
        If it goes away.
    """
    if url.get_backend_name() == "duckdb":
        return duckdb_catalogue(url)
    with _connected(url) as connection, warnings.catch_warnings():
        warnings.simplefilter("ignore", exc.SAWarning)  # of names that it cannot parse
        inspector = inspect(connection)
        names = sorted(inspector.get_table_names())
        if not names:
            raise InputError(f"The database {shown(url)} holds no table in its default schema.")
        columns = {
            name: tuple(entry["name"] for entry in inspector.get_columns(name)) for name in names
        }
        primary = {
            name: tuple(inspector.get_pk_constraint(name)["constrained_columns"]) for name in names
        }
        foreign = [
            (name, key["constrained_columns"], key["referred_table"], key["referred_columns"])
            for name in names
            for key in inspector.get_foreign_keys(name)
        ]
    return declared_catalogue(columns, primary, foreign)


def copy_tables(url: URL, wanted: Wanted, folder: Path) -> dict[str, Path]:
    """Copy tables of a database to Parquet files, all as of one moment.

    Parameters
    ----------
    url
        From `find_location`.
    wanted
        Columns of the tables to copy.
    folder
        Where the files are written to.

    Returns
    -------
    dict of str to pathlib.Path
        The file of each table. Rows are in the order in which the database keeps them.

    Raises
    ------
    InputError
        If the database cannot be reached, or a table or column is not there.
    RunError
        If it goes away, or a table cannot be read to its end.
    """
    files = {name: folder / f"{place}.parquet" for place, name in enumerate(wanted)}
    if url.get_backend_name() == "duckdb":
        copy_duckdb(url, wanted, files)
        return files
    with _connected(url) as connection:
        inspector = inspect(connection)
        there: dict[str, tuple[str, ...]] = dict.fromkeys(inspector.get_table_names(), ())
        for name in wanted:
            if name in there:
                there[name] = tuple(entry["name"] for entry in inspector.get_columns(name))
        refuse_absent(shown(url), wanted, there)
        for name, file in files.items():
            _copy_table(connection, name, wanted[name], file)
    return files


@contextmanager
def _connected(url: URL) -> Iterator[Connection]:
    """One read-only transaction, in which nothing changes."""
    told, backend = shown(url), url.get_backend_name()
    engine = _engine(url, backend)
    reached = False
    try:
        with engine.connect().execution_options(**OPTIONS.get(backend, {})) as connection:
            for statement in BEFORE_READING.get(backend, ()):
                connection.exec_driver_sql(statement)
            reached = True
            yield connection
    except exc.SQLAlchemyError as error:
        what = _first_line(error)
        if not reached:
            raise InputError(f"The database {told} cannot be opened: {what}") from None
        raise RunError(f"The database {told} could not be read to the end: {what}") from None
    finally:
        engine.dispose()


def _engine(url: URL, backend: str) -> Engine:
    if backend == "sqlite":
        url = url.set(database=f"file:{quote(str(url.database))}", query=READ_ONLY)
    try:
        engine = create_engine(url)
    except (exc.NoSuchModuleError, ImportError) as error:
        raise InputError(
            f"No driver for {url.drivername} is installed: pip install 'whence[postgres]' for "
            f"PostgreSQL, else the driver that SQLAlchemy names ({error})."
        ) from error
    if backend == "sqlite":
        event.listen(engine, "connect", _as_written)
    return engine


def _as_written(connection: object, _record: object) -> None:
    """Texts of SQLite that are not in UTF-8 are told, not refused half-way down a table."""
    connection.text_factory = lambda text: text.decode("utf-8", errors="backslashreplace")  # type: ignore[attr-defined]


def _first_line(error: exc.SQLAlchemyError) -> str:
    cause = getattr(error, "orig", None) or error
    return (str(cause).strip() or type(cause).__name__).splitlines()[0]


def _copy_table(connection: Connection, name: str, columns: tuple[str, ...], file: Path) -> None:
    with tempfile.TemporaryDirectory(dir=file.parent) as place:
        pieces: list[Path] = []
        source = table(quoted_name(name, quote=True))
        count = connection.execute(select(func.count()).select_from(source)).scalar_one()
        streaming = connection.execution_options(stream_results=True)
        rows = streaming.execute(_everything(source, columns))
        batches = -(-count // BATCH)
        for part in track(rows.partitions(BATCH), f"{name}, {count:,} rows", batches):
            values = zip(*part, strict=True)
            piece = Path(place) / f"{len(pieces)}.parquet"
            pl.DataFrame(
                [as_column(column, held) for column, held in zip(columns, values, strict=True)]
            ).write_parquet(piece)
            pieces.append(piece)
        if pieces:
            join_pieces(pieces, file)
        else:
            pl.DataFrame(schema=dict.fromkeys(columns, pl.String)).write_parquet(file)


def _everything(source: TableClause, columns: tuple[str, ...]) -> Executable:
    """Names are quoted, whatever they hold."""
    chosen: list[ColumnClause[Any]] = [column(quoted_name(name, quote=True)) for name in columns]
    return select(*chosen).select_from(source)
