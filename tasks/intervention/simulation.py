"""Interventions simulated: uncertainty and likelihood before and after, in replicate cells."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from tasks.intervention.expected_parts import expected_parts
from tasks.intervention.faulty_database import FaultyDatabase, NotApplicable
from tasks.intervention.replicate_cells import Action, FloatArray, ReplicateCells, too_little
from tasks.intervention.rescoring import Evaluation
from tasks.intervention.simulated_action import (
    Ranges,
    Scene,
    Simulated,
    make_scene,
    simulate_action,
)
from tasks.parallel import spread
from tasks.progress import track

MOST_TO_COPY = 100_000_000
"""Bytes of a database that each process gets its own copy of; threads share a larger one."""


def simulate(
    database: FaultyDatabase,
    evaluation: Evaluation,
    actions: Sequence[Action],
    ranges: Ranges,
    *,
    seed: int,
    workers: int = 1,
) -> tuple[ReplicateCells, dict[str, str]]:
    """Simulate interventions by scoring the rows that they change again with the same members.

    What an action draws is drawn for the whole database, independently a few times: sub-ensemble j
    predicts the rows of block v under the draw that `draw_of_cells` gives to the cell (j, v). Rows
    that do not change keep their scores.

    What is drawn knows nothing of the target. The uncertainty after such a repair has the law that
    it would have after the true one; the likelihood has not: a target that another value brought
    about is predicted worse, so that its change errs upwards.

    Parameters
    ----------
    database
        The database as it is.
    evaluation
        Rows, ensemble, sub-ensembles and blocks.
    actions
        At tables and columns.
    ranges
        For columns whose principal intervention (the first of ``correct``, ``impute_missing``,
        ``reduce_variance`` that is applicable) is among the actions: it is told for each value
        range too, as what it does to the rows of the range.
    seed
        Of the draws. An action's draws depend on this and its name alone, not on other actions.
    workers
        Actions at the same time; the result does not depend on it.

    Returns
    -------
    tuple of ReplicateCells and dict
        The actions in their order, each followed by its value ranges; and why those that are left
        out are left out, a sentence for each by its name.

    Raises
    ------
    InputError
        If the uncertainty before is 0 in a cell.
    """
    scene = make_scene(database, evaluation, ranges, seed)
    chosen = list(dict.fromkeys(actions))
    done: list[Simulated] = []
    left_out: dict[str, str] = {}
    outcomes = spread(
        partial(_outcome, scene),
        chosen,
        workers=workers,
        in_threads=database.size > MOST_TO_COPY,
    )
    tracked = track(outcomes, "interventions", len(chosen))
    for action, outcome in zip(chosen, tracked, strict=True):
        if isinstance(outcome, str):
            left_out[str(action)] = outcome
        else:
            done += outcome
    before = scene.cells(scene.scores)
    told, negligible = _tell_apart(done, before[0])
    return _gather(told, before), left_out | negligible


def _tell_apart(
    done: Sequence[Simulated], u_before: FloatArray
) -> tuple[list[Simulated], dict[str, str]]:
    """Those that change U in at least half of the cells, and why the others are left out.

    The placebo is told wherever it changes anything. Value ranges are left out without a word.
    """
    told: list[Simulated] = []
    reasons: dict[str, str] = {}
    for one in done:
        reason = too_little(one.action, one.after[0], u_before)
        if not reason:
            told.append(one)
        elif one.action.node.level != "range":
            reasons[str(one.action)] = reason
    return told, reasons


def _outcome(scene: Scene, action: Action) -> list[Simulated] | str:
    """The action in its cells, or why it is left out."""
    try:
        return simulate_action(scene, action)
    except NotApplicable as reason:
        return str(reason)


def _gather(done: Sequence[Simulated], before: FloatArray) -> ReplicateCells:
    u_before, nll_before = before
    after = np.array([one.after for one in done]).reshape(len(done), 2, *u_before.shape)
    actions = tuple(one.action for one in done)
    return ReplicateCells(
        actions=actions,
        changed=np.array([one.changed for one in done], dtype=np.int64),
        row_fraction=expected_parts(actions, [one.touched for one in done]),
        u_before=u_before,
        u_after=after[:, 0],
        nll_before=nll_before,
        nll_after=after[:, 1],
    )
