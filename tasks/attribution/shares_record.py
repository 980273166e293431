"""Shares as ``shares.json`` holds them."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.attribution.cells import cell_means
from tasks.attribution.fractions import fractions_of_cells
from tasks.attribution.shares import Shares, sum_runs
from tasks.attribution.sharing import SharedOut


def shares_record(shared: SharedOut) -> dict[str, Any]:
    """What ``shares.json`` holds.

    Parameters
    ----------
    shared
        What `share_out` found.

    Returns
    -------
    dict
        ``tables``, ``columns`` and ``ranges``, each a list of nodes with their share in the
        target's unit squared (``value``), its part of the whole (``fraction``), Monte Carlo errors
        of both, of tables and columns also the ``standard_error`` of the fraction that holds
        ensemble and rows, and of columns the ``extrapolated`` fraction and, as a diagnostic alone,
        ``signed_permutation_change``; ``interactions`` of pairs of tables, or None; ``total``; how
        many ``rounds`` and ``orders``, and whether they ``converged``.

    Raises
    ------
    InputError
        If there is nothing to share out.
    """
    owen = shared.owen
    columns = cell_means(owen.gains, shared.blocks)
    flat = columns.reshape(len(columns), -1)
    tables = sum_runs(flat.T, np.array(owen.hierarchy.sizes)).T.reshape(-1, *columns.shape[1:])
    return {
        "tables": _nodes(owen.tables, standard_error=fractions_of_cells(tables).standard_errors),
        "columns": _nodes(
            owen.columns,
            standard_error=fractions_of_cells(columns).standard_errors,
            extrapolated=shared.extrapolated,
            signed_permutation_change=shared.changes,
        ),
        "ranges": _nodes(_named_ranges(shared)),
        "interactions": shared.interactions and _pairs(shared.interactions),
        "total": float(owen.total.values[0]),
        "rounds": owen.n_rounds,
        "orders": owen.n_orders,
        "converged": owen.converged,
    }


def _named_ranges(shared: SharedOut) -> Shares:
    """Shares of the ranges with the names of the ranges, not their numbers."""
    names = [
        (*column, label)
        for column, ranges in zip(shared.owen.hierarchy.columns, shared.ranges, strict=True)
        for label in ranges.labels[: 1 + int(ranges.codes.max())]
    ]
    return Shares(**(asdict(shared.owen.ranges) | {"names": tuple(names)}))


def _nodes(shares: Shares, **more: NDArray[np.float64]) -> list[dict[str, Any]]:
    parts: Sequence[str] = ("table", "column", "range")
    numbers = {
        "value": shares.values,
        "monte_carlo_error": shares.errors,
        "fraction": shares.fractions,
        "fraction_monte_carlo_error": shares.fraction_errors,
        **more,
    }
    return [
        {"node": dict(zip(parts, name, strict=False))}
        | {key: float(values[index]) for key, values in numbers.items()}
        for index, name in enumerate(shares.names)
    ]


def _pairs(shares: Shares) -> list[dict[str, Any]]:
    return [
        {"tables": list(pair), "fraction": float(fraction), "monte_carlo_error": float(error)}
        for pair, fraction, error in zip(
            shares.names, shares.fractions, shares.fraction_errors, strict=True
        )
    ]
