"""What a database declares of its own tables and keys."""

from collections.abc import Iterable, Mapping, Sequence

import networkx as nx
from pydantic import Field

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
