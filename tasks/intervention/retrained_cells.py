"""Uncertainty and quality before and after members are fitted anew, in replicate cells."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from tasks.attribution.crossed import crossed_statistics
from tasks.intervention.cell_table import cells_from_table, cells_to_table, cube
from tasks.intervention.replicate_cells import Action, FloatArray, ReplicateCells

QUALITIES = ("crps", "gap")
ONE_SIDED = 1.645
"""Standard errors by which a score must be worse to be called so: 95 %, one-sided."""


@dataclass(frozen=True)
class RetrainedCells:
    """K actions in J x V cells, all on the same rows, which no action changes.

    Attributes
    ----------
    cells
        Sub-ensembles are nested in draws.
    crps_before, crps_after
        Mean CRPS of the rows of a cell, in the target's unit (Brier score of a class), shapes
        (J, V) and (K, J, V).
    gap_before, gap_after
        How much too sure the predictions are, as `tasks.intervention.refitting.row_scores` says,
        the same shapes.
    training_rows, held_out_rows
        How many rows the members were fitted to, and how many they were scored on.
    """

    cells: ReplicateCells
    crps_before: FloatArray
    crps_after: FloatArray
    gap_before: FloatArray
    gap_after: FloatArray
    training_rows: int
    held_out_rows: int

    @property
    def worsened(self) -> frozenset[Action]:
        """Interventions after which the held-out likelihood is worse by more than chance.

        Those of them that lower U are illusory gains.
        """
        change = crossed_statistics(self.cells.nll_changes, self.cells.drawn, nested=True)
        worse = change.mean > ONE_SIDED * change.standard_error
        return frozenset(a for a, is_so in zip(self.cells.actions, worse, strict=True) if is_so)


def retrained_to_table(found: RetrainedCells) -> pl.DataFrame:
    """Write the cells out: the columns of `cells_to_table`, and those of further scores."""
    table = cells_to_table(found.cells)
    shape = found.cells.u_after.shape
    return table.with_columns(
        *(
            pl.Series(
                f"{name}_{when}", np.broadcast_to(getattr(found, f"{name}_{when}"), shape).ravel()
            )
            for name in QUALITIES
            for when in ("before", "after")
        ),
        training_rows=pl.lit(found.training_rows),
        held_out_rows=pl.lit(found.held_out_rows),
    )


def retrained_from_table(table: pl.DataFrame) -> RetrainedCells:
    """Read what `retrained_to_table` wrote."""
    return RetrainedCells(
        cells=cells_from_table(table),
        crps_before=cube(table, "crps_before")[0],
        crps_after=cube(table, "crps_after"),
        gap_before=cube(table, "gap_before")[0],
        gap_after=cube(table, "gap_after"),
        training_rows=table["training_rows"][0],
        held_out_rows=table["held_out_rows"][0],
    )
