"""Classes that too few train rows show for a model to learn them: their rows are left out."""

import numpy as np
import polars as pl

from tasks.domain import Task
from tasks.relations.encoding import split_rows
from tasks.relations.events import LABEL, TIME
from tasks.relations.task_rows import ENTITY

LEAST = 10
"""Entities among the train rows, below which a class is left out: a bag misses a class of so many
once in 20,000 times."""
TWO = 2


def without_rare_classes(rows: pl.DataFrame, task: Task) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Leave out the rows of classes that fewer than ten entities show among the train rows.

    Nothing is left out of a regression, nor where fewer than two classes would be left: a model of
    two classes may be asked for one that is rare.

    Parameters
    ----------
    rows
        As `task_rows` gives them.
    task
        What is predicted.

    Returns
    -------
    tuple of polars.DataFrame and tuple of str
        The rows that are left in their order, and the classes that are not.

    References
    ----------
    RelBench's tasks leave out rows whose class no train row shows; see Robinson et al. (2024),
    arXiv:2407.20060.
    """
    if task.output != "classification":
        return rows, ()
    train, _, _ = split_rows(rows[TIME], task.split)
    shown = rows.filter(pl.Series(train)).group_by(LABEL).agg(pl.col(ENTITY).n_unique())
    frequent = shown.filter(pl.col(ENTITY) >= LEAST)[LABEL]
    classes = rows[LABEL].unique().sort()
    if len(frequent) < TWO or len(frequent) == len(classes):
        return rows, ()
    rare = classes.filter(~classes.is_in(frequent.implode()))
    names = tuple(str(int(one)) if _is_whole(one) else str(one) for one in rare)
    return rows.filter(pl.col(LABEL).is_in(frequent.implode())), names


def _is_whole(label: object) -> bool:
    return isinstance(label, float) and np.isfinite(label) and label == int(label)
