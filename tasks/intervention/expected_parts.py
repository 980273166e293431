"""Which part of the effect of a table's repair is to be expected of its column's, and so on."""

from collections.abc import Sequence

import numpy as np

from tasks.intervention.replicate_cells import Action, FloatArray

PARTS = {
    "improve_quality": frozenset({"correct", "impute_missing"}),
    "reduce_variance": frozenset({"reduce_variance"}),
}
"""What each intervention at a table does to its columns."""


def expected_parts(actions: Sequence[Action], touched: Sequence[int]) -> FloatArray:
    """Part of its parent's effect that each intervention would have if rows counted alike.

    A repair of a table is made of those of its columns, and that of a column of those of its value
    ranges: effects add up, but for interactions, and each part has as much of the whole as it has
    of the rows whose features change.

    Parameters
    ----------
    actions
        K interventions.
    touched
        Rows whose features each changes, shape (K,).

    Returns
    -------
    numpy.ndarray
        Shape (K,): of a value range its share of the rows that its column's intervention changes;
        of a column its share among the columns that its table's intervention changes; 0 where the
        table's intervention does not hold it, and 1 where the table has none.

    Examples
    --------
    >>> from tasks.domain import Node
    >>> table = Action(Node(table="items"), "improve_quality")
    >>> weight = Action(Node(table="items", column="weight"), "impute_missing")
    >>> price = Action(Node(table="items", column="price"), "impute_missing")
    >>> smooth = Action(Node(table="items", column="price"), "reduce_variance")
    >>> expected_parts([table, weight, price, smooth], [30, 30, 10, 90]).tolist()
    [1.0, 0.75, 0.25, 0.0]
    """
    parents = [_parent(action, actions) for action in actions]
    rows = np.asarray(touched, dtype=np.float64)
    parts = np.ones(len(actions))
    for k, (action, parent) in enumerate(zip(actions, parents, strict=True)):
        if parent is not None:
            siblings = [j for j, other in enumerate(parents) if other == parent]
            parts[k] = rows[k] / rows[siblings].sum()
        elif action.node.level == "column" and _tables(action, actions):
            parts[k] = 0.0
    return parts


def _parent(action: Action, actions: Sequence[Action]) -> Action | None:
    """The intervention at the parent node that this one is a part of."""
    if action.node.level == "range":
        return Action(action.node.parent, action.intervention)  # type: ignore[arg-type]
    if action.node.level == "table":
        return None
    holding = [
        table
        for table in _tables(action, actions)
        if action.intervention in PARTS.get(table.intervention, frozenset())
    ]
    return holding[0] if holding else None


def _tables(action: Action, actions: Sequence[Action]) -> list[Action]:
    table = action.node.table
    return [one for one in actions if one.node.table == table and one.node.level == "table"]
