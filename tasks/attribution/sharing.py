"""Shares of a database's tables, columns, value ranges and foreign keys, in one call."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.attribution.baseline import baseline_of
from tasks.attribution.cells import cell_means, row_blocks
from tasks.attribution.database import (
    ColumnRanges,
    column_ranges,
    database_hierarchy,
    key_hierarchy,
)
from tasks.attribution.donors import donor_permutation
from tasks.attribution.extrapolation import extrapolated_fraction
from tasks.attribution.fractions import fractions_of_cells
from tasks.attribution.members import split_members
from tasks.attribution.owen import Precision, owen_shares
from tasks.attribution.shares import OwenShares, Shares, sum_runs
from tasks.progress import track
from tasks.seeds import generator
from tasks.uncertainty.model_data import ModelData
from tasks.uncertainty.protocol import Ensemble

KEY_PRECISION = Precision(relative_error=0.1, least_rounds=4)


@dataclass(frozen=True)
class SharedOut:
    """What `share_out` found.

    Attributes
    ----------
    owen
        Shares of tables, columns and ranges.
    ranges
        Value ranges of each of the K columns.
    blocks
        Block of each evaluation row, shape (N,).
    keys, key_cells
        The foreign keys, and the gain of each in each replicate cell, shape (keys, J, V).
    extrapolated
        For each column the fraction of its permuted rows that lie outside the data, shape (K,).
    """

    owen: OwenShares
    ranges: tuple[ColumnRanges, ...]
    blocks: NDArray[np.intp]
    keys: tuple[str, ...]
    key_cells: NDArray[np.float64]
    extrapolated: NDArray[np.float64]


def share_out(
    ensemble: Ensemble,
    data: ModelData,
    rows: NDArray[np.intp],
    *,
    sub_ensembles: int,
    n_blocks: int,
    n_ranges: int,
    seed: int,
) -> SharedOut:
    """Share the epistemic uncertainty of evaluation rows out over the database.

    Parameters
    ----------
    ensemble
        B members.
    data
        All rows; value ranges are learnt from the train rows.
    rows
        Which of them are evaluated, N indices.
    sub_ensembles, n_blocks
        J and V: replicate cells.
    n_ranges
        As for `column_ranges`.
    seed
        Of blocks, orders and donors.

    Raises
    ------
    InputError
        If there are too few members, entities or rows.
    """
    nodes, x, entities = data.encoder.nodes, data.x[rows], data.entities[rows]
    blocks = row_blocks(entities, n_blocks, generator(seed, "blocks"))
    members = split_members(ensemble.n_members, sub_ensembles)
    base = baseline_of(ensemble.hybrids(x), x, members)
    hierarchy, keys = database_hierarchy(nodes), key_hierarchy(nodes)
    ranges = column_ranges(data.encoder, hierarchy, data.x[data.train], x, n_ranges)
    codes = np.stack([column.codes for column in ranges])
    owen = owen_shares(base, hierarchy, codes, entities, blocks, generator(seed, "orders"))
    by_key = owen_shares(
        base,
        keys,
        np.zeros((len(keys.features), len(rows)), dtype=np.intp),
        entities,
        blocks,
        generator(seed, "orders of keys"),
        KEY_PRECISION,
    )
    donors = donor_permutation(entities, blocks, generator(seed, "extrapolation"))
    categorical = np.array([node.type == "category" for node in nodes])
    outside = [
        extrapolated_fraction(x, categorical, features, donors)
        for features in track(hierarchy.features, "extrapolation")
    ]
    return SharedOut(
        owen=owen,
        ranges=ranges,
        blocks=blocks,
        keys=tuple(keys.tables),
        key_cells=cell_means(by_key.gains, blocks),
        extrapolated=np.array(outside),
    )


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
        ensemble and rows, and of columns the ``extrapolated`` fraction; ``total``; how many
        ``rounds`` and ``orders``, and whether they ``converged``.

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
        ),
        "ranges": _nodes(_named_ranges(shared)),
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
