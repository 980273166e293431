"""Replicate cells as a long table, one row an action and cell."""

import numpy as np
import polars as pl

from tasks.domain import Node
from tasks.errors import InputError
from tasks.intervention.replicate_cells import Action, FloatArray, ReplicateCells

NODE = ("table", "column", "range")


def cells_to_table(cells: ReplicateCells) -> pl.DataFrame:
    """Write the cells out.

    Parameters
    ----------
    cells
        K actions in J x V cells.

    Returns
    -------
    polars.DataFrame
        K J V rows: ``table``, ``column``, ``range``, ``intervention``, ``changed``,
        ``row_fraction``, ``sub_ensemble`` and ``block`` (from 0), ``u_before``, ``u_after``,
        ``nll_before``, ``nll_after``, ``effect`` in per cent, and ``nested``.
    """
    shape = cells.u_after.shape
    action, group, block = (index.ravel() for index in np.indices(shape))
    names = {part: [getattr(one.node, part) for one in cells.actions] for part in NODE} | {
        "intervention": [one.intervention for one in cells.actions]
    }
    long = pl.DataFrame(
        {name: pl.Series(values, dtype=pl.String) for name, values in names.items()}
        | {"changed": cells.changed, "row_fraction": cells.row_fraction}
    )[action]
    return long.with_columns(
        sub_ensemble=pl.Series(group),
        block=pl.Series(block),
        u_before=pl.Series(np.broadcast_to(cells.u_before, shape).ravel()),
        u_after=pl.Series(cells.u_after.ravel()),
        nll_before=pl.Series(np.broadcast_to(cells.nll_before, shape).ravel()),
        nll_after=pl.Series(cells.nll_after.ravel()),
        effect=pl.Series(cells.effects.ravel()),
        nested=cells.nested,
    )


def cells_from_table(table: pl.DataFrame) -> ReplicateCells:
    """Read what `cells_to_table` wrote, in the same order.

    Raises
    ------
    InputError
        If there is no action.
    """
    if table.is_empty():
        raise InputError(
            "There must be an intervention whose effect can be told, got none: left_out.json says "
            "why each is left out."
        )
    first = table.filter(pl.col("sub_ensemble") == 0, pl.col("block") == 0)
    return ReplicateCells(
        actions=tuple(
            Action(Node(**{part: row[part] for part in NODE}), row["intervention"])
            for row in first.iter_rows(named=True)
        ),
        changed=first["changed"].to_numpy(),
        row_fraction=first["row_fraction"].to_numpy(),
        u_before=cube(table, "u_before")[0],
        u_after=cube(table, "u_after"),
        nll_before=cube(table, "nll_before")[0],
        nll_after=cube(table, "nll_after"),
        nested=bool(table["nested"][0]),
    )


def cube(table: pl.DataFrame, name: str) -> FloatArray:
    """One column of the table by action and cell, shape (K, J, V)."""
    groups, blocks = (int(table[name].max()) + 1 for name in ("sub_ensemble", "block"))  # type: ignore[arg-type]
    values: FloatArray = table[name].to_numpy().reshape(-1, groups, blocks)
    return values
