"""What a database says of its own keys: its catalogue, or the metadata of RelBench's files."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import networkx as nx
import polars as pl
from pydantic import BaseModel, Field

from tasks.domain_tables import Frozen
from tasks.errors import InputError

SOME = 10
"""Names that are told."""


class Catalogue(Frozen):
    """Keys and times that a database declares.

    Attributes
    ----------
    columns
        Of each table, in its order.
    primary_keys
        Of the tables that declare one.
    foreign_keys
        By table, of a column the table whose primary key it holds.
    times
        Of a table the column that says when its rows became known.
    notes
        What is declared and cannot be used, and why.
    """

    columns: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    primary_keys: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    foreign_keys: dict[str, dict[str, str]] = Field(default_factory=dict)
    times: dict[str, str] = Field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def around(self, table: str) -> "Catalogue":
        """The part that foreign keys connect with a table; all of it where none is declared.

        Examples
        --------
        >>> shop = Catalogue(
        ...     columns={"orders": ("id", "who"), "people": ("id",), "logs": ("at",)},
        ...     foreign_keys={"orders": {"who": "people"}},
        ... )
        >>> list(shop.around("people").columns)
        ['orders', 'people']
        """
        keys = self.foreign_keys.items()
        edges = [(name, parent) for name, of in keys for parent in of.values()]
        if not edges or table not in self.columns:
            return self
        graph = nx.Graph(edges)
        graph.add_node(table)
        near = nx.node_connected_component(graph, table)
        left = [name for name in self.columns if name not in near]
        if not left:
            return self
        more = f" and {len(left) - SOME} more" if len(left) > SOME else ""
        return Catalogue(
            columns={name: of for name, of in self.columns.items() if name in near},
            primary_keys={name: key for name, key in self.primary_keys.items() if name in near},
            foreign_keys={name: of for name, of in keys if name in near},
            notes=(
                *self.notes,
                f"Tables that no declared key connects with {table} are not read: "
                f"{', '.join(left[:SOME])}{more}.",
            ),
        )


Wanted = Mapping[str, tuple[str, ...]]
"""Columns to read, by table."""


def by_table(columns: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """Columns of each table, from pairs of table and column.

    Examples
    --------
    >>> by_table([("a", "x"), ("a", "y"), ("b", "x")])
    {'a': ('x', 'y'), 'b': ('x',)}
    """
    found: dict[str, tuple[str, ...]] = {}
    for table, column in columns:
        found[table] = (*found.get(table, ()), column)
    return found


def refuse_absent(place: str, wanted: Wanted, there: Wanted) -> None:
    """Refuse to read tables and columns that a database does not hold.

    Parameters
    ----------
    place
        The database as it may be told.
    wanted, there
        Columns by table.

    Raises
    ------
    InputError
        If one is not there.
    """
    for name, columns in wanted.items():
        if name not in there:
            more = f" and {len(there) - 2 * SOME} more" if len(there) > 2 * SOME else ""
            raise InputError(
                f"The database {place} must hold the table {name!r}: it holds "
                f"{', '.join(list(there)[: 2 * SOME])}{more}."
            )
        absent = [column for column in columns if column not in there[name]]
        if absent:
            raise InputError(
                f"Table {name!r} of {place} must have the column(s) {', '.join(absent)}; it has "
                f"{', '.join(there[name])}."
            )


DeclaredKey = tuple[str, Sequence[str], str, Sequence[str]]
"""A foreign key: table, its columns, the table pointed to, and the columns there; none of these
where it is the primary key."""


def declared_catalogue(
    columns: dict[str, tuple[str, ...]],
    primary_keys: dict[str, tuple[str, ...]],
    foreign_keys: Iterable[DeclaredKey],
) -> Catalogue:
    """What a database declares, without the foreign keys that a contract cannot have.

    Parameters
    ----------
    columns, primary_keys
        By table.
    foreign_keys
        All that are declared; those of several columns, or to others than a primary key, are noted.
    """
    found: dict[str, dict[str, str]] = {}
    notes = []
    for table, own, parent, at in foreign_keys:
        if len(own) == 1 and tuple(at) in ((), primary_keys.get(parent)):
            found.setdefault(table, {})[own[0]] = parent
        else:
            notes.append(
                f"The foreign key {table}.{', '.join(own)} to {parent} is left out: it must be one "
                "column that holds the primary key of one column of another table."
            )
    return Catalogue(
        columns=columns,
        primary_keys={name: key for name, key in primary_keys.items() if key},
        foreign_keys=found,
        notes=tuple(notes),
    )


def declared_in_files(files: Mapping[str, Path]) -> Catalogue:
    """What Parquet files declare in their metadata, as the ``relbench`` package writes it.

    Parameters
    ----------
    files
        By table. CSV files declare nothing.

    References
    ----------
    Robinson et al. (2024), RelBench: A Benchmark for Deep Learning on Relational Databases,
    arXiv:2407.20060.
    """
    told = {name: _relbench(path) for name, path in files.items() if path.suffix == ".parquet"}
    return Catalogue(
        primary_keys={name: (said.pkey_col,) for name, said in told.items() if said.pkey_col},
        foreign_keys={
            name: {
                column: parent
                for column, parent in said.fkey_col_to_pkey_table.items()
                if parent in files
            }
            for name, said in told.items()
            if said.fkey_col_to_pkey_table
        },
        times={name: said.time_col for name, said in told.items() if said.time_col},
    )


class _RelBench(BaseModel):
    """RelBench's entries in a file's metadata."""

    pkey_col: str | None = None
    fkey_col_to_pkey_table: dict[str, str] = Field(default_factory=dict)
    time_col: str | None = None


def _relbench(path: Path) -> _RelBench:
    """RelBench's entries, each as JSON; none where the file is not its own, or broken."""
    try:
        metadata = pl.read_parquet_metadata(path)
        told = {
            name: json.loads(metadata[name]) for name in _RelBench.model_fields if name in metadata
        }
        return _RelBench.model_validate(told)
    except (pl.exceptions.PolarsError, OSError, ValueError):
        return _RelBench()
