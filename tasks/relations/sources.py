"""Read a domain's tables as its contract types them; what cannot be read is marked, not lost."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from tasks.domain import ColumnType, DemoSource, Domain, Table
from tasks.errors import InputError
from tasks.relations.csv_files import read_csv
from tasks.relations.demo import generate_demo

TIME_FORMATS = ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d")
TRUE_TEXTS = ("true", "t", "yes", "y", "1")
FALSE_TEXTS = ("false", "f", "no", "n", "0")


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


def read_tables(contract: Domain, folder: Path | None = None) -> dict[str, TableData]:
    """Read every table of a domain.

    Parameters
    ----------
    contract
        Names tables, columns, types and missing markers.
    folder
        Where the files lie; the contract's own location if None.

    Returns
    -------
    dict of str to TableData
        In the contract's order. Row order is the file's.

    Raises
    ------
    InputError
        If the folder, a file or a column is missing, or a file cannot be read at all.
    """
    source = contract.source
    if isinstance(source, DemoSource):
        generated = generate_demo(source.documents, source.seed).tables
        return {
            name: _type_table(generated[name], f"The demo's table {name}", table)
            for name, table in contract.tables.items()
        }
    return {
        name: _type_table(
            read_file(path, contract.tables[name].columns), str(path), contract.tables[name]
        )
        for name, path in table_files(contract, folder).items()
    }


def table_files(contract: Domain, folder: Path | None = None) -> dict[str, Path]:
    """The file of each table, in the contract's order; none where the tables are generated.

    Parameters
    ----------
    contract, folder
        As for `read_tables`.

    Raises
    ------
    InputError
        If the folder or a file is missing, or a folder is given for generated tables.
    """
    source = contract.source
    if isinstance(source, DemoSource):
        if folder is not None:
            raise InputError(f"The tables of {contract.name} are generated: give no --source.")
        return {}
    place = folder or (Path(source.location) if source.location else None)
    if place is None:
        raise InputError(
            f"The contract of {contract.name} names no folder of tables: give one with --source."
        )
    if not place.is_dir():
        raise InputError(f"The source of {contract.name} must be a folder, got {str(place)!r}.")
    files = {name: place / f"{name}.{source.kind}" for name in contract.tables}
    for name, path in files.items():
        if not path.is_file():
            raise InputError(f"Table {name} must be the file {str(path)!r}, which is missing.")
    return files


def _type_table(raw: pl.DataFrame, place: str, table: Table) -> TableData:
    absent = [column for column in table.columns if column not in raw.columns]
    if absent:
        raise InputError(
            f"{place} must have the column(s) {', '.join(absent)}; it has {', '.join(raw.columns)}."
        )
    if raw.is_empty():
        raise InputError(f"{place} must hold at least one row, got none.")
    typed, unreadable = {}, {}
    for column, entry in table.columns.items():
        values = _without_markers(raw[column], (*table.missing, *entry.missing))
        typed[column] = READERS[entry.type](values)
        unreadable[column] = typed[column].is_null() & values.is_not_null()
    return TableData(frame=pl.DataFrame(typed), unreadable=pl.DataFrame(unreadable))


def read_file(path: Path, wanted: Collection[str]) -> pl.DataFrame:
    """Read a table's columns: as text from CSV, as stored from Parquet.

    Parameters
    ----------
    path
        Of the file, which ends with ``.csv`` or ``.parquet``.
    wanted
        Columns that it may not have twice.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    if path.suffix == ".csv":
        return read_csv(path, wanted)
    try:
        return pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(f"{path} cannot be read as parquet: {error}") from error


def _without_markers(raw: pl.Series, markers: tuple[str, ...]) -> pl.Series:
    """The column with missing markers, blanks and NaN as null."""
    if raw.dtype.is_float():
        return raw.fill_nan(None)
    if raw.dtype != pl.String:
        return raw
    text = raw.str.strip_chars()
    return text.set(text.is_in(["", *markers]), None)


def _read_integer(values: pl.Series) -> pl.Series:
    """Whole numbers, also where they are written 3.0; identifiers beyond 2^53 stay exact."""
    number = values.cast(pl.Float64, strict=False)
    whole = number.set(~(number.is_finite() & (number == number.floor())), None)
    if values.dtype.is_float():
        return whole.cast(pl.Int64, strict=False)
    exact = values.cast(pl.Int64, strict=False)
    return exact.fill_null(whole.cast(pl.Int64, strict=False))


def _read_number(values: pl.Series) -> pl.Series:
    number = values.cast(pl.Float64, strict=False)
    return number.set(~number.is_finite(), None)


def _read_boolean(values: pl.Series) -> pl.Series:
    text = values.cast(pl.String).str.to_lowercase()
    known = text.is_in([*TRUE_TEXTS, *FALSE_TEXTS])
    return text.is_in(TRUE_TEXTS).set(~known, None)


def _read_time(values: pl.Series) -> pl.Series:
    if values.dtype.is_temporal():
        return values.cast(pl.Datetime("us"))
    text = pl.lit(values.cast(pl.String))
    formats = [text.str.to_datetime(form, strict=False, time_unit="us") for form in TIME_FORMATS]
    return pl.select(pl.coalesce(formats)).to_series().alias(values.name)


def _read_text(values: pl.Series) -> pl.Series:
    return values.cast(pl.String)


READERS: dict[ColumnType, Callable[[pl.Series], pl.Series]] = {
    "integer": _read_integer,
    "number": _read_number,
    "category": _read_text,
    "boolean": _read_boolean,
    "time": _read_time,
    "text": _read_text,
}
