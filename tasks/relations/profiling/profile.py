"""Profile a folder of tables that nobody has described."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import polars as pl

from tasks.errors import InputError
from tasks.progress import track
from tasks.relations.profiling.columns import ColumnProfile, profile_column
from tasks.relations.profiling.foreign_keys import ForeignKey, foreign_keys
from tasks.relations.profiling.primary_keys import primary_key
from tasks.relations.profiling.times import table_times
from tasks.relations.sources import read_file
from tasks.table_checks import RESERVED, circle

Kind = Literal["csv", "parquet"]
KINDS: tuple[Kind, ...] = ("parquet", "csv")


@dataclass(frozen=True)
class DatabaseProfile:
    """What a database says of itself.

    Attributes
    ----------
    folder, kind
        Where its files lie, and of which kind they are.
    tables
        Columns of each table, in the files' order.
    primary_keys
        Of each table; empty where nothing tells its rows apart.
    foreign_keys
        At most one a column, without a circle.
    times
        When a row became known, as a contract has it; for the tables where that is known.
    notes
        What was left out, and why.
    """

    folder: Path
    kind: Kind
    tables: Mapping[str, Mapping[str, ColumnProfile]]
    primary_keys: Mapping[str, tuple[str, ...]]
    foreign_keys: tuple[ForeignKey, ...]
    times: Mapping[str, str]
    notes: tuple[str, ...]

    def keys_of(self, table: str) -> tuple[str, ...]:
        """Columns of a table's primary key and of its foreign keys."""
        foreign = (key.column for key in self.foreign_keys if key.table == table)
        return tuple(dict.fromkeys((*self.primary_keys[table], *foreign)))

    def rows_of(self, table: str) -> int:
        """Number of rows of a table."""
        return len(next(iter(self.tables[table].values())).values)


def profile_folder(folder: Path) -> DatabaseProfile:
    """Profile the tables of a folder: all of its Parquet files, else all of its CSV files.

    Parameters
    ----------
    folder
        Holds one file for each table, named after it.

    Raises
    ------
    InputError
        If it is no folder, holds no table, or a file cannot be read.
    """
    if not folder.is_dir():
        raise InputError(f"The source must be a folder, got {str(folder)!r}.")
    files = {kind: sorted(folder.glob(f"*.{kind}")) for kind in KINDS}
    kind = next((kind for kind, paths in files.items() if paths), None)
    if kind is None:
        raise InputError(f"The folder {str(folder)!r} must hold CSV or Parquet files, it has none.")
    notes: list[str] = []
    tables = {}
    for path in track(files[kind], "tables", len(files[kind])):
        frame = read_file(path, ())
        if _is_usable(path.stem, frame, notes):
            tables[path.stem] = {
                column: profile_column(frame[column])
                for column in frame.columns
                if _may_stand(path.stem, column, notes)
            }
    if not tables:
        raise InputError(f"No table in {str(folder)!r} can be used. {' '.join(notes)}")
    primary = {name: primary_key(name, columns) for name, columns in tables.items()}
    found = _without_circles(foreign_keys(tables, primary), notes)
    for key in found:
        target = tables[key.parent][primary[key.parent][0]]
        own = tables[key.table]
        if own[key.column].type != target.type:
            own[key.column] = replace(own[key.column], type=target.type)
    return DatabaseProfile(
        folder, kind, tables, primary, found, table_times(tables, found), tuple(notes)
    )


def _is_usable(name: str, frame: pl.DataFrame, notes: list[str]) -> bool:
    if frame.is_empty():
        notes.append(f"Table {name} has no row: it is left out.")
        return False
    if "." in name or RESERVED.fullmatch(name):
        notes.append(f"Table {name!r} is left out: no dot, and no round brackets around a name.")
        return False
    return True


def _may_stand(table: str, column: str, notes: list[str]) -> bool:
    if RESERVED.fullmatch(column):
        notes.append(f"Column {column!r} of {table} is left out: its name is not allowed.")
        return False
    return True


def _without_circles(keys: list[ForeignKey], notes: list[str]) -> tuple[ForeignKey, ...]:
    """The keys that close no circle, those with the most rows first."""
    kept: list[ForeignKey] = []
    for key in sorted(keys, key=lambda one: (one.table == one.parent, -one.rows)):
        if circle([(one.table, one.parent) for one in (*kept, key)]):
            notes.append(
                f"The foreign key {key.table}.{key.column} to {key.parent} is left out: it would "
                "lead in a circle."
            )
        else:
            kept.append(key)
    return tuple(sorted(kept, key=keys.index))
