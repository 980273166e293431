"""The rules of a table asked of its columns where they lie: for tables with many rows."""

from collections.abc import Callable, Iterator, Sequence

import polars as pl

from tasks.relations.rule_answers import Parents, answer, is_asked_beforehand
from tasks.relations.rules import Rule, RuleName
from tasks.relations.sources import TableData

BEYOND = 2**63
"""The first whole number that no column of whole numbers holds."""


def failing_rows(
    rules: Sequence[Rule], data: TableData, kept: pl.Series, parents: Parents
) -> Iterator[tuple[Rule, pl.Series]]:
    """Say for every rule which rows break it, as `expectations.failing_rows` does.

    Parameters
    ----------
    rules, data, kept, parents
        As there.

    Yields
    ------
    tuple of Rule and polars.Series
        As there.
    """
    every_row_kept = bool(kept.all())
    rows = data.frame if every_row_kept else data.frame.filter(kept)
    for rule in rules:
        if is_asked_beforehand(rule):
            failing = (~answer(rule, data, parents)).fill_null(False) & kept
        elif every_row_kept:
            failing = FAILING[rule.name](rule, rows)
        else:
            found = FAILING[rule.name](rule, rows)
            failing = pl.repeat(False, len(kept), eager=True).scatter(kept.arg_true(), found)
        yield rule, failing


def _doubled_key(rule: Rule, rows: pl.DataFrame) -> pl.Series:
    """Rows whose key another one has too; a key that is missing altogether doubles none."""
    key = rows[list(rule.columns)]
    known = pl.any_horizontal(pl.all().is_not_null())
    return key.is_duplicated() & key.select(known).to_series()


def _missing(rule: Rule, rows: pl.DataFrame) -> pl.Series:
    return rows[rule.columns[0]].is_null()


def _without_values(rule: Rule, rows: pl.DataFrame) -> pl.Series:
    values = rows[rule.columns[0]]
    return pl.repeat(values.null_count() == len(values), len(values), eager=True)


def _out_of_range(rule: Rule, rows: pl.DataFrame) -> pl.Series:
    values, (least, most) = rows[rule.columns[0]], rule.bounds
    failing = pl.repeat(False, len(values), eager=True)
    if least is not None:
        failing |= values < least
    if most is not None:
        failing |= values > most
    return failing.fill_null(False)


def _not_allowed(rule: Rule, rows: pl.DataFrame) -> pl.Series:
    """A number never equals a text that is written like it; a Boolean is 0 or 1."""
    values = rows[rule.columns[0]]
    if values.dtype == pl.Boolean:
        values = values.cast(pl.Int64)
    allowed: list[str | int | float] = []
    if values.dtype == pl.String:
        allowed += [value for value in rule.allowed if isinstance(value, str)]
    elif values.dtype.is_float():
        allowed += [float(value) for value in rule.allowed if not isinstance(value, str)]
    elif values.dtype.is_integer():
        numbers = [value for value in rule.allowed if not isinstance(value, str)]
        whole = [value for value in numbers if -BEYOND <= value < BEYOND and value == int(value)]
        allowed += [int(value) for value in whole]
    known = values.is_in(pl.Series(allowed, dtype=values.dtype).implode())
    return (~known).fill_null(False)


def _too_few_or_many(rule: Rule, rows: pl.DataFrame) -> pl.Series:
    least, most = rule.bounds
    right = (least is None or rows.height >= least) and (most is None or rows.height <= most)
    return pl.repeat(not right, rows.height, eager=True)


FAILING: dict[RuleName, Callable[[Rule, pl.DataFrame], pl.Series]] = {
    "primary key": _doubled_key,
    "required": _missing,
    "has values": _without_values,
    "range": _out_of_range,
    "values": _not_allowed,
    "rows": _too_few_or_many,
}
"""What is asked of the columns themselves, by the name of the rule."""
