"""How times are written that are not in ISO 8601."""

import polars as pl

from tasks.domain import Column
from tasks.relations.typed_values import read_values

DAYS = (
    "%d.%m.%Y",
    "%Y.%m.%d",
    "%Y/%m/%d",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%d %b %Y",
    "%d-%b-%Y",
    "%b %d, %Y",
    "%Y년 %m월 %d일",
)
TIMES = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S%.f", " %I:%M %p", " %I:%M:%S %p")
READABLE = 0.98
"""Share of the values that must be written so."""
LOOKED_AT = 200
TWINS = (("%d/%m/%Y", "%m/%d/%Y"), ("%d-%m-%Y", "%m-%d-%Y"))
"""Formats that days up to the twelfth do not tell apart."""


def find_format(values: pl.Series) -> str:
    """The format in which nearly all of a column's texts are times; empty where there is none.

    Parameters
    ----------
    values
        Texts; null where missing.

    Examples
    --------
    >>> find_format(pl.Series(["27/01/2024 10:30", "02/02/2024 23:00"]))
    '%d/%m/%Y %H:%M'
    """
    known = values.drop_nulls().unique()
    if known.is_empty():
        return ""
    some = known.head(LOOKED_AT)
    for form in (f"{day}{time}" for time in TIMES for day in DAYS):
        if _share(some, form) > 0 and _share(known, form) >= READABLE:
            return form
    return ""


def is_ambiguous(values: pl.Series, form: str) -> bool:
    """Whether times could as well be read with month and day exchanged.

    Parameters
    ----------
    values
        As read.
    form
        In which they are written.

    Examples
    --------
    >>> from datetime import datetime
    >>> is_ambiguous(pl.Series([datetime(2024, 1, 2), datetime(2024, 3, 12)]), "%d/%m/%Y")
    True
    """
    first = [day for day, _ in TWINS]
    return any(form.startswith(day) for day in first) and bool((values.dt.day() <= 12).all())


def _share(values: pl.Series, form: str) -> float:
    found = read_values(values, Column(type="time", format=form))
    return float(found.is_not_null().mean() or 0)  # type: ignore[arg-type]
