"""Owen values of epistemic uncertainty: one estimate for tables, columns and value ranges."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil

import numpy as np
from numpy.typing import NDArray

from tasks.attribution.baseline import Baseline
from tasks.attribution.donors import donor_permutation
from tasks.attribution.hierarchy import Hierarchy, check_partition, draw_order
from tasks.attribution.shapley import count_nested_coalitions
from tasks.attribution.shares import OwenShares, estimate_shares, sum_runs
from tasks.attribution.total_effects import DonorGame
from tasks.attribution.walks import antithetic_gains, enumerated_gains
from tasks.errors import InputError
from tasks.progress import track


@dataclass(frozen=True)
class Precision:
    """When to stop.

    Attributes
    ----------
    error
        Standard error of every table's, column's and range's fraction of the whole at which to
        stop.
    least_rounds, most_rounds
        Fewest and most rounds. A round is one donor permutation: an order with its reverse, or
        every order.
    most_coalitions
        Every order is taken where at most this many coalitions must be predicted for it; 254
        takes all orders of 8 groups.
    """

    error: float = 0.01
    least_rounds: int = 8
    most_rounds: int = 256
    most_coalitions: int = 14


DEFAULT = Precision()


def owen_shares(
    base: Baseline,
    hierarchy: Hierarchy,
    range_codes: NDArray[np.intp],
    entities: NDArray[np.integer],
    blocks: NDArray[np.integer],
    rng: np.random.Generator,
    precision: Precision = DEFAULT,
) -> OwenShares:
    """Share mean epistemic variance out over tables, columns and value ranges.

    Parameters
    ----------
    base
        Rows, ensemble and sub-ensembles, from `baseline`. With `single_members` the shares are
        Shapley effects of each member's function.
    hierarchy
        Tables and columns; each feature in exactly one column.
    range_codes
        Value range of each row in each column, shape (K, N), from 0; all 0 where ranges do not
        matter.
    entities, blocks
        Parent entity and block of each row, shape (N,): donors are of another entity in the same
        block.
    rng
        Source of randomness.
    precision
        When to stop.

    Returns
    -------
    OwenShares
        Ranges add up to their column, columns to their table, tables to the total effect of all
        features. A column that no member uses has share 0.

    Raises
    ------
    InputError
        If the hierarchy is no partition of the features, codes or entities do not fit the rows,
        or an effect is not finite.

    References
    ----------
    Owen (1977), Values of games with a priori unions. Song, Nelson & Staum (2016), Shapley
    effects for global sensitivity analysis, SIAM/ASA J. Uncertainty Quantification 4, 1060-1083.
    Mitchell, Cooper, Frank & Holmes (2022), Sampling permutations for Shapley value estimation,
    JMLR 23, 1-46, for antithetic orders.
    """
    n_rows, n_features = base.rows.shape
    check_partition(hierarchy, n_features)
    sizes, features = hierarchy.sizes, hierarchy.features
    _check(precision, range_codes, entities, (len(features), n_rows))
    every_order = count_nested_coalitions(sizes) <= precision.most_coalitions
    gains = np.zeros((len(features), len(base.members), n_rows))
    range_counts = range_codes.max(axis=1) + 1
    rounds: list[NDArray[np.float64]] = []
    needed = partial(_rounds_needed, rounds, range_counts, sizes, precision)
    for _ in track(range(precision.most_rounds), "rounds of orders", needed):
        game = DonorGame(base, features, donor_permutation(entities, blocks, rng))
        walk = (
            enumerated_gains(game, sizes)
            if every_order
            else antithetic_gains(game, draw_order(sizes, rng))
        )
        parts: list[NDArray[np.float64]] = [np.empty(0)] * len(features)
        for column, gain in walk:
            gains[column] += gain
            sums = np.bincount(range_codes[column], gain.mean(axis=0), range_counts[column])
            parts[column] = sums / n_rows
        rounds.append(np.concatenate(parts))
        if not np.isfinite(rounds[-1]).all():
            raise InputError("Predictions of permuted rows must be finite, some are not.")
        if needed() <= len(rounds):
            break
    gains /= len(rounds)
    return OwenShares(
        hierarchy=hierarchy,
        gains=np.moveaxis(gains, 1, 2),
        range_rounds=np.array(rounds),
        range_counts=range_counts,
        n_orders=len(rounds) * (hierarchy.n_orders if every_order else 2),
        every_order=every_order,
        converged=needed() <= len(rounds),
    )


def _rounds_needed(
    rounds: Sequence[NDArray[np.float64]],
    range_counts: NDArray[np.intp],
    sizes: Sequence[int],
    precision: Precision,
) -> int:
    """Rounds until fractions at all levels are known as asked for, by those so far."""
    if len(rounds) < precision.least_rounds:
        return precision.least_rounds
    ranges = np.array(rounds)
    columns = sum_runs(ranges, range_counts)
    levels = ranges, columns, sum_runs(columns, np.array(sizes))
    worst = max(float(estimate_shares((), of).fraction_errors.max()) for of in levels)
    if not worst > precision.error:  # where there is nothing to share out there is no error
        return len(rounds)
    return max(len(rounds) + 1, ceil(len(rounds) * (worst / precision.error) ** 2))


def _check(
    precision: Precision,
    range_codes: NDArray[np.intp],
    entities: NDArray[np.integer],
    shape: tuple[int, int],
) -> None:
    if not 2 <= precision.least_rounds <= precision.most_rounds:
        raise InputError(
            "Rounds must be at least 2 and at most the cap, got "
            f"{precision.least_rounds} to {precision.most_rounds}."
        )
    if not precision.error > 0:
        raise InputError(f"The error asked for must be above 0, got {precision.error:g}.")
    if range_codes.shape != shape or range_codes.min() < 0:
        raise InputError(
            f"Range codes must be >= 0 and one a column and row, of shape {shape}, got "
            f"{range_codes.shape}."
        )
    if entities.shape != shape[1:]:
        raise InputError(f"Entities must be one a row, {shape[1]}, got shape {entities.shape}.")
