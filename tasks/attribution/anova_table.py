"""Analysis of variance of balanced crossed designs: sums of squares and mean squares."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class AnovaTable:
    """Means, sums of squares and mean squares of designs of J sub-ensembles by V row blocks.

    A mean square is a sum of squares over its degrees of freedom: J - 1 between sub-ensembles,
    V - 1 between row blocks, and (J - 1)(V - 1) of the rest. A design that draws has D - 1 between
    draws, which the rest has fewer. Where sub-ensembles are nested in draws it is they that have
    D - 1 fewer: their sum of squares is then within draws, with J - D degrees of freedom.

    Attributes
    ----------
    n_sub_ensembles, n_blocks, n_draws
        J, V and D (0 where no design draws).
    drawn
        Whether each design draws, shape (...).
    nested
        Whether sub-ensembles are nested in draws.
    mean
        Mean of the cells of each design, shape (...).
    ss_sub_ensembles, ss_blocks, ss_draws, ss_rest
        Sums of squares between sub-ensembles, between row blocks, between draws, and of what is
        left, in the cells' unit squared, shape (...).

    References
    ----------
    Searle, Casella & McCulloch (1992), Variance Components, chapter 4.
    """

    n_sub_ensembles: int
    n_blocks: int
    n_draws: int
    drawn: npt.NDArray[np.bool_]
    nested: bool
    mean: FloatArray
    ss_sub_ensembles: FloatArray
    ss_blocks: FloatArray
    ss_draws: FloatArray
    ss_rest: FloatArray

    @property
    def ms_sub_ensembles(self) -> FloatArray:
        """Mean square between sub-ensembles."""
        return self.ss_sub_ensembles / (self.n_sub_ensembles - 1 - self.nested * self._of_draws)

    @property
    def ms_blocks(self) -> FloatArray:
        """Mean square between row blocks."""
        return self.ss_blocks / (self.n_blocks - 1)

    @property
    def ms_rest(self) -> FloatArray:
        """Mean square of the rest."""
        freedom = (self.n_sub_ensembles - 1) * (self.n_blocks - 1)
        return self.ss_rest / (freedom - (not self.nested) * self._of_draws)

    @property
    def ms_draws(self) -> FloatArray:
        """Mean square between draws; where nothing is drawn that which a draw of no effect has."""
        without = self._ms_without_draws
        return np.where(self.drawn, self.ss_draws / max(self.n_draws - 1, 1), without)

    @property
    def _of_draws(self) -> npt.NDArray[np.int64]:
        """Degrees of freedom between draws."""
        return self.drawn * (self.n_draws - 1)

    @property
    def _ms_without_draws(self) -> FloatArray:
        """What the mean square between draws would estimate if draws did not differ."""
        return self.ms_sub_ensembles if self.nested else self.ms_rest
