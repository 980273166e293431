"""Rows scored by each sub-ensemble, before and after their features change."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tasks.attribution.members import SubEnsembles
from tasks.errors import InputError
from tasks.intervention.feature_rows import FeatureRows
from tasks.intervention.refitting import row_scores
from tasks.intervention.replicate_cells import FloatArray
from tasks.uncertainty.protocol import Ensemble, TargetArray


@dataclass(frozen=True)
class Evaluation(FeatureRows):
    """Rows on which uncertainty is measured, and the model that is asked.

    Attributes
    ----------
    rows, encoder, x
        As of `FeatureRows`.
    y
        Their target, shape (N,): numbers, or class codes.
    ensemble
        B members, fitted to other rows.
    members
        The members in J sub-ensembles.
    blocks
        Block of each row, 0 to V - 1, shape (N,).
    """

    y: TargetArray
    ensemble: Ensemble
    members: SubEnsembles
    blocks: npt.NDArray[np.intp]

    def __post_init__(self) -> None:
        shape = (self.rows.height, len(self.encoder.nodes))
        if self.x.shape != shape or not len(self.y) == len(self.blocks) == len(self.x):
            raise InputError(
                f"Features must be of shape {shape}, with one target and one block a row, got "
                f"{self.x.shape}, {len(self.y)} and {len(self.blocks)}."
            )
        if self.ensemble.n_members != self.members.n_members:
            raise InputError(
                f"The sub-ensembles must hold the ensemble's {self.ensemble.n_members} members, "
                f"got {self.members.n_members}."
            )

    @property
    def n_blocks(self) -> int:
        """V, the number of blocks."""
        return int(self.blocks.max()) + 1

    def score(self, group: int, rows: npt.NDArray[np.intp], x: FloatArray) -> FloatArray:
        """Epistemic uncertainty and negative log likelihood of rows, by one sub-ensemble.

        Parameters
        ----------
        group
            Which sub-ensemble, 0 to J - 1.
        rows
            Which of the N rows, n of them.
        x
            Features of these rows, as they are or changed, shape (n, p).

        Returns
        -------
        numpy.ndarray
            Shape (2, n): variance over the members (ddof 1), summed over classes; and in nats
            that of a normal with the epistemic and the members' mean noise variance, or the log
            loss of the mean probabilities.
        """
        ensemble = self.ensemble.subset(range(*self.members.bounds[group : group + 2]))
        return row_scores(ensemble, x, self.y[rows])[:2]
