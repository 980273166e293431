"""Tables of a DuckDB file as Parquet files, written by DuckDB itself."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL

from tasks.errors import InputError, RunError
from tasks.progress import track
from tasks.relations.catalogue import (
    Catalogue,
    Wanted,
    by_table,
    declared_catalogue,
    refuse_absent,
)
from tasks.relations.location import shown

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

PLAIN = (
    *("BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT"),
    *("UINTEGER", "UBIGINT", "FLOAT", "DOUBLE", "VARCHAR", "DATE", "TIMESTAMP", "TIMESTAMP_S"),
    *("TIMESTAMP_MS", "TIMESTAMP_NS"),
)
"""Types that Parquet and Polars know as they are; all else is told as a number or a text."""

MAGIC = slice(8, 12)
"""Where a DuckDB file says what it is."""
# Nothing is fetched from anywhere to open a file that is none of DuckDB's.
CLOSED: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}


def duckdb_catalogue(url: URL) -> Catalogue:
    """Tables, columns, primary and foreign keys of a DuckDB file.

    Raises
    ------
    InputError
        If it cannot be opened or holds no table.
    """
    with _opened(url) as connection:
        columns = by_table((name, column) for name, column, _ in _columns(connection))
        if not columns:
            raise InputError(f"The database {shown(url)} holds no table.")
        keys = connection.execute(
            "SELECT table_name, constraint_type, constraint_column_names, referenced_table, "
            "referenced_column_names FROM duckdb_constraints() WHERE schema_name = "
            "current_schema() AND constraint_type IN ('PRIMARY KEY', 'FOREIGN KEY') ORDER BY ALL"
        ).fetchall()
    primary = {name: tuple(own) for name, kind, own, _, _ in keys if kind == "PRIMARY KEY"}
    foreign = [(name, *key) for name, kind, *key in keys if kind == "FOREIGN KEY"]
    return declared_catalogue(columns, primary, foreign)


def copy_duckdb(url: URL, wanted: Wanted, files: Mapping[str, Path]) -> None:
    """Copy tables to Parquet files, all as of one moment.

    Parameters
    ----------
    url
        Of the DuckDB file.
    wanted
        Columns of the tables to copy.
    files
        The file to write of each table.
    """
    with _opened(url) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("BEGIN TRANSACTION")
        types = {(name, column): kind for name, column, kind in _columns(connection)}
        refuse_absent(shown(url), wanted, by_table(types))
        for name, file in track(files.items(), "tables", len(files)):
            told = ", ".join(_told(column, types[name, column]) for column in wanted[name])
            connection.execute(
                f"COPY (SELECT {told} FROM {_quoted(name)}) TO '{_escaped(str(file))}' "  # noqa: S608
                "(FORMAT parquet)"
            )


@contextmanager
def _opened(url: URL) -> "Iterator[DuckDBPyConnection]":
    try:
        import duckdb
    except ImportError as error:
        raise InputError("A DuckDB file needs duckdb: pip install 'whence[duckdb]'.") from error
    with Path(str(url.database)).open("rb") as file:
        if file.read(MAGIC.stop)[MAGIC] != b"DUCK":
            raise InputError(f"The file of {shown(url)} is no database of DuckDB.")
    try:
        connection = duckdb.connect(str(url.database), read_only=True, config=CLOSED)
    except duckdb.Error as error:
        raise InputError(
            f"The database {shown(url)} cannot be opened: {_first_line(error)}"
        ) from error
    try:
        yield connection
    except duckdb.Error as error:
        raise RunError(
            f"The database {shown(url)} could not be read to the end: {_first_line(error)}"
        ) from error
    finally:
        connection.close()


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _columns(connection: "DuckDBPyConnection") -> list[tuple[Any, ...]]:
    return connection.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE schema_name = "
        "current_schema() AND database_name = current_database() AND NOT internal AND table_name "
        "IN (SELECT table_name FROM duckdb_tables() WHERE schema_name = current_schema()) "
        "ORDER BY table_name, column_index"
    ).fetchall()


def _told(column: str, kind: str) -> str:
    name = _quoted(column)
    if kind in PLAIN:
        return name
    if kind.startswith("DECIMAL"):
        return f"CAST({name} AS DOUBLE) AS {name}"
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"CAST({name} AS TIMESTAMP) AS {name}"
    return f"CAST({name} AS VARCHAR) AS {name}"


def _quoted(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def _escaped(text: str) -> str:
    return text.replace("'", "''")
