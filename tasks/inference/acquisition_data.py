"""Cells of a learning curve as the data of ``stan/acquisition_curve.stan``."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tasks.errors import InputError
from tasks.inference.effects_data import LEAST_SPREAD, overall_sd
from tasks.intervention.acquisition_cells import AcquisitionCells

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class NestedStatistics:
    """Sufficient statistics of vectors y_jv = g + s_d + a_j + r_v + e_jv, order d of j.

    Where s, a, r and e are multivariate normal with covariances C_s, C_a, C_r and C_e, the five are
    independent: `mean` is normal around g with covariance C_s / D + C_a / J + C_r / V + C_e / (JV),
    and the matrices are Wishart: `between_orders` with D - 1 degrees of freedom and scale
    (JV / D) C_s + V C_a + C_e, `between_sub_ensembles` with J - D and V C_a + C_e,
    `between_blocks` with V - 1 and J C_r + C_e, `rest` with (J - 1)(V - 1) and C_e.

    Attributes
    ----------
    mean
        Mean of the cells, in per cent, shape (F,).
    between_orders, between_sub_ensembles, between_blocks, rest
        Sums of squares and products, in per cent squared, shape (F, F).

    References
    ----------
    Anderson (2003), An Introduction to Multivariate Statistical Analysis, 3rd edition, chapter 8.
    """

    mean: FloatArray
    between_orders: FloatArray
    between_sub_ensembles: FloatArray
    between_blocks: FloatArray
    rest: FloatArray


def nested_statistics(cells: FloatArray, orders: int) -> NestedStatistics:
    """Sufficient statistics of cells, shape (F, J, V), of J sub-ensembles in D orders.

    Examples
    --------
    >>> cells = np.array([[[1.0, 2.0], [3.0, 6.0]]])
    >>> found = nested_statistics(cells, orders=2)
    >>> [ss.item() for ss in (found.between_orders, found.between_blocks, found.rest)]
    [9.0, 4.0, 1.0]
    """
    size, groups, _ = cells.shape
    mean = cells.mean(axis=(1, 2))
    centred = cells - mean[:, None, None]
    a, r = centred.mean(axis=2, keepdims=True), centred.mean(axis=1, keepdims=True)
    s = a.reshape(size, orders, -1).mean(axis=2).repeat(groups // orders, axis=1)[:, :, None]

    def products(part: FloatArray) -> FloatArray:
        flat = np.broadcast_to(part, cells.shape).reshape(size, -1)
        return np.asarray(flat @ flat.T)

    return NestedStatistics(
        mean, products(s), products(a - s), products(r), products(centred - a - r)
    )


def acquisition_data(cells: AcquisitionCells) -> dict[str, Any]:
    """Data of the program.

    Parameters
    ----------
    cells
        Of one range.

    Raises
    ------
    InputError
        If J or V is below 2, the orders do not divide J, a cell is not finite, or the cells are too
        few or vary too little beyond what a sub-ensemble or a row block adds to all its cells.
    """
    size, groups, blocks = cells.effects.shape
    if min(groups, blocks) < 2 or cells.orders < 2 or groups % cells.orders:
        raise InputError(
            "A learning curve needs at least 2 sub-ensembles, 2 row blocks and 2 orders whose "
            f"number divides that of the sub-ensembles, got {groups}, {blocks} and {cells.orders}."
        )
    if not np.isfinite(cells.effects).all():
        raise InputError(
            "Cells of a learning curve must be finite, got "
            f"{(~np.isfinite(cells.effects)).sum()} of {cells.effects.size} that are not."
        )
    found = nested_statistics(cells.effects, cells.orders)
    freedom = (groups - 1) * (blocks - 1)
    least = float(np.linalg.eigvalsh(found.rest)[0]) / freedom
    if freedom < size or not least > (LEAST_SPREAD * max(1, np.abs(cells.effects).max())) ** 2:
        raise InputError(
            f"The variance of a learning curve is not assessable from {groups} sub-ensembles by "
            f"{blocks} row blocks (mean changes {_told(found.mean)} %), which do not vary or are "
            f"fewer than its {size} fits need: leave the range out, or take more of both."
        )
    return {
        "F": size,
        "N": cells.n_now,
        "n": cells.kept,
        "J": groups,
        "V": blocks,
        "D": cells.orders,
        "y_mean": found.mean,
        "ss_s": found.between_orders,
        "ss_a": found.between_sub_ensembles,
        "ss_r": found.between_blocks,
        "ss_e": found.rest,
        "scale": overall_sd(cells.effects),
    }


def _told(values: FloatArray) -> str:
    return ", ".join(f"{value:g}" for value in values)
