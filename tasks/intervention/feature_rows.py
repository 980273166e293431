"""Rows of a task with their features, of which interventions change some."""

from dataclasses import dataclass

import polars as pl

from tasks.intervention.replicate_cells import FloatArray
from tasks.relations.encoding import Encoder


@dataclass(frozen=True)
class FeatureRows:
    """Rows of a task as a model sees them.

    Attributes
    ----------
    rows
        N rows, as `task_rows` gives them.
    encoder
        What the columns of `x` are; the placebo is among them where the model has it.
    x
        Their features, shape (N, p).
    """

    rows: pl.DataFrame
    encoder: Encoder
    x: FloatArray
