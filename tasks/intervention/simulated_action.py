"""One action simulated: the rows that it changes, scored again in every replicate cell."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tasks.attribution.cells import cell_means, draw_of_cells, range_cell_means
from tasks.attribution.database import ColumnRanges, range_node
from tasks.intervention.changes import Change, plan_change
from tasks.intervention.faulty_database import FaultyDatabase, NotApplicable
from tasks.intervention.repairs import is_principal
from tasks.intervention.replicate_cells import Action, FloatArray
from tasks.intervention.rescoring import Evaluation
from tasks.relations.features import Links, link_rows
from tasks.seeds import child_seed

Ranges = Mapping[tuple[str, str], ColumnRanges]
"""Value ranges of columns, by table and name, with the code of each evaluation row."""


@dataclass(frozen=True)
class Scene:
    """What all actions of a simulation share.

    Attributes
    ----------
    database, evaluation
        The database and the rows before.
    links
        What the rows lead to in it.
    scores
        Their scores, shape (2, J, N).
    ranges
        Value ranges of columns.
    seed
        Of the draws.
    """

    database: FaultyDatabase
    evaluation: Evaluation
    links: Links
    scores: FloatArray
    ranges: Ranges
    seed: int

    def cells(self, scores: FloatArray) -> FloatArray:
        """Means of rows' scores, (2, J, N), over the blocks, (2, J, V)."""
        return cell_means(np.swapaxes(scores, -1, -2), self.evaluation.blocks)


def make_scene(
    database: FaultyDatabase, evaluation: Evaluation, ranges: Ranges, seed: int
) -> Scene:
    """Link the rows, and score them as they are.

    Parameters
    ----------
    database, evaluation, ranges, seed
        As of `Scene`.
    """
    every_row = np.arange(len(evaluation.x))
    scores = [evaluation.score(j, every_row, evaluation.x) for j in range(len(evaluation.members))]
    return Scene(
        database=database,
        evaluation=evaluation,
        links=link_rows(database.contract, database.tables, database.task, evaluation.rows),
        scores=np.stack(scores, axis=1),
        ranges=ranges,
        seed=seed,
    )


@dataclass(frozen=True)
class Simulated:
    """An action in its replicate cells.

    Attributes
    ----------
    action, changed
        As in `ReplicateCells`.
    touched
        Number of evaluation rows whose features change.
    after
        Uncertainty and negative log likelihood, shape (2, J, V).
    """

    action: Action
    changed: int
    touched: int
    after: FloatArray


def simulate_action(scene: Scene, action: Action) -> list[Simulated]:
    """Simulate an action, and where it is its column's principal one, at the value ranges too.

    Parameters
    ----------
    scene
        What all actions share.
    action
        At a table or a column.

    Raises
    ------
    NotApplicable
        If it changes nothing, does what another intervention does, or nothing tells what it would
        do.
    """
    change = plan_change(action, scene.database, scene.evaluation, scene.links)
    scores, touched = score_changed(scene, change, str(action))
    if np.array_equal(scores, scene.scores):
        raise NotApplicable(f"{action} changes no prediction for an evaluation row.")
    whole = Simulated(action, change.changed, int(touched.sum()), scene.cells(scores))
    ranges = scene.ranges.get((action.node.table, action.node.column))
    if ranges is None or not is_principal(scene.database, action):
        return [whole]
    return [whole, *_at_ranges(scene, action, ranges, scores, touched)]


def score_changed(
    scene: Scene, change: Change, name: str
) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Score the rows that a change touches again, in every replicate cell.

    Parameters
    ----------
    scene
        What all actions share.
    change
        What becomes of the rows.
    name
        Of the seed of its draws.

    Returns
    -------
    tuple of numpy.ndarray
        Scores of the rows after the change, shape (2, J, N), and which rows it touched.
    """
    evaluation = scene.evaluation
    every_row, groups = np.arange(len(evaluation.x)), len(evaluation.members)
    draw_of_cell = draw_of_cells(groups, evaluation.n_blocks)
    n_draws = int(draw_of_cell.max()) + 1 if change.is_random else 1
    draws = [
        change.features(every_row, np.random.default_rng(seed))
        for seed in child_seed(scene.seed, name).spawn(n_draws)
    ]
    places, values = draws[0][0], np.stack([drawn for _, drawn in draws])
    scores, touched = scene.scores.copy(), np.zeros(len(every_row), dtype=bool)
    for j in range(groups):
        x = evaluation.x.copy()
        x[:, places] = values[draw_of_cell[j, evaluation.blocks] % n_draws, every_row]
        same = (x == evaluation.x) | (np.isnan(x) & np.isnan(evaluation.x))
        rows = np.flatnonzero(~same.all(axis=1))
        if len(rows):
            scores[:, j, rows] = evaluation.score(j, rows, x[rows])
            touched[rows] = True
    return scores, touched


def _at_ranges(
    scene: Scene,
    action: Action,
    ranges: ColumnRanges,
    scores: FloatArray,
    touched: npt.NDArray[np.bool_],
) -> list[Simulated]:
    """The action at the value ranges whose rows it touches: their effects sum to the column's."""
    codes, column = ranges.codes, (action.node.table, action.node.column)
    parts = [
        range_cell_means(difference.T, codes, len(ranges.labels), scene.evaluation.blocks)
        for difference in scores - scene.scores
    ]
    after = scene.cells(scene.scores)[:, None] + np.stack(parts)
    return [
        Simulated(
            action=Action(range_node(column, label), action.intervention),
            changed=int(touched[codes == code].sum()),
            touched=int(touched[codes == code].sum()),
            after=after[:, code],
        )
        for code, label in enumerate(ranges.labels)
        if touched[codes == code].any()
    ]
