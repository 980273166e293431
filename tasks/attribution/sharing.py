"""Shares of a database's tables, columns, value ranges and foreign keys, in one call."""

from dataclasses import dataclass

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
from tasks.attribution.interactions import interactions, merge_tables
from tasks.attribution.members import split_members
from tasks.attribution.owen import Precision, owen_shares
from tasks.attribution.shares import OwenShares, Shares
from tasks.attribution.total_effects import uncertainty_change
from tasks.progress import track
from tasks.seeds import generator
from tasks.uncertainty.model_data import ModelData
from tasks.uncertainty.protocol import Ensemble

KEY_PRECISION = Precision(error=0.02, least_rounds=4)


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
    changes
        Change of mean epistemic variance where a column is permuted, in the target's unit squared,
        shape (K,): a signed diagnostic, no importance.
    interactions
        Of pairs of tables; None where they were not asked for.
    """

    owen: OwenShares
    ranges: tuple[ColumnRanges, ...]
    blocks: NDArray[np.intp]
    keys: tuple[str, ...]
    key_cells: NDArray[np.float64]
    extrapolated: NDArray[np.float64]
    changes: NDArray[np.float64]
    interactions: Shares | None


def share_out(
    ensemble: Ensemble,
    data: ModelData,
    rows: NDArray[np.intp],
    *,
    sub_ensembles: int,
    n_blocks: int,
    n_ranges: int,
    seed: int,
    interacting: bool = False,
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
    interacting
        Whether to measure interactions between tables too.

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
    outside, changes = [], []
    for features in track(hierarchy.features, "extrapolation"):
        outside.append(extrapolated_fraction(x, categorical, features, donors))
        changes.append(uncertainty_change(base, features, donors).mean())
    pairs = None
    if interacting:
        largest = np.argsort(-owen.tables.values, kind="stable")
        players = merge_tables(hierarchy, largest)
        pairs = interactions(base, players, entities, blocks, generator(seed, "interactions"))
    return SharedOut(
        owen=owen,
        ranges=ranges,
        blocks=blocks,
        keys=tuple(keys.tables),
        key_cells=cell_means(by_key.gains, blocks),
        extrapolated=np.array(outside),
        changes=np.array(changes),
        interactions=pairs,
    )
