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
    def freedom(self) -> FloatArray:
        """Degrees of freedom of sub-ensembles, row blocks, draws and the rest, shape (4, ...).

        Those of draws are infinite where nothing is drawn, as the mean square is then known.
        """
        between = self.n_sub_ensembles - 1
        of_draws = self.drawn * (self.n_draws - 1)
        return np.stack(
            [
                between - self.nested * of_draws,
                np.full(of_draws.shape, self.n_blocks - 1),
                np.where(self.drawn, of_draws, np.inf),
                between * (self.n_blocks - 1) - (not self.nested) * of_draws,
            ]
        )

    @property
    def ms_sub_ensembles(self) -> FloatArray:
        """Mean square between sub-ensembles."""
        return np.asarray(self.ss_sub_ensembles / self.freedom[0])

    @property
    def ms_blocks(self) -> FloatArray:
        """Mean square between row blocks."""
        return np.asarray(self.ss_blocks / self.freedom[1])

    @property
    def ms_draws(self) -> FloatArray:
        """Mean square between draws; where nothing is drawn that which a draw of no effect has."""
        return np.where(self.drawn, self.ss_draws / self.freedom[2], self.ms_without_draws)

    @property
    def ms_rest(self) -> FloatArray:
        """Mean square of the rest."""
        return np.asarray(self.ss_rest / self.freedom[3])

    @property
    def ms_without_draws(self) -> FloatArray:
        """What the mean square between draws estimates if draws do not differ."""
        return self.ms_sub_ensembles if self.nested else self.ms_rest
