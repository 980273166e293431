"""Balanced crossed designs: y_jv = effect + a_j + r_v + s_d + e_jv with random a, r, s and e.

The draw d of cell (j, v) is that of `draw_of_cells`, or, where sub-ensembles are nested in draws,
that of `nested_draws`; only designs that draw have an s.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tasks.attribution.anova_table import AnovaTable
from tasks.attribution.cells import draw_of_cells, nested_draws
from tasks.errors import InputError

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class VarianceComponents:
    """Variances of a, r, s and e, in the cells' unit squared, shape (...)."""

    sub_ensembles: FloatArray
    blocks: FloatArray
    draws: FloatArray
    rest: FloatArray


@dataclass(frozen=True)
class CrossedStatistics(AnovaTable):
    """Sufficient statistics of designs of J sub-ensembles by V row blocks, some with D draws.

    Where a, r, s and e are normal the five are independent: with variances v_a, v_r, v_s and v_e,
    `mean` is normal around the effect with variance v_a / J + v_r / V + v_s / D + v_e / (JV), and
    the sums of squares are V v_a + v_e, J v_r + v_e, (JV / D) v_s + v_e and v_e times chi-squares
    of the degrees of freedom that `AnovaTable` tells, which has the attributes too. A design that
    draws nothing has no v_s. Where sub-ensembles are nested in draws the sum of squares between
    draws is (JV / D) v_s + V v_a + v_e times its chi-square.
    """

    @property
    def components(self) -> VarianceComponents:
        """Unbiased (ANOVA) variance components.

        All but that of the rest come out below 0 now and then where they are small; cut at 0 they
        would be biased.

        References
        ----------
        Searle, Casella & McCulloch (1992), Variance Components, chapter 4.

        Examples
        --------
        >>> found = crossed_statistics([[1.0, 2.0], [3.0, 6.0]]).components
        >>> float(found.sub_ensembles), float(found.blocks), float(found.rest)
        (4.0, 1.5, 1.0)
        """
        return VarianceComponents(
            sub_ensembles=(self.ms_sub_ensembles - self.ms_rest) / self.n_blocks,
            blocks=(self.ms_blocks - self.ms_rest) / self.n_sub_ensembles,
            draws=(self.ms_draws - self.ms_without_draws) * self.n_draws / self._n_cells,
            rest=self.ms_rest,
        )

    @property
    def error_of_mean(self) -> FloatArray:
        """Standard error of `mean` as an estimate of the effect, in the cells' unit, shape (...).

        Its square is (MS_a + MS_r + MS_s - 2 MS_e) / (JV), or (MS_r + MS_s - MS_e) / (JV) where
        sub-ensembles are nested in draws; its expectation is
        v_a / J + v_r / V + v_s / D + v_e / (JV). Never below what the rest alone gives.
        """
        between = self.ms_sub_ensembles - self.ms_without_draws + self.ms_draws
        mean_square = between + self.ms_blocks - self.ms_rest
        error: FloatArray = np.sqrt(np.maximum(mean_square, self.ms_rest) / self._n_cells)
        return error

    @property
    def standard_error(self) -> FloatArray:
        """Standard error of `mean` as an estimate of what is really done, shape (...).

        Of a design that draws that is one more draw: to the square of `error_of_mean` comes the
        component v_s of the draw itself.

        Examples
        --------
        >>> error = crossed_statistics([[1.0, 2.0], [3.0, 6.0]]).standard_error
        >>> round(float(error**2), 12)  # (9 + 4 - 1) / 4
        3.0
        """
        of_draw = np.maximum(self.components.draws, 0)
        error: FloatArray = np.sqrt(np.square(self.error_of_mean) + of_draw)
        return error

    @property
    def _n_cells(self) -> int:
        return self.n_sub_ensembles * self.n_blocks


def crossed_statistics(
    y: npt.ArrayLike, drawn: npt.ArrayLike = False, *, nested: bool = False
) -> CrossedStatistics:
    """Sufficient statistics of crossed designs.

    Parameters
    ----------
    y
        Cells, shape (..., J, V).
    drawn
        Whether each design draws, shape (...).
    nested
        Whether sub-ensembles are nested in draws.

    Raises
    ------
    InputError
        If J or V is below 2, a cell is not finite, or a design draws and J and V leave no degree
        of freedom for the rest.

    Examples
    --------
    >>> found = crossed_statistics([[1.0, 2.0], [3.0, 6.0]])
    >>> [float(s) for s in (found.mean, found.ss_sub_ensembles, found.ss_blocks, found.ss_rest)]
    [3.0, 9.0, 4.0, 1.0]
    """
    cells = np.asarray(y, dtype=np.float64)
    if cells.ndim < 2 or min(cells.shape[-2:]) < 2:
        raise InputError(
            "A crossed design needs at least 2 sub-ensembles and 2 row blocks, got shape "
            f"{cells.shape}: take more sub-ensembles or blocks."
        )
    if not np.isfinite(cells).all():
        raise InputError(
            f"Cells must be finite, got {(~np.isfinite(cells)).sum()} of {cells.size} that are not."
        )
    n_sub_ensembles, n_blocks = cells.shape[-2:]
    is_drawn = np.broadcast_to(np.asarray(drawn, dtype=bool), cells.shape[:-2])
    draw_of_cell = _draws(n_sub_ensembles, n_blocks, nested) if is_drawn.any() else None
    mean = cells.mean(axis=(-2, -1))
    centred = cells - mean[..., None, None]
    a, r = centred.mean(axis=-1), centred.mean(axis=-2)
    rest = centred - a[..., :, None] - r[..., None, :]
    of_a = np.broadcast_to(a[..., :, None], cells.shape)
    between = np.zeros_like(rest)
    if draw_of_cell is not None:
        means = _draw_means(of_a if nested else rest, draw_of_cell)
        between = np.where(is_drawn[..., None, None], means, 0.0)
    left_a, left = (of_a - between, rest) if nested else (of_a, rest - between)
    return CrossedStatistics(
        n_sub_ensembles,
        n_blocks,
        0 if draw_of_cell is None else int(draw_of_cell.max()) + 1,
        is_drawn,
        nested,
        mean,
        ss_sub_ensembles=np.square(left_a).sum(axis=(-2, -1)),
        ss_blocks=n_sub_ensembles * np.square(r).sum(axis=-1),
        ss_draws=np.square(between).sum(axis=(-2, -1)),
        ss_rest=np.square(left).sum(axis=(-2, -1)),
    )


def _draws(groups: int, blocks: int, nested: bool) -> npt.NDArray[np.intp]:
    """The draw that each cell sees, shape (J, V)."""
    if not nested:
        return draw_of_cells(groups, blocks)
    return np.broadcast_to(nested_draws(groups)[:, None], (groups, blocks))


def _draw_means(cells: FloatArray, draw_of_cell: npt.NDArray[np.intp]) -> FloatArray:
    """Put in each cell's place the mean of the cells that see the same draw."""
    sees = draw_of_cell == np.arange(draw_of_cell.max() + 1)[:, None, None]
    means = np.einsum("...jv,djv->...d", cells, sees / sees[0].sum())
    return np.asarray(means[..., draw_of_cell])
