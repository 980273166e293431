"""Shares and effects that the main job has measured, as the data's side of beliefs on them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tasks.attribution.crossed import crossed_statistics
from tasks.beliefs.belief import Belief
from tasks.beliefs.cut_law import Floats
from tasks.beliefs.data_side import DataSide, from_log_likelihood
from tasks.beliefs.quantities import parse_quantity
from tasks.beliefs.statistics import reference_prior
from tasks.domain import Node
from tasks.errors import InputError
from tasks.intervention.replicate_cells import ReplicateCells

SHOWN = 5


@dataclass(frozen=True)
class Measured:
    """A quantity as it was measured.

    Attributes
    ----------
    estimate, error
        And its standard error, > 0.
    replicates
        Replicate cells behind it.
    """

    estimate: float
    error: float
    replicates: int


def measured_quantities(shares: Mapping[str, Any], cells: ReplicateCells) -> dict[str, Measured]:
    """What a main job has measured, by the names that beliefs use.

    Parameters
    ----------
    shares
        Content of ``shares.json``.
    cells
        Content of ``effects.parquet``.

    Returns
    -------
    dict of str to Measured
        ``share[items]`` and ``share[items.weight]`` of epistemic uncertainty, and
        ``effect[items.weight: impute_missing]`` in per cent, where their errors are known.
    """
    n_cells = int(cells.u_before.size)
    found = {
        f"share[{Node(**entry['node'])}]": Measured(
            entry["fraction"], entry["standard_error"], n_cells
        )
        for level in ("tables", "columns")
        for entry in shares[level]
        if entry.get("standard_error")
    }
    raw = crossed_statistics(cells.effects, cells.drawn)
    for action, mean, error in zip(
        cells.actions, raw.mean.tolist(), raw.standard_error.tolist(), strict=True
    ):
        if error > 0:
            name = f"effect[{action.node}: {action.intervention}]"
            found[name] = Measured(mean, error, n_cells)
    return found


def measured_side(measured: Mapping[str, Measured], quantity: str, belief: Belief) -> DataSide:
    """The data's side of a share or effect: a normal likelihood around its estimate.

    Parameters
    ----------
    measured
        As of `measured_quantities`.
    quantity
        One of their names.
    belief
        That the side must cover.

    Raises
    ------
    InputError
        If it was not measured; the message names some that were.
    """
    parse_quantity(quantity)
    found = measured.get(quantity)
    if found is None:
        raise InputError(f"{quantity!r} was not measured; {_some(list(measured))} were.")

    def log_likelihood(x: Floats) -> Floats:
        return np.asarray(-0.5 * ((x - found.estimate) / found.error) ** 2)

    unit_sd = found.error * math.sqrt(found.replicates)
    reference = reference_prior((found.estimate, unit_sd), belief.low, belief.high)
    return from_log_likelihood(log_likelihood, reference, [belief])


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
