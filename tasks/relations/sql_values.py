"""Rows of a database as columns, and pieces of a table as one file."""

import json
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

KNOWN = (int, float, str, date)
"""Types that Polars knows, beside None."""


def as_column(name: str, values: Sequence[Any]) -> pl.Series:
    """Values of a database as a column; nothing is lost where their types differ.

    Parameters
    ----------
    name
        Of the column.
    values
        Of any type; None where missing.

    Returns
    -------
    polars.Series
        Numbers, Booleans, times or texts. Decimals are numbers; bytes are told in hexadecimal,
        arrays and records as JSON, and all else as it is written.

    Examples
    --------
    >>> as_column("x", [1, 2.5, None]).to_list(), as_column("x", [1, "b", None]).to_list()
    ([1.0, 2.5, None], ['1', 'b', None])
    """
    kinds = {type(value) for value in values} - {type(None)}
    if Decimal in kinds:
        values = [float(value) if isinstance(value, Decimal) else value for value in values]
    elif not kinds <= {int, float, bool, str}:
        values = [_plain(value) for value in values]
    column = pl.Series(name, values, strict=False)
    if isinstance(column.dtype, pl.Datetime) and column.dtype.time_zone:
        return column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return column


def simple_column(column: pl.Series) -> pl.Series:
    """A column of a file with its values as numbers, Booleans, times or texts.

    Parameters
    ----------
    column
        Of any type.
    """
    kind = column.dtype
    if isinstance(kind, pl.Categorical | pl.Enum):
        return column.cast(pl.String)
    if kind.is_nested() or isinstance(kind, pl.Binary | pl.Time | pl.Duration | pl.Object):
        return as_column(column.name, column.to_list())
    return column


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | bytearray | memoryview):
        return f"0x{bytes(value).hex()}"
    if isinstance(value, list | dict | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    if value is None or isinstance(value, KNOWN):
        return value
    return str(value)


def common_type(types: Iterable[pl.DataType]) -> pl.DataType:
    """The type that holds a column whose pieces were read with these types.

    Examples
    --------
    >>> common_type([pl.Null(), pl.Int64()]), common_type([pl.Int64(), pl.String()])
    (Int64, String)
    """
    found = list(dict.fromkeys(kind for kind in types if kind != pl.Null))
    if len(found) <= 1:
        return found[0] if found else pl.String()
    if all(kind.is_numeric() or kind == pl.Boolean for kind in found):
        if any(kind.is_float() for kind in found):
            return pl.Float64()
        return pl.Int128() if pl.Int128 in found else pl.Int64()
    if all(kind.is_temporal() for kind in found):
        return pl.Datetime("us")
    return pl.String()


def join_pieces(pieces: Sequence[Path], whole: Path) -> None:
    """Write the pieces of a table, in their order, as one Parquet file; they need not fit memory.

    Parameters
    ----------
    pieces
        Parquet files with the same columns, at least one.
    whole
        The file to write.
    """
    schemas = [pl.read_parquet_schema(piece) for piece in pieces]
    types = {name: common_type(schema[name] for schema in schemas) for name in schemas[0]}
    frames = [pl.scan_parquet(piece, glob=False).cast(types) for piece in pieces]  # type: ignore[arg-type]
    pl.concat(frames).sink_parquet(whole, maintain_order=True)
