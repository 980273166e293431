"""Keys that one table writes with zeros in front and another without."""

from collections.abc import Mapping
from dataclasses import replace

from tasks.relations.profiling.columns import ColumnProfile
from tasks.relations.profiling.names import name_match
from tasks.relations.typed_values import READERS

Columns = dict[str, ColumnProfile]


def unpad_keys(tables: Mapping[str, Columns], keys: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Read codes with zeros in front as whole numbers where they are the keys of such.

    Parameters
    ----------
    tables
        Columns of each table; those that are read anew are replaced in it.
    keys
        Primary key of each.

    Returns
    -------
    list of str
        What was read anew, in words.
    """
    notes = []
    for parent, key in keys.items():
        if len(key) != 1:
            continue
        for table, columns in tables.items():
            for name in columns:
                if (table, name) == (parent, key[0]) or not name_match(name, parent, key[0]):
                    continue
                pair = (table, name), (parent, key[0])
                notes += [
                    _read_anew(tables, padded, plain)
                    for padded, plain in (pair, pair[::-1])
                    if tables[plain[0]][plain[1]].type == "integer"
                    and _is_padded(tables[padded[0]][padded[1]])
                ]
    return notes


def _is_padded(column: ColumnProfile) -> bool:
    """Whether a column holds digits alone that stay apart without the zeros in front."""
    known = column.values.drop_nulls()
    return (
        column.type in ("category", "text")
        and column.distinct > 0
        and bool(known.str.contains(r"^\d{1,18}$").all())
        and READERS["integer"](known).n_unique() == column.distinct
    )


def _read_anew(
    tables: Mapping[str, Columns], padded: tuple[str, str], plain: tuple[str, str]
) -> str:
    table, name = padded
    column = tables[table][name]
    tables[table][name] = replace(column, type="integer", values=READERS["integer"](column.values))
    return (
        f"{table}.{name} is read as whole numbers without the zeros in front, as "
        f"{'.'.join(plain)} is written so."
    )
