"""Values of the types that a contract knows; what is not of its type is null."""

from collections.abc import Callable

import polars as pl

from tasks.domain import Column, ColumnType

ISO_FORMATS = ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d")
OFFSET_FORMATS = ("%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z")
TRUE_TEXTS = ("true", "t", "yes", "y", "1")
FALSE_TEXTS = ("false", "f", "no", "n", "0")
THOUSANDS = r"^[+-]?\d{1,3}(\.\d{3})+(,\d*)?$"
"""Numbers with points between thousands and a decimal comma."""


def read_values(values: pl.Series, column: Column, decimal: str = ".") -> pl.Series:
    """Read a column as its contract types it.

    Parameters
    ----------
    values
        Texts, or values as they are stored; null where missing.
    column
        Its part of the contract.
    decimal
        Before the fraction of a number that is a text: a point or a comma.

    Returns
    -------
    polars.Series
        Int64, Float64, String (category, text), Boolean or Datetime in microseconds; null where
        missing or not of the type.

    Examples
    --------
    >>> number = Column(type="number")
    >>> read_values(pl.Series(["1.234,5", "0,5", "1.5", "x"]), number, ",").to_list()
    [1234.5, 0.5, None, None]
    >>> read_values(pl.Series(["31.12.2020"]), Column(type="time", format="%d.%m.%Y")).to_list()
    [datetime.datetime(2020, 12, 31, 0, 0)]
    """
    if column.type in ("integer", "number") and decimal == "," and values.dtype == pl.String:
        values = _with_points(values)
    if column.type == "time" and column.format:
        return _read_time_of(values, column.format)
    return READERS[column.type](values)


def _with_points(values: pl.Series) -> pl.Series:
    """Numbers with a decimal comma as those with a point; null where a point tells no thousands."""
    text = pl.lit(values)
    is_plain = ~text.str.contains(".", literal=True)
    ungrouped = text.str.replace_all(".", "", literal=True)
    number = pl.when(is_plain | text.str.contains(THOUSANDS)).then(ungrouped)
    return pl.select(number.str.replace(",", ".", literal=True)).to_series().alias(values.name)


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
    """Times without a zone are taken as they are; others are told in UTC."""
    if values.dtype.is_temporal():
        return values.cast(pl.Datetime("us"))
    text = pl.lit(values.cast(pl.String))
    formats = [text.str.to_datetime(form, strict=False, time_unit="us") for form in ISO_FORMATS]
    found = pl.select(pl.coalesce(formats)).to_series().alias(values.name)
    left = values.filter(found.is_null()).drop_nulls()
    if left.is_empty():
        return found
    zoned = [
        text.str.to_datetime(form, strict=False, time_unit="us", time_zone="UTC")
        for form in OFFSET_FORMATS
    ]
    in_utc = pl.select(pl.coalesce(zoned).dt.replace_time_zone(None)).to_series()
    return found.zip_with(found.is_not_null(), in_utc).alias(values.name)


def _read_time_of(values: pl.Series, form: str) -> pl.Series:
    if values.dtype.is_temporal():
        return _read_time(values)
    text = values.cast(pl.String)
    if any(part in form for part in ("%H", "%I", "%T", "%R")):
        return text.str.to_datetime(form, strict=False, time_unit="us")
    return text.str.to_date(form, strict=False).cast(pl.Datetime("us"))


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
