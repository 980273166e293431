"""Which action's effect is pooled towards which: table > column > value range."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tasks.domain import Level, Node
from tasks.errors import InputError
from tasks.intervention.replicate_cells import Action

LEVELS: tuple[Level, ...] = ("table", "column", "range")


@dataclass(frozen=True)
class PoolingTree:
    """Nodes of the tree: first the tables, then the other actions; parents before children.

    Attributes
    ----------
    tables
        Names of the tables.
    parent
        Index of each node's parent; -1 for a root, shape (N,): a table, and what is no part of its
        table's action.
    fraction
        Part of the parent's effect that is a node's prior mean, shape (N,).
    pooled_by
        Index into `LEVELS` of the sd that ties a node to its parent, a root to 0, shape (N,).
    node
        Node of each action, shape (K,). A table with exactly one action is that action; else it
        is latent, and its actions are its children as its columns' are.
    """

    tables: tuple[str, ...]
    parent: npt.NDArray[np.intp]
    fraction: npt.NDArray[np.float64]
    pooled_by: npt.NDArray[np.intp]
    node: npt.NDArray[np.intp]

    def names(self, actions: Sequence[Action]) -> list[str]:
        """Name of each node: of its action, or of a latent table; shape (N,)."""
        names = list(self.tables) + [""] * (len(self.parent) - len(self.tables))
        for n, action in zip(self.node, actions, strict=True):
            names[n] = str(action)
        return names


def level_index(action: Action) -> int:
    """Index into `LEVELS` of an action's level."""
    return LEVELS.index(action.node.level)


def canonical_order(actions: Sequence[Action]) -> npt.NDArray[np.intp]:
    """Indices that sort actions by level, then by name, so that a fit does not see their order."""

    def key(k: int) -> tuple[int, str, str, str, str]:
        node = actions[k].node
        return level_index(actions[k]), node.table, node.column, node.range, actions[k].intervention

    return np.array(sorted(range(len(actions)), key=key), dtype=np.intp)


def pooling_tree(actions: Sequence[Action], row_fraction: npt.NDArray[np.float64]) -> PoolingTree:
    """Build the tree of actions.

    Parameters
    ----------
    actions
        In canonical order.
    row_fraction
        Part of its parent's effect that is to be expected of each action, shape (K,): the effects
        of a column's ranges sum to the column's, and those of a table's columns, but for
        interactions, to the table's. It is 0 for a column's action that is no part of its table's.

    Raises
    ------
    InputError
        If an action comes twice, a range's column lacks the same intervention, or a range's
        fraction is not in (0, 1].
    """
    tables = tuple(sorted({action.node.table for action in actions}))
    at_table = [action.node.table for action in actions if not action.node.column]
    is_table = [not a.node.column and at_table.count(a.node.table) == 1 for a in actions]
    parent, fraction, pooled_by = [-1] * len(tables), [1.0] * len(tables), [0] * len(tables)
    node_of: dict[tuple[Node, str], int] = {}
    for action, rows, table_itself in zip(actions, row_fraction, is_table, strict=True):
        table, name = tables.index(action.node.table), (action.node, action.intervention)
        if name in node_of:
            raise InputError(f"Every action must come once, got '{action}' twice.")
        if table_itself:
            node_of[name] = table
            continue
        node_of[name] = len(parent)
        if action.node.range:
            parent.append(_column_of(action, node_of))
            fraction.append(_checked_fraction(action, float(rows)))
            pooled_by.append(LEVELS.index("range"))
        elif rows == 0:
            parent.append(-1)
            fraction.append(1.0)
            pooled_by.append(LEVELS.index("table"))
        else:
            parent.append(table)
            fraction.append(float(rows))
            pooled_by.append(LEVELS.index("column"))
    node = [node_of[action.node, action.intervention] for action in actions]
    return PoolingTree(
        tables, np.array(parent), np.array(fraction), np.array(pooled_by), np.array(node)
    )


def _column_of(action: Action, node_of: dict[tuple[Node, str], int]) -> int:
    column = Node(table=action.node.table, column=action.node.column)
    if (column, action.intervention) not in node_of:
        raise InputError(
            "The effect of a value range is pooled towards its column's: add "
            f"'{Action(column, action.intervention)}' to the actions, or leave '{action}' out."
        )
    return node_of[column, action.intervention]


def _checked_fraction(action: Action, rows: float) -> float:
    if not 0 < rows <= 1:
        raise InputError(
            f"A value range must hold a fraction of its column's rows in (0, 1], '{action}' has "
            f"{rows:g}."
        )
    return rows
