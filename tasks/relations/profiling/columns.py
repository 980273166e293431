"""What the values of a column are, where only texts or the types of a file tell."""

from dataclasses import dataclass

import polars as pl

from tasks.domain import Column, ColumnType
from tasks.relations.profiling.names import sounds_like_key
from tasks.relations.profiling.time_formats import find_format
from tasks.relations.typed_values import FALSE_TEXTS, TRUE_TEXTS, read_values

MARKERS = ("\\N", "NULL", "null", "NaN", "nan", "None", "NA", "N/A", "n/a", "#N/A", "na", "-", "?")
"""Texts that stand for a missing value where the other values are numbers or times."""
CERTAIN_MARKERS = ("\\N", "NULL", "null", "NaN", "nan", "#N/A", "N/A", "n/a")
"""Those that do so among words, too: NA may be Namibia."""
READABLE = 0.98
"""Share of the values that must be of a type; the others are faults."""
MOST_CATEGORIES = 200
MOST_CODES = 30
"""Different values, below which a column with words among its numbers holds codes."""
TWO = 2
KINDS: tuple[ColumnType, ...] = ("integer", "number", "boolean", "time")
"""Types in the order in which they are tried."""
BOOLEANS = tuple(zip(TRUE_TEXTS[:-1], FALSE_TEXTS[:-1], strict=True))
"""Pairs of words; 0 and 1 are numbers."""
LONGEST_CATEGORY = 40
"""Characters of the mean value, above which words are text and no categories."""


@dataclass(frozen=True)
class ColumnProfile:
    """A column of a table that nobody has described.

    Attributes
    ----------
    type
        As a contract has it.
    markers
        Texts in it that stand for a missing value.
    values
        As `type` reads them; null where missing or unreadable.
    unreadable
        Number of values that are not of the type.
    distinct
        Number of values that differ.
    format
        How times are written; empty where they are in ISO 8601.
    """

    type: ColumnType
    markers: tuple[str, ...]
    values: pl.Series
    unreadable: int
    distinct: int
    format: str = ""

    @property
    def missing(self) -> int:
        """Number of rows without a value."""
        return self.values.null_count() - self.unreadable

    @property
    def is_unique(self) -> bool:
        """Whether every row has a value of its own."""
        return self.distinct == len(self.values) and self.values.null_count() == 0


def profile_column(raw: pl.Series, decimal: str = ".") -> ColumnProfile:
    r"""Find the type of a column, its missing markers, and its values.

    Parameters
    ----------
    raw
        Texts, or values of any type, N of them.
    decimal
        Before the fraction of a number that is a text.

    Examples
    --------
    >>> found = profile_column(pl.Series("grid", ["1", r"\N", " 2", "1"]))
    >>> found.type, found.markers, found.values.to_list()
    ('integer', ('\\N',), [1, None, 2, 1])
    """
    if raw.dtype != pl.String:
        return _of_type(raw, Column(type=_stored_type(raw)), decimal, ())
    text = raw.str.strip_chars()
    text = text.set(text == "", None)
    values = text.set(text.is_in(MARKERS), None)
    for kind in KINDS:
        if _is_readable(values, Column(type=kind), decimal):
            return _of_type(values, Column(type=kind), decimal, _found(text, MARKERS))
    form = find_format(values)
    if form:
        return _of_type(values, Column(type="time", format=form), decimal, _found(text, MARKERS))
    values = text.set(text.is_in(CERTAIN_MARKERS), None)
    words = Column(type=_kind_of_words(values))
    return _of_type(values, words, decimal, _found(text, CERTAIN_MARKERS))


def _stored_type(raw: pl.Series) -> ColumnType:
    if raw.dtype == pl.Boolean:
        return "boolean"
    if raw.dtype.is_integer():
        return "integer"
    if raw.dtype.is_numeric():
        return "number"
    if raw.dtype.is_temporal():
        return "time"
    return _kind_of_words(raw.cast(pl.String, strict=False))


def _is_readable(values: pl.Series, column: Column, decimal: str) -> bool:
    """Whether nearly all of the values are of a type; words that only look like it are not."""
    known, kind = values.drop_nulls(), column.type
    if known.is_empty():
        return False
    if kind == "boolean":
        words = set(known.str.to_lowercase().unique())
        return len(words) == TWO and any(words == {yes, no} for yes, no in BOOLEANS)
    found = read_values(known, column, decimal).is_not_null()
    if found.mean() < READABLE:  # type: ignore[operator]
        return False
    if kind == "time":
        return True
    if known.str.contains(r"^0\d").any():
        return False  # padded with zeros: a code, whose zeros would be lost
    if not found.all() and known.n_unique() <= MOST_CODES:
        return False  # a code, most of whose values are digits
    others = read_values(known.filter(~found), Column(type="number"), decimal)
    return kind == "number" or bool(others.is_null().all())


def _kind_of_words(values: pl.Series) -> ColumnType:
    known = values.drop_nulls()
    if known.is_empty() or sounds_like_key(values.name):
        return "category"
    few = known.n_unique() <= max(MOST_CATEGORIES, len(known) // 20)
    length = known.str.len_chars().mean()
    return "category" if few and length <= LONGEST_CATEGORY else "text"  # type: ignore[operator]


def _of_type(
    values: pl.Series, column: Column, decimal: str, markers: tuple[str, ...]
) -> ColumnProfile:
    known = values.fill_nan(None) if values.dtype.is_float() else values
    typed = read_values(known, column, decimal)
    return ColumnProfile(
        type=column.type,
        markers=markers,
        values=typed,
        unreadable=typed.null_count() - known.null_count(),
        distinct=typed.drop_nulls().n_unique(),
        format=column.format,
    )


def _found(text: pl.Series, markers: tuple[str, ...]) -> tuple[str, ...]:
    present = set(text.filter(text.is_in(markers)).unique())
    return tuple(marker for marker in markers if marker in present)
