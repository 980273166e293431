"""Balanced two-way crossed designs: y_jv = effect + a_j + r_v + e_jv with random a, r and e."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tasks.errors import InputError

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class VarianceComponents:
    """Variances of a, r and e, in the cells' unit squared, shape (...)."""

    sub_ensembles: FloatArray
    blocks: FloatArray
    rest: FloatArray


@dataclass(frozen=True)
class CrossedStatistics:
    """Sufficient statistics of designs of J sub-ensembles by V row blocks.

    Where a, r and e are normal the four are independent: with variances s_a, s_r and s_e, `mean`
    is normal around the effect with variance s_a / J + s_r / V + s_e / (JV), and the sums of
    squares are V s_a + s_e, J s_r + s_e and s_e times chi-squares of J - 1, V - 1 and
    (J - 1)(V - 1) degrees of freedom.

    Attributes
    ----------
    n_sub_ensembles, n_blocks
        J and V.
    mean
        Mean of the cells of each design, shape (...).
    ss_sub_ensembles, ss_blocks, ss_rest
        Sums of squares between sub-ensembles, between row blocks, and of what is left, in the
        cells' unit squared, shape (...).
    """

    n_sub_ensembles: int
    n_blocks: int
    mean: FloatArray
    ss_sub_ensembles: FloatArray
    ss_blocks: FloatArray
    ss_rest: FloatArray

    @property
    def ms_sub_ensembles(self) -> FloatArray:
        """Mean square between sub-ensembles."""
        return self.ss_sub_ensembles / (self.n_sub_ensembles - 1)

    @property
    def ms_blocks(self) -> FloatArray:
        """Mean square between row blocks."""
        return self.ss_blocks / (self.n_blocks - 1)

    @property
    def ms_rest(self) -> FloatArray:
        """Mean square of the rest."""
        return self.ss_rest / ((self.n_sub_ensembles - 1) * (self.n_blocks - 1))

    @property
    def components(self) -> VarianceComponents:
        """Unbiased (ANOVA) variance components.

        Those of sub-ensembles and blocks come out below 0 now and then where they are small; cut
        at 0 they would be biased.

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
            rest=self.ms_rest,
        )

    @property
    def standard_error(self) -> FloatArray:
        """Standard error of `mean`, in the cells' unit, shape (...).

        Root of (MS_a + MS_r - MS_e) / (JV), whose expectation is s_a / J + s_r / V + s_e / (JV);
        never below what the rest alone gives.

        Examples
        --------
        >>> error = crossed_statistics([[1.0, 2.0], [3.0, 6.0]]).standard_error
        >>> round(float(error**2), 12)  # (9 + 4 - 1) / 4
        3.0
        """
        mean_square = self.ms_sub_ensembles + self.ms_blocks - self.ms_rest
        n_cells = self.n_sub_ensembles * self.n_blocks
        error: FloatArray = np.sqrt(np.maximum(mean_square, self.ms_rest) / n_cells)
        return error


def crossed_statistics(y: npt.ArrayLike) -> CrossedStatistics:
    """Sufficient statistics of crossed designs.

    Parameters
    ----------
    y
        Cells, shape (..., J, V).

    Raises
    ------
    InputError
        If J or V is below 2, or a cell is not finite.

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
    mean = cells.mean(axis=(-2, -1))
    centred = cells - mean[..., None, None]
    a, r = centred.mean(axis=-1), centred.mean(axis=-2)
    rest = centred - a[..., :, None] - r[..., None, :]
    return CrossedStatistics(
        n_sub_ensembles,
        n_blocks,
        mean,
        ss_sub_ensembles=n_blocks * np.square(a).sum(axis=-1),
        ss_blocks=n_sub_ensembles * np.square(r).sum(axis=-1),
        ss_rest=np.square(rest).sum(axis=(-2, -1)),
    )
