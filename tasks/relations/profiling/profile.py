"""Profile a database that nobody has described."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from tasks.domain import Dialect, FolderSource, SqlSource
from tasks.errors import InputError
from tasks.progress import track
from tasks.relations.csv_files import read_header
from tasks.relations.profiling.columns import ColumnProfile, profile_column
from tasks.relations.profiling.database import Database
from tasks.relations.profiling.foreign_keys import ForeignKey, declared_keys, foreign_keys
from tasks.relations.profiling.padded_keys import unpad_keys
from tasks.relations.profiling.primary_keys import primary_key
from tasks.relations.profiling.time_formats import is_ambiguous
from tasks.relations.profiling.times import table_times
from tasks.relations.sources import read_file
from tasks.table_checks import RESERVED, circle


@dataclass(frozen=True)
class DatabaseProfile:
    """What a database says of itself.

    Attributes
    ----------
    source
        Where its tables lie, as a contract says it.
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

    source: FolderSource | SqlSource
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


def profile_database(database: Database) -> DatabaseProfile:
    """Profile the tables of a database: what it declares of its keys, and what values tell.

    Parameters
    ----------
    database
        From `open_database`.

    Raises
    ------
    InputError
        If no table can be used, or a file cannot be read.
    """
    declared, source = database.catalogue, database.source
    dialect = source.dialect if isinstance(source, FolderSource) else Dialect()
    notes = [*_about_dialect(dialect), *declared.notes]
    tables = {}
    for name, path in track(database.files.items(), "tables", len(database.files)):
        frame = read_file(path, (), dialect)
        notes += _about_repeated(name, path, dialect)
        if _is_usable(name, frame, notes):
            tables[name] = {
                column: profile_column(frame[column], dialect.decimal)
                for column in frame.columns
                if _may_stand(name, column, notes)
            }
    if not tables:
        raise InputError(f"No table in {database.place} can be used. {' '.join(notes)}")
    primary = {
        name: declared.primary_keys.get(name) or primary_key(name, columns)
        for name, columns in tables.items()
    }
    notes += [*_about_times(tables), *unpad_keys(tables, primary)]
    keys = declared_keys(tables, primary, declared) or foreign_keys(tables, primary)
    found = _without_circles(keys, notes)
    for key in found:
        target = tables[key.parent][primary[key.parent][0]]
        own = tables[key.table]
        if own[key.column].type != target.type:
            own[key.column] = replace(own[key.column], type=target.type)
    times = table_times(tables, found, declared.times)
    return DatabaseProfile(source, tables, primary, found, times, tuple(notes))


def _about_repeated(name: str, path: Path, dialect: Dialect) -> Iterator[str]:
    header = read_header(path, dialect) if path.suffix == ".csv" else []
    for column in dict.fromkeys(header):
        if header.count(column) > 1:
            yield f"Column {column!r} of {name} is left out: {header.count(column)} bear that name."


def _about_times(tables: Mapping[str, Mapping[str, ColumnProfile]]) -> Iterator[str]:
    for table, columns in tables.items():
        for name, found in columns.items():
            if is_ambiguous(found.values, found.format):
                yield (
                    f"{table}.{name} is read as {found.format}: no day after the twelfth tells it "
                    "from month before day. Look whether this is so."
                )


def _about_dialect(dialect: Dialect) -> list[str]:
    """How CSV files are read, where it is not as usual."""
    usual, words = Dialect(), []
    if dialect.encoding != usual.encoding:
        words.append(f"in {dialect.encoding.upper()}")
    if dialect.delimiter != usual.delimiter:
        words.append(f"with {dialect.delimiter!r} between fields")
    if dialect.decimal != usual.decimal:
        words.append("with a comma before fractions")
    return [f"CSV files are read {', '.join(words)}."] if words else []


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
