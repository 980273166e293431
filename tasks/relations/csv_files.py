"""Read a CSV file as texts, under the names that stand in its first line."""

import csv
import io
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import polars as pl

from tasks.domain import Dialect
from tasks.errors import InputError

DELIMITERS = ",;\t|"
PACKED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"x\x01")
"""How files begin that polars would unpack, to whatever size."""
USUAL = Dialect()


def read_csv(path: Path, wanted: Collection[str], dialect: Dialect = USUAL) -> pl.DataFrame:
    """Read a CSV file, with or without a byte order mark.

    Parameters
    ----------
    path
        Of the file.
    wanted
        Columns that the file may not have twice.
    dialect
        How it is written.

    Returns
    -------
    polars.DataFrame
        Every column whose name stands there once, as String; an empty field is null.

    Raises
    ------
    InputError
        If the file is empty, is no CSV in its encoding, has a line of more fields than its first,
        or two columns of one wanted name.
    """
    header = read_header(path, dialect)
    try:
        frame = pl.read_csv(
            _in_utf8(path, dialect), infer_schema=False, separator=dialect.delimiter, glob=False
        )
    except pl.exceptions.NoDataError as error:
        raise InputError(f"{path} is empty: it must hold a header and rows.") from error
    except (pl.exceptions.PolarsError, UnicodeDecodeError, OSError) as error:
        what = _line_too_long(path, len(header), dialect) or " ".join(
            str(error).partition("\n\n")[0].split()
        )
        raise InputError(f"{_unreadable(path, dialect)}: {what}.") from error
    if frame.width != len(header):
        raise InputError(f"{_unreadable(path, dialect)}: its first line is no header.")
    twice = [name for name in wanted if header.count(name) > 1]
    if twice:
        raise InputError(f"{path} must have each column once; it repeats {', '.join(twice)}.")
    other = other_delimiter(header)
    if len(wanted) > 1 and other:
        raise InputError(
            f"{path} has one column, {header[0]!r}: where {other!r} stands between fields, give it "
            "as source.dialect.delimiter in the contract."
        )
    return pl.DataFrame(
        {
            name: frame.to_series(place)
            for place, name in enumerate(header)
            if header.count(name) == 1
        }
    )


def read_header(path: Path, dialect: Dialect) -> list[str]:
    """The fields of the first line that is not blank, unquoted; polars leaves doubled quotes in.

    Raises
    ------
    InputError
        If the file is no CSV in its encoding, or compressed.
    """
    try:
        with path.open("rb") as beginning:
            if beginning.read(4).startswith(PACKED):
                raise InputError(f"{path} is compressed: unpack it first.")
        with _opened(path, dialect) as file:
            lines = csv.reader(file, delimiter=dialect.delimiter)
            return next(filter(None, lines), [])
    except UnicodeDecodeError as error:
        raise InputError(
            f"{_unreadable(path, dialect)}: {error}; `whence profile` says which encoding to give "
            "as source.dialect.encoding."
        ) from error
    except (UnicodeError, csv.Error, OSError) as error:
        raise InputError(f"{_unreadable(path, dialect)}: {error}.") from error


def other_delimiter(header: list[str]) -> str:
    """What seems to stand between the names that were read as one; empty where nothing does."""
    if len(header) != 1:
        return ""
    return max((sign for sign in DELIMITERS if sign in header[0]), key=header[0].count, default="")


@contextmanager
def _opened(path: Path, dialect: Dialect, errors: str = "strict") -> Iterator[TextIO]:
    encoding = "utf-8-sig" if dialect.encoding == "utf-8" else dialect.encoding
    with path.open(encoding=encoding, errors=errors, newline="") as file:
        yield file


def _in_utf8(path: Path, dialect: Dialect) -> Path | io.BytesIO:
    if dialect.encoding == "utf-8":
        return path
    with _opened(path, dialect) as file:
        return io.BytesIO(file.read().encode("utf-8"))


def _unreadable(path: Path, dialect: Dialect) -> str:
    return f"{path} cannot be read as csv in {dialect.encoding.upper()}"


def _line_too_long(path: Path, fields: int, dialect: Dialect) -> str:
    """Which line is the first with more fields than the header; empty if there is none."""
    with _opened(path, dialect, errors="replace") as file:
        lines = csv.reader(file, delimiter=dialect.delimiter)
        for line in lines:
            if len(line) > fields:
                return f"line {lines.line_num} has {len(line)} fields, its header {fields}"
    return ""
