"""Read a domain's tables as its contract types them; what cannot be read is marked, not lost."""

import tempfile
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import polars as pl
from sqlalchemy import URL

from tasks.domain import Column, DemoSource, Dialect, Domain, FolderSource, Table
from tasks.errors import InputError
from tasks.folder_names import MOST_BYTES, folder_name
from tasks.relations.csv_files import read_csv
from tasks.relations.demo import generate_demo
from tasks.relations.location import find_location, refuse_block
from tasks.relations.sql_tables import copy_tables
from tasks.relations.sql_values import simple_column
from tasks.relations.typed_values import read_values

FILE_KINDS: tuple[Literal["parquet", "csv"], ...] = ("parquet", "csv")


@dataclass(frozen=True)
class TableData:
    """A table as read.

    Attributes
    ----------
    frame
        The contract's columns in its order: Int64, Float64, String (category, text), Boolean or
        Datetime in microseconds. Missing markers are null.
    unreadable
        Beside it, the same shape, Boolean: a value was there but not of the column's type.
    """

    frame: pl.DataFrame
    unreadable: pl.DataFrame


def read_tables(contract: Domain, location: Path | URL | None = None) -> dict[str, TableData]:
    """Read every table of a domain.

    Parameters
    ----------
    contract
        Names tables, columns, types and missing markers.
    location
        The folder or database that holds the tables; the contract's own if None.

    Returns
    -------
    dict of str to TableData
        In the contract's order. Rows are in the order of the file or database.

    Raises
    ------
    InputError
        If the folder, a file or a column is missing, or a file cannot be read at all.
    RunError
        If a database goes away.
    """
    with tempfile.TemporaryDirectory(prefix="whence-") as place:
        return type_tables(contract, source_files(contract, location, Path(place)))


def type_tables(contract: Domain, files: Mapping[str, Path]) -> dict[str, TableData]:
    """Read every table of a domain from its file.

    Parameters
    ----------
    contract
        Names tables, columns, types and missing markers.
    files
        From `source_files`; none where the tables are generated.
    """
    source = contract.source
    if isinstance(source, DemoSource):
        generated = generate_demo(source.documents, source.seed).tables
        return {
            name: _type_table(generated[name], f"The demo's table {name}", table)
            for name, table in contract.tables.items()
        }
    dialect = source.dialect if isinstance(source, FolderSource) else Dialect()
    return {
        name: _type_table(
            read_file(files[name], table.columns, dialect), str(files[name]), table, dialect.decimal
        )
        for name, table in contract.tables.items()
    }


def given_location(
    contract: Domain, given: str | None, read_block: Callable[[str], str]
) -> Path | URL | None:
    """The folder or database of a domain: the one given, else the contract's own.

    Parameters
    ----------
    contract
        The domain.
    given, read_block
        As of `find_location`.
    """
    own = None if isinstance(contract.source, DemoSource) else contract.source.location
    text = given or own
    return find_location(text, read_block) if text else None


def source_files(contract: Domain, location: Path | URL | None, folder: Path) -> dict[str, Path]:
    """The file of each table, in the contract's order; none where the tables are generated.

    Parameters
    ----------
    contract, location
        As for `read_tables`.
    folder
        Where tables of a database are copied to.

    Raises
    ------
    InputError
        If the folder or a file is missing, or a location is given for generated tables.
    RunError
        If a database goes away.
    """
    source = contract.source
    if isinstance(source, DemoSource):
        if location is not None:
            raise InputError(f"The tables of {contract.name} are generated: give no --source.")
        return {}
    location = location or given_location(contract, None, refuse_block)
    if location is None:
        raise InputError(
            f"The contract of {contract.name} does not say where its tables lie: give a folder or "
            "a database with --source."
        )
    if isinstance(location, URL):
        wanted = {name: tuple(table.columns) for name, table in contract.tables.items()}
        return copy_tables(location, wanted, folder)
    return _files_in(contract, location)


def _files_in(contract: Domain, folder: Path) -> dict[str, Path]:
    """Files of the kind that the contract says; of the other one where there are only these."""
    if not folder.is_dir():
        raise InputError(
            f"The source of {contract.name} must be a folder or a database, got {str(folder)!r}."
        )
    for name in contract.tables:
        if folder_name(name) != name:
            raise InputError(
                f"Table {name!r:.60} cannot be a file of a folder: give it a name of at most "
                f"{MOST_BYTES} bytes without slashes and control characters."
            )
    said = "parquet" if contract.source.kind == "sql" else contract.source.kind
    kinds = (said, *(kind for kind in FILE_KINDS if kind != said))
    files = [{name: folder / f"{name}.{kind}" for name in contract.tables} for kind in kinds]
    of_kind = next((found for found in files if any(map(Path.is_file, found.values()))), files[0])
    for name, path in of_kind.items():
        if not path.is_file():
            raise InputError(f"Table {name} must be the file {str(path)!r}, which is missing.")
    return of_kind


def _type_table(raw: pl.DataFrame, place: str, table: Table, decimal: str = ".") -> TableData:
    absent = [column for column in table.columns if column not in raw.columns]
    if absent:
        raise InputError(
            f"{place} must have the column(s) {', '.join(absent)}; it has {', '.join(raw.columns)}."
        )
    if raw.is_empty():
        raise InputError(f"{place} must hold at least one row, got none.")
    typed, unreadable = {}, {}
    for column, entry in table.columns.items():
        markers = (*table.missing, *entry.missing)
        typed[column], unreadable[column] = _type_column(raw[column], entry, markers, decimal)
    return TableData(frame=pl.DataFrame(typed), unreadable=pl.DataFrame(unreadable))


def _type_column(
    raw: pl.Series, column: Column, markers: tuple[str, ...], decimal: str
) -> tuple[pl.Series, pl.Series]:
    """Values, null where blank, NaN or a marker; and which of them are not of the type."""
    known = raw.fill_nan(None) if raw.dtype.is_float() else raw
    if column.type in ("category", "text"):
        known = known.cast(pl.String)
    if known.dtype == pl.String:
        text = known.str.strip_chars()
        known = text.set(text.is_in(["", *markers]), None)
    typed = read_values(known, column, decimal)
    unreadable = typed.is_null() & known.is_not_null()
    if typed.dtype.is_numeric():
        numbers = pl.Series(markers, dtype=pl.String).cast(pl.Float64, strict=False).drop_nulls()
        typed = typed.set(typed.cast(pl.Float64).is_in(numbers.implode()), None)
    return typed, unreadable


def read_file(path: Path, wanted: Collection[str], dialect: Dialect) -> pl.DataFrame:
    """Read a table's columns: as text from CSV, as stored from Parquet.

    Parameters
    ----------
    path
        Of the file, which ends with ``.csv`` or ``.parquet``.
    wanted
        Columns that it may not have twice.
    dialect
        Of a CSV file.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    if path.suffix == ".csv":
        return read_csv(path, wanted, dialect)
    try:
        stored = pl.read_parquet(path, glob=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        what = " ".join(str(error).split())
        raise InputError(f"{path} cannot be read as parquet: {what}.") from error
    return pl.DataFrame([simple_column(column) for column in stored.get_columns()])
