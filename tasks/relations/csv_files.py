"""Read a CSV file as texts, under the names that stand in its first line."""

import csv
from collections.abc import Collection
from pathlib import Path

import polars as pl

from tasks.errors import InputError


def read_csv(path: Path, wanted: Collection[str]) -> pl.DataFrame:
    """Read a CSV file in UTF-8, with or without a byte order mark.

    Parameters
    ----------
    path
        Of the file.
    wanted
        Columns that the file may not have twice.

    Returns
    -------
    polars.DataFrame
        Every column whose name stands there once, as String; an empty field is null.

    Raises
    ------
    InputError
        If the file is empty, is no CSV in UTF-8, has a line of more fields than its first, or two
        columns of one wanted name.
    """
    header = _header(path)
    try:
        frame = pl.read_csv(path, infer_schema=False)
    except pl.exceptions.NoDataError as error:
        raise InputError(f"{path} is empty: it must hold a header and rows.") from error
    except (pl.exceptions.PolarsError, OSError) as error:
        what = _line_too_long(path, len(header)) or " ".join(
            str(error).partition("\n\n")[0].split()
        )
        raise InputError(f"{path} cannot be read as csv in UTF-8: {what}.") from error
    if frame.width != len(header):
        raise InputError(f"{path} cannot be read as csv in UTF-8: its first line is no header.")
    twice = [name for name in wanted if header.count(name) > 1]
    if twice:
        raise InputError(f"{path} must have each column once; it repeats {', '.join(twice)}.")
    return pl.DataFrame(
        [
            frame.to_series(place).alias(name)
            for place, name in enumerate(header)
            if header.count(name) == 1
        ]
    )


def _header(path: Path) -> list[str]:
    """The fields of the first line that is not blank, unquoted; polars leaves doubled quotes in."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return next(filter(None, csv.reader(file)), [])
    except (UnicodeDecodeError, csv.Error, OSError) as error:
        raise InputError(f"{path} cannot be read as csv in UTF-8: {error}.") from error


def _line_too_long(path: Path, fields: int) -> str:
    """Which line is the first with more fields than the header; empty if there is none."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        lines = csv.reader(file)
        for line in lines:
            if len(line) > fields:
                return f"line {lines.line_num} has {len(line)} fields, its header {fields}"
    return ""
