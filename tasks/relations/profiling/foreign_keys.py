"""Which columns hold keys of which tables, by their names and values."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from tasks.relations.catalogue import Catalogue
from tasks.relations.profiling.columns import ColumnProfile
from tasks.relations.profiling.names import name_match, sounds_like_key, stem_of
from tasks.relations.profiling.primary_keys import KEY_TYPES

MOST_ORPHANS = 0.2
"""Share of rows with a key that may point to nothing where the names agree."""
LEAST_EVIDENCE = 10.0
"""Nats that values alone must give: a chance of one in 20,000."""
TEXT_DENSITY = 0.1
"""Share of the texts of its kind that a key's values are taken to be."""

Columns = Mapping[str, ColumnProfile]


@dataclass(frozen=True)
class ForeignKey:
    """A column that holds the keys of a table.

    Attributes
    ----------
    table, column
        Where it stands.
    parent
        Table whose primary key it holds.
    rows, orphans
        Rows with a key, and those of them whose key points to nothing.
    words
        In which the names agree; 0 where the values alone tell.
    evidence
        How much the values say, in nats: minus the logarithm of the chance that as many different
        keys would be among the parent's by accident.
    """

    table: str
    column: str
    parent: str
    rows: int
    orphans: int
    words: int
    evidence: float

    @property
    def orphan_share(self) -> float:
        """Share of the rows with a key whose key points to nothing."""
        return self.orphans / self.rows


def foreign_keys(
    tables: Mapping[str, Columns], keys: Mapping[str, tuple[str, ...]]
) -> list[ForeignKey]:
    """Find the foreign keys of a database that nobody has described.

    A column points to the table whose name, or whose key's name, its own ends with, if most of its
    values are keys there. Where no name tells, a column that sounds like a key points to the table
    whose keys are the least likely to hold all of its values by accident: one in which numbers are
    missing, as they are where rows were deleted, not one that counts from 1 on.

    Parameters
    ----------
    tables
        Columns of each table.
    keys
        Primary key of each; those of several columns are not pointed to.

    Returns
    -------
    list of ForeignKey
        In the order of tables and columns, at most one a column.
    """
    parents = {name: key[0] for name, key in keys.items() if len(key) == 1}
    found = []
    for table, columns in tables.items():
        for column, profile in columns.items():
            if profile.type not in KEY_TYPES or profile.distinct == 0:
                continue
            options = [
                option
                for parent, key in parents.items()
                if (parent, key) != (table, column)
                and (option := _option(table, column, profile, parent, key, tables)) is not None
            ]
            if (table, column) in parents.items():  # then only as one part of a whole in two tables
                options = [of for of in options if of.words and of.evidence >= LEAST_EVIDENCE]
            if options:
                found.append(max(options, key=lambda of: (of.words, of.evidence)))
    return found


def declared_keys(
    tables: Mapping[str, Columns], keys: Mapping[str, tuple[str, ...]], declared: Catalogue
) -> list[ForeignKey]:
    """The foreign keys that a database declares itself, with their orphans; none where it has none.

    Parameters
    ----------
    tables, keys
        As for `foreign_keys`.
    declared
        What the database says.
    """
    return [
        _as_declared(table, column, tables[table][column], parent, keys[parent][0], tables)
        for table, columns in declared.foreign_keys.items()
        for column, parent in columns.items()
        if table in tables
        and parent in tables
        and column in tables[table]
        and len(keys[parent]) == 1
        and tables[table][column].distinct
    ]


def _as_declared(
    table: str,
    column: str,
    profile: ColumnProfile,
    parent: str,
    key: str,
    tables: Mapping[str, Columns],
) -> ForeignKey:
    target = tables[parent][key]
    known = profile.values.drop_nulls()
    kind = target.values.dtype
    orphans = len(known) - int(known.cast(kind, strict=False).is_in(target.values.implode()).sum())
    words = max(1, name_match(column, parent, key))
    return ForeignKey(table, column, parent, len(known), orphans, words, float("inf"))


def _option(
    table: str,
    column: str,
    profile: ColumnProfile,
    parent: str,
    key: str,
    tables: Mapping[str, Columns],
) -> ForeignKey | None:
    """The column as a key of one table; None where names and values do not say that it is."""
    target = tables[parent][key]
    if (profile.type == "integer") != (target.type == "integer"):
        return None
    words = name_match(column, parent, key)
    if not words and not (sounds_like_key(column) and stem_of(column)):
        return None
    known = profile.values.drop_nulls()
    hits = known.is_in(target.values.implode())
    orphans = len(known) - int(hits.sum())
    evidence = _evidence(known.filter(hits), target)
    if words and orphans > MOST_ORPHANS * len(known):
        return None
    if not words and (orphans or evidence < LEAST_EVIDENCE):
        return None
    return ForeignKey(table, column, parent, len(known), orphans, words, evidence)


def _evidence(values: pl.Series, target: ColumnProfile) -> float:
    """Minus the logarithm of the chance that all different values are keys by accident.

    Numbers are so with the share of those from the least to the largest of them that are keys.
    """
    density = TEXT_DENSITY
    if target.type == "integer" and len(values):
        least, most = int(values.min()), int(values.max())  # type: ignore[arg-type]
        density = int(target.values.is_between(least, most).sum()) / (most - least + 1)
    return float(-values.n_unique() * np.log(density))
