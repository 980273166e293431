"""Several repairs at once, as one change of the rows' features."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from tasks.domain import ColumnTask, Node
from tasks.errors import InputError
from tasks.intervention.changes import Change, Changed, RepairChange, Rows
from tasks.intervention.replicate_cells import Action
from tasks.seeds import generator


def exclude_each_other(one: Node, other: Node) -> bool:
    """Whether repairs at two nodes would change the same cells: a table's reach its columns.

    Examples
    --------
    >>> items, weight = Node(table="items"), Node(table="items", column="weight")
    >>> exclude_each_other(items, weight)
    True
    >>> exclude_each_other(weight, Node(table="items", column="price"))
    False
    """
    same_column = one.column == other.column
    return one.table == other.table and (same_column or not (one.column and other.column))


@dataclass(frozen=True)
class JointChange:
    """Repairs of different cells of one database, made together: a `Change`.

    Each is planned on the database as it is, so that two drawn cells of a row know nothing of each
    other's draws, as in ``improve_quality``.

    Attributes
    ----------
    actions
        What they are called.
    parts
        What each does alone, in the same order.
    """

    actions: tuple[Action, ...]
    parts: tuple[RepairChange, ...]

    @property
    def changed(self) -> int:
        """As `Change.changed`."""
        return sum(part.changed for part in self.parts)

    @property
    def is_random(self) -> bool:
        """As `Change.is_random`."""
        return any(part.is_random for part in self.parts)

    def features(self, rows: Rows, rng: np.random.Generator) -> Changed:
        """As `Change.features`; what an action draws depends on `rng` and its name alone."""
        key = int(rng.integers(2**63))
        sources = [generator(key, str(action)) for action in self.actions]
        relinking = [k for k, part in enumerate(self.parts) if part.repair.relinks]
        if relinking:
            return self._relinked(rows, sources, max(relinking, key=self._moves_rows))
        found = [part.features(rows, own) for part, own in zip(self.parts, sources, strict=True)]
        return np.concatenate([places for places, _ in found]), np.hstack([x for _, x in found])

    def _relinked(self, rows: Rows, sources: list[np.random.Generator], last: int) -> Changed:
        """All features, read after a last repair that relinks, from tables mended by the others."""
        database = self.parts[last].database
        tables = database.tables
        for k, (part, own) in enumerate(zip(self.parts, sources, strict=True)):
            if k != last:
                tables = part.repair.apply(tables, own)
        mended = replace(self.parts[last], database=replace(database, tables=tables))
        return mended.features(rows, sources[last])

    def _moves_rows(self, k: int) -> bool:
        """Whether a repair is of the table whose rows are predicted: it then tells their places."""
        task = self.parts[k].database.task
        return isinstance(task, ColumnTask) and task.table == self.parts[k].repair.table


def join_changes(changes: Mapping[Action, Change]) -> JointChange:
    """Make several repairs one change.

    Parameters
    ----------
    changes
        What each action does alone to the same rows of the same database, as `plan_change` gives
        it. Their order does not matter: they are made in the contract's order.

    Raises
    ------
    InputError
        If there is none, one is no repair of the database, or two are of the same cells.
    """
    repairs = {one: part for one, part in changes.items() if isinstance(part, RepairChange)}
    if not repairs or len(repairs) < len(changes):
        others = [str(action) for action in changes if action not in repairs]
        raise InputError(
            "Only repairs of the database can be made together, and at least one, got "
            f"{', '.join(others) or 'none'}."
        )
    for one, other in combinations(repairs, 2):
        if exclude_each_other(one.node, other.node):
            raise InputError(
                f"Repairs that are made together must be of different cells, got {one} and "
                f"{other}: leave one of them out."
            )
    tables = list(next(iter(repairs.values())).database.contract.tables)
    ordered = sorted(repairs, key=lambda one: (tables.index(one.node.table), str(one)))
    return JointChange(tuple(ordered), tuple(repairs[one] for one in ordered))
