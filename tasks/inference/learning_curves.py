"""What more training rows in a value range would be worth: learning curves of leading ranges."""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict

from tasks.attribution.cells import cell_means
from tasks.attribution.database import ROWS, ColumnRanges
from tasks.bayes.interval import Interval, intervals
from tasks.domain import PLACEBO, Node
from tasks.errors import InputError, RunError
from tasks.inference.acquisition_curve import fit_acquisition
from tasks.inference.acquisition_posterior import AcquisitionCurve
from tasks.intervention.acquisition_cells import acquisition_cells
from tasks.intervention.refitting import Recipe, row_scores
from tasks.intervention.replicate_cells import FloatArray
from tasks.intervention.rescoring import Evaluation
from tasks.progress import track
from tasks.seeds import child_seed
from tasks.uncertainty.model_data import TrainingRows

SURE = 0.95
"""Probability with which a reduction is to be reached by `LearningCurve.rows_for_sure`."""


class LearningCurve(BaseModel):
    """What more rows of a value range would bring.

    Attributes
    ----------
    node
        The range.
    rows
        Training rows in it now.
    more
        Rows that the effect is told for.
    effect
        Change of U in per cent that they bring.
    reducible
        Part of U in per cent that ever more rows would take away.
    worth
        A reduction of U in per cent.
    rows_for
        Rows until that is expected; None where ever more rows do not bring it.
    rows_for_sure
        Rows until it is reached with a probability of 95 %; None likewise.
    cost_per_unit
        Of each per cent of U taken away by `more` rows; None where a row has no price or nothing is
        taken away.
    diagnostics
        How the curve was sampled.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    node: Node
    rows: int
    more: int
    effect: Interval
    reducible: Interval
    worth: float
    rows_for: int | None
    rows_for_sure: int | None
    cost_per_unit: float | None
    diagnostics: Mapping[str, float | int | str]


def learning_curves(
    training: TrainingRows,
    evaluation: Evaluation,
    ranges: Mapping[tuple[str, str], ColumnRanges],
    leading: Sequence[Node],
    recipe: Recipe,
    *,
    most: int,
    worth: float,
    row_cost: float | None,
    seed: int,
) -> tuple[list[LearningCurve], dict[str, str]]:
    """Fit the learning curves of value ranges.

    Parameters
    ----------
    training
        The rows to which the ensemble was fitted.
    evaluation
        Rows that are scored, and the ensemble.
    ranges
        Value ranges by column, with the code of each training row.
    leading
        Ranges, the most promising first.
    recipe
        How the ensemble was fitted.
    most
        How many curves.
    worth
        Reduction of U in per cent for which rows are asked.
    row_cost
        Of one more row.
    seed
        Of the subsets of rows and of the draws.

    Returns
    -------
    tuple of list of LearningCurve and dict
        The curves, each for as many more rows as there are now; and why ranges before the last of
        these have none, by name.
    """
    before = _uncertainty_now(evaluation)
    curves: list[LearningCurve] = []
    left_out: dict[str, str] = {}
    for node in track(_real(leading), "learning curves", most):
        if len(curves) == most:
            break
        of_column = ranges.get((node.table, node.column))
        if of_column is None or node.range not in of_column.labels:
            continue
        inside = of_column.codes == of_column.labels.index(node.range)
        own = int(child_seed(seed, f"learning curve of {node}").generate_state(1)[0])
        try:
            cells = acquisition_cells(
                training,
                inside,
                before,
                evaluation.x,
                evaluation.y,
                evaluation.blocks,
                recipe,
                seed=own,
            )
            curve = fit_acquisition(cells, seed=own)
        except (InputError, RunError) as reason:
            left_out[str(node)] = f"No learning curve of {node}: {reason}"
            continue
        curves.append(curve_of(node, curve, worth, row_cost))
    return curves, left_out


def curve_of(
    node: Node, curve: AcquisitionCurve, worth: float, row_cost: float | None
) -> LearningCurve:
    """What the posterior of a learning curve says of as many more rows as there are now.

    Parameters
    ----------
    node
        The range.
    curve
        S draws, S >= 2.
    worth
        Reduction of U in per cent, above 0, for which rows are asked.
    row_cost
        Of one more row; None where it has no price.

    Returns
    -------
    LearningCurve
        Its effect is that of the rows that really come (`AcquisitionCurve.effect`); rows and costs
        follow from the mean over all rows that could come.

    Raises
    ------
    InputError
        If `worth` is not above 0, or the draws are fewer than two or not finite.
    """
    more = curve.n_now
    effect, reducible = intervals(np.array([curve.effect(more), 100 * curve.phi]).T)
    return LearningCurve(
        node=node,
        rows=curve.n_now,
        more=more,
        effect=effect,
        reducible=reducible,
        worth=worth,
        rows_for=curve.rows_until(worth),
        rows_for_sure=curve.rows_until(worth, SURE),
        cost_per_unit=None if row_cost is None else curve.cost_per_unit(more, row_cost),
        diagnostics=curve.diagnostics,
    )


def _real(leading: Sequence[Node]) -> list[Node]:
    """Ranges of values that a row can have."""
    return [node for node in leading if node.table != PLACEBO and node.column != ROWS]


def _uncertainty_now(evaluation: Evaluation) -> FloatArray:
    bounds = evaluation.members.bounds
    groups = [range(*pair) for pair in itertools.pairwise(bounds)]
    u = [row_scores(evaluation.ensemble.subset(g), evaluation.x, evaluation.y)[0] for g in groups]
    return cell_means(np.stack(u, axis=1), evaluation.blocks)
