"""Scores of rows by members that are fitted anew, to change after change of the training rows."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import get_args

import numpy as np

from tasks.intervention.refitting import Recipe, fit_run, run_scores, runs_of
from tasks.intervention.replicate_cells import FloatArray
from tasks.parallel import spread
from tasks.uncertainty.backbone import OfTrees
from tasks.uncertainty.model_data import TrainingRows
from tasks.uncertainty.protocol import TargetArray


def refitted_scores(
    recipe: Recipe, training: Iterable[Sequence[TrainingRows]], x: FloatArray, y: TargetArray
) -> Iterator[FloatArray]:
    """Fit members anew to one change of the training rows after another, and score rows by them.

    Parameters
    ----------
    recipe
        How. The sub-ensembles of all changes are fitted beside each other where they are trees;
        networks are trained together.
    training
        Of each change D sets of rows, as `refit` takes them; asked for in this thread.
    x, y
        Features, shape (n, p), and target, shape (n,).

    Yields
    ------
    numpy.ndarray
        Of each change, shape (4, J, n): as of `Refitted.scores`.

    Raises
    ------
    InputError
        As of `refit`.
    """
    are_trees = recipe.backbone in get_args(OfTrees)
    counts: deque[int] = deque()

    def fits() -> Iterator[tuple[range, TrainingRows]]:
        for sets in training:
            parts = [
                (part, rows)
                for run, rows in zip(runs_of(recipe.members, len(sets)), sets, strict=True)
                for part in ([range(j, j + 1) for j in run] if are_trees else [run])
            ]
            counts.append(len(parts))
            yield from parts

    scores = spread(
        partial(_fitted_scores, recipe, x, y),
        fits(),
        workers=recipe.workers if are_trees else 1,
    )
    for first in scores:
        rest = islice(scores, counts.popleft() - 1)
        yield np.concatenate([first, *rest], axis=1)


def _fitted_scores(
    recipe: Recipe, x: FloatArray, y: TargetArray, fit: tuple[range, TrainingRows]
) -> FloatArray:
    run, rows = fit
    return run_scores(recipe.members, run, fit_run(recipe, run, rows, workers=1), x, y)
