"""Traces from CSV, Parquet and JSON files."""

import csv
from pathlib import Path

import polars as pl

from tasks.errors import InputError
from tasks.intervention.structural.column_values import Column
from tasks.intervention.structural.strict_json import read_json
from tasks.relations.csv_files import read_csv

TRUTH_VALUES = ["true", "false", "True", "False", "TRUE", "FALSE"]


def read_columns(path: Path) -> dict[str, Column]:
    """Read the columns of a file, ready for `make_traces`.

    CSV is in UTF-8, with or without a byte order mark, and has a header. An empty field is missing.
    A column of which some fields are numbers and others are not comes as both, for `make_traces`
    to refuse: whether ``NA`` among numbers is a label or a missing value is not for a reader to
    guess. JSON holds what `columns_of` takes.

    Parameters
    ----------
    path
        Of a file whose name ends in ``.csv``, ``.parquet`` or ``.json``.

    Returns
    -------
    dict of str to Column
        Values by name, in the order of the file.

    Raises
    ------
    InputError
        If the file is of no such form, is empty, names a column twice, or holds a column of
        anything but numbers, texts and truth values.
    """
    match path.suffix.lower():
        case ".csv":
            return {column.name: _parsed(column) for column in _read_texts(path)}
        case ".parquet":
            return {column.name: _plain(column, path) for column in _read_parquet(path)}
        case ".json":
            return columns_of(read_json(path))
    raise InputError(f"Traces are read from .csv, .parquet or .json, got {path}.")


def columns_of(content: object) -> dict[str, Column]:
    """Take columns from parsed JSON.

    Parameters
    ----------
    content
        ``{name: [value, ...], ...}``

    Raises
    ------
    InputError
        If the content is no object of lists.

    Examples
    --------
    >>> columns_of({"X": [1, 2.5, None]})
    {'X': [1, 2.5, None]}
    """
    if not isinstance(content, dict):
        raise InputError(
            "Traces must be an object that gives each column a list of values, "
            f"got {type(content).__name__}."
        )
    for name, values in content.items():
        if not isinstance(values, list):
            raise InputError(
                f"Column {name!r:.60} must be a list of values, got {type(values).__name__}."
            )
    return content


def _read_texts(path: Path) -> list[pl.Series]:
    """The columns of a CSV file as texts."""
    frame = read_csv(path, ())
    with path.open(encoding="utf-8-sig", newline="") as file:
        header = next(filter(None, csv.reader(file)))
    if twice := sorted(set(header) - set(frame.columns)):
        raise InputError(f"{path} must have each column once; it repeats {', '.join(twice)}.")
    return frame.get_columns()


def _parsed(texts: pl.Series) -> Column:
    """Numbers or truth values where all texts are such, both where a part is numbers."""
    numbers = texts.str.strip_chars().cast(pl.Float64, strict=False)
    if numbers.null_count() == texts.null_count():
        return numbers.to_numpy()
    if not numbers.is_finite().any():
        is_true = texts.replace_strict(
            TRUTH_VALUES, [text.lower() == "true" for text in TRUTH_VALUES], default=None
        )
        return (is_true if is_true.null_count() == texts.null_count() else texts).to_list()
    return [text if number is None else number for number, text in zip(numbers, texts, strict=True)]


def _read_parquet(path: Path) -> list[pl.Series]:
    try:
        return pl.read_parquet(path, glob=False).get_columns()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        what = " ".join(str(error).partition("\n")[0].split())
        raise InputError(f"{path} cannot be read as parquet: {what}.") from error


def _plain(values: pl.Series, path: Path) -> Column:
    """Numbers as float64, texts and truth values as Python's; categories are texts."""
    kind = values.dtype
    if kind.is_numeric():
        return values.cast(pl.Float64).to_numpy()
    if kind in (pl.Categorical, pl.Enum):
        return values.cast(pl.String).to_list()
    if kind in (pl.String, pl.Boolean, pl.Null):
        return values.to_list()
    raise InputError(
        f"Column {values.name!r:.60} of {path} must hold numbers, texts or truth values, "
        f"got {kind}."
    )
