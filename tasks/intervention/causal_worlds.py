"""The database as it would be after each real change that a contract considers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import polars as pl

from tasks.domain import Node
from tasks.errors import InputError
from tasks.intervention.causal_action import ActedColumn, act, changed_cells, over_raw
from tasks.intervention.causal_reach import following_features, node_of, obstacle, task_graph
from tasks.intervention.faulty_database import FaultyDatabase, NotApplicable

if TYPE_CHECKING:
    from tasks.intervention.structural_model import FittedModel

Fits: TypeAlias = "Mapping[str, FittedModel | str]"


@dataclass(frozen=True)
class World:
    """The database after a real change.

    Attributes
    ----------
    action
        What is done, such as ``items.weight*=0.9``.
    columns
        The columns that change, by table and name: first the one that is acted on, then those that
        follow.
    changed
        How many of their cells change.
    r2
        R² on held-out rows of the mechanism of each column that follows, by ``table.column``; empty
        where the change stays at its own column.
    note
        What follows and how well that is known, or why nothing does: sentences.
    """

    action: str
    columns: Mapping[tuple[str, str], pl.Series]
    changed: int
    r2: Mapping[str, float]
    note: str

    def apply(self, tables: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
        """The tables after the change."""
        after = dict(tables)
        for (table, column), values in self.columns.items():
            after[table] = after[table].with_columns(values.alias(column))
        return after


def make_worlds(database: FaultyDatabase, seed: int) -> tuple[dict[Node, World], dict[Node, str]]:
    """Change the database as each action of the contract would change the world.

    A column is set in every row, or shifted or scaled wherever its value is known; numbers stop at
    the ends of the contract's range. The features that follow from it in the causal graph take
    their paired counterfactuals, in which each row keeps its own noise. Where one of them has no
    mechanism that holds on rows that it has not seen, the change stays at its own column; columns
    that no action reaches do not matter. A row that misses a value that is needed keeps what
    follows as it is. The target is no feature: neither it nor its past changes.

    Parameters
    ----------
    database
        The database before.
    seed
        Of the rows to which mechanisms are fitted, once for all actions, and of their candidates.

    Returns
    -------
    tuple of dict and dict
        The worlds by the column that is acted on, in the order of the contract; and why actions
        are left out, a sentence each.

    Raises
    ------
    InputError
        If the causal graph has too many nodes.
    """
    graph = task_graph(database)
    acted: dict[str, ActedColumn] = {}
    left_out: dict[Node, str] = {}
    for name, text in database.contract.actions.items():
        try:
            acted[name] = act(database, name, text)
        except NotApplicable as reason:
            left_out[node_of(name)] = str(reason)
    followers = {name: following_features(database, graph, name) for name in acted}
    hindered = {name: obstacle(database, graph, followers[name]) for name in acted}
    wanted = dict.fromkeys(f for name in acted if not hindered[name] for f in followers[name])
    fits: Fits = {}
    if wanted:
        from tasks.intervention.causal_mechanisms import fit_mechanisms

        fits = fit_mechanisms(database, graph, tuple(wanted), seed)
    worlds = {}
    for name, column in acted.items():
        mechanisms = {f: fits.get(f, hindered[name]) for f in followers[name]}
        worlds[node_of(name)] = _world(database, column, mechanisms, hindered[name])
    return worlds, left_out


def _world(database: FaultyDatabase, acted: ActedColumn, fits: Fits, hindered: str) -> World:
    """The world after an action, with all that follows or with its own column alone."""
    action = acted.action
    columns = {acted.place: over_raw(database, *acted.place, acted.known)}
    r2: Mapping[str, float] = {}
    if not fits:
        note = f"No feature follows from {action.node} in the causal graph."
    elif hindered:
        note = f"The change stays at {action.node}. {hindered}"
    else:
        from tasks.intervention.causal_following import follow

        try:
            following = follow(database, acted, fits)
        except InputError as reason:
            note = f"The change stays at {action.node}. {reason}"
        else:
            columns |= following.columns
            r2, note = following.r2, " ".join(following.remarks)
    return World(str(action), columns, changed_cells(database.tables, columns), r2, note)
