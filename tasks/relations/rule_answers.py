"""Rules that no one column of values answers, asked beforehand: a Boolean for each row."""

import re
from collections.abc import Callable, Mapping
from datetime import timedelta

import polars as pl

from tasks.relations.rules import Rule, RuleName
from tasks.relations.sources import TableData

Parents = Mapping[str, pl.Series]
"""For each foreign key the values of the primary key that it points to."""


def is_asked_beforehand(rule: Rule) -> bool:
    """Whether `answer` is what the rule is about, and not the columns themselves."""
    return rule.name in ANSWERS


def answer(rule: Rule, data: TableData, parents: Parents) -> pl.Series:
    """Whether each row keeps the rule; null where it is not asked, such as of a missing value.

    Parameters
    ----------
    rule
        One that is asked beforehand.
    data
        The table as read, N rows.
    parents
        Values of the primary keys pointed to.
    """
    return ANSWERS[rule.name](rule, data, parents)


def _readable(rule: Rule, data: TableData, parents: Parents) -> pl.Series:
    return ~data.unreadable[rule.columns[0]]


def _known_parent(rule: Rule, data: TableData, parents: Parents) -> pl.Series:
    key = data.frame[rule.columns[0]]
    known = key.is_in(parents[rule.columns[0]].drop_nulls().implode())
    return known.set(key.is_null(), None)


def _fresh(rule: Rule, data: TableData, parents: Parents) -> pl.Series:
    """A value without its time is not known to be fresh."""
    rows = pl.DataFrame({"value": data.frame[rule.columns[0]], "time": data.frame[rule.measured]})
    age = pl.col("time").max() - pl.col("time")
    fresh = (age <= timedelta(days=rule.most_days)).fill_null(False)
    return rows.select(pl.when(pl.col("value").is_not_null()).then(fresh)).to_series()


def _first(rule: Rule, data: TableData, parents: Parents) -> pl.Series:
    """The first of rows that are equal breaks nothing."""
    rows = data.frame[list(rule.columns)]
    whole = pl.all_horizontal(pl.all().is_not_null())
    first = pl.struct(pl.all()).is_first_distinct()
    return rows.select(pl.when(whole).then(first)).to_series()


def _ordered(rule: Rule, data: TableData, parents: Parents) -> pl.Series:
    lower, upper = rule.columns
    return data.frame[lower] <= data.frame[upper]


def _matching(rule: Rule, data: TableData, parents: Parents) -> pl.Series:
    values = data.frame[rule.columns[0]]
    regex = re.compile(rule.regex)
    matching = [text for text in values.drop_nulls().unique() if regex.fullmatch(text)]
    return values.is_in(pl.Series(matching, dtype=pl.String).implode())


ANSWERS: dict[RuleName, Callable[[Rule, TableData, Parents], pl.Series]] = {
    "readable": _readable,
    "foreign key": _known_parent,
    "fresh": _fresh,
    "unique": _first,
    "ordered": _ordered,
    "pattern": _matching,
}
