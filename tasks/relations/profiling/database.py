"""A folder or a database that nobody has described, as files with what it declares of itself."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL

from tasks.domain import Dialect, FolderSource, SqlSource
from tasks.domain_sources import BLOCK, ENVIRONMENT, FILE_DATABASES, is_database
from tasks.errors import InputError
from tasks.relations.catalogue import Catalogue
from tasks.relations.location import find_location, shown
from tasks.relations.profiling.dialects import find_dialect
from tasks.relations.relbench_files import declared_in_files
from tasks.relations.sources import FILE_KINDS
from tasks.relations.sql_tables import copy_tables, read_catalogue


@dataclass(frozen=True)
class Database:
    """Tables that nobody has described.

    Attributes
    ----------
    source
        Where they lie, as a contract says it.
    place
        The same as it may be told.
    files
        Of each table.
    catalogue
        What they declare of their keys.
    """

    source: FolderSource | SqlSource
    place: str
    files: dict[str, Path]
    catalogue: Catalogue


def open_database(
    location: str, read_block: Callable[[str], str], folder: Path, target: str | None = None
) -> Database:
    """Find the tables of a database, or of a folder: its Parquet files, else its CSV files.

    Parameters
    ----------
    location, read_block
        As of `find_location`.
    folder
        Where tables of a database are copied to.
    target
        ``table.column`` to predict: of a database that declares its foreign keys only the tables
        that these connect with the target's are read. All tables if None.

    Raises
    ------
    InputError
        If there is no such folder or database, or it holds no table.
    RunError
        If a database goes away.
    """
    place = find_location(location, read_block)
    if isinstance(place, URL):
        catalogue = read_catalogue(place).around((target or "").partition(".")[0])
        files = copy_tables(place, catalogue.columns, folder)
        told = shown(place) if place.get_backend_name() in FILE_DATABASES else location
        return Database(SqlSource(kind="sql", location=told), shown(place), files, catalogue)
    if not place.is_dir():
        raise InputError(f"The source must be a folder or a database, got {location!r}.")
    paths = {
        kind: sorted(path for path in place.glob(f"*.{kind}") if path.is_file())
        for kind in FILE_KINDS
    }
    kind = next((kind for kind in FILE_KINDS if paths[kind]), None)
    if kind is None:
        raise InputError(f"The folder {location!r} must hold CSV or Parquet files, it has none.")
    files = {path.stem: path for path in paths[kind]}
    dialect = find_dialect(paths[kind]) if kind == "csv" else Dialect()
    source = FolderSource(kind=kind, location=str(place.resolve()), dialect=dialect)
    return Database(source, str(place.resolve()), files, declared_in_files(files))


def name_of(location: str) -> str:
    """What a domain is called after its location.

    Examples
    --------
    >>> [name_of(text) for text in ("data/f1/", "sqlite:///a/shop.db", "env:WAREHOUSE")]
    ['f1', 'shop', 'WAREHOUSE']
    """
    if location.startswith((ENVIRONMENT, BLOCK)):
        return location.partition(":")[2]
    if is_database(location):
        return Path(re.split(r"[?#]", location)[0]).stem
    return Path(location).resolve().name
