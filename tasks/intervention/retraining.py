"""Interventions made to the training rows: members fitted anew, and compared on the same rows."""

from collections import deque
from collections.abc import Iterator, Sequence

import numpy as np

from tasks.attribution.cells import cell_means, row_blocks
from tasks.intervention.changes import plan_change
from tasks.intervention.expected_parts import expected_parts
from tasks.intervention.faulty_database import FaultyDatabase, NotApplicable
from tasks.intervention.held_out import Bools, complete_rows, touched_rows
from tasks.intervention.known_rows import Known
from tasks.intervention.refitted_scores import refitted_scores
from tasks.intervention.refitting import Recipe, Refitted, refit
from tasks.intervention.replicate_cells import Action, FloatArray, ReplicateCells, too_little
from tasks.intervention.retrained_cells import RetrainedCells
from tasks.intervention.training_changes import training_changes
from tasks.progress import track
from tasks.relations.features import link_rows
from tasks.seeds import generator
from tasks.uncertainty.model_data import TrainingRows, evaluation_rows


def retrain(
    database: FaultyDatabase,
    train: Known,
    held_out: Known,
    actions: Sequence[Action],
    recipe: Recipe,
    *,
    blocks: int,
    most_rows: int,
    seed: int,
    fitted: Refitted | None = None,
) -> tuple[RetrainedCells | None, dict[str, str]]:
    """Make interventions to the training rows, fit the members anew, compare on held-out rows.

    The rows on which members are compared are the same before and after and for all interventions,
    and no intervention changes them: held-out rows that lead to no cell that one of these mends.
    What is drawn is drawn J / 2 times, given the targets of the training rows too
    (`informed_draws`), and each draw is what two of the J sub-ensembles are fitted to. Members have
    their bags and seeds in common before and after.

    Parameters
    ----------
    database
        As it is.
    train, held_out
        Rows to fit to, and rows of which some are scored.
    actions
        At tables, columns and the placebo, the most promising first.
    recipe
        How members are fitted.
    blocks
        V, blocks of held-out rows by entity.
    most_rows
        Most held-out rows that are scored.
    seed
        Of draws, blocks and the choice of rows.
    fitted
        The members as fitted to `train`, where they are known.

    Returns
    -------
    tuple of RetrainedCells and dict
        The interventions in replicate cells, None where none could be tried; and why others were
        not, by name.
    """
    if not actions:
        return None, {}
    held_links = link_rows(database.contract, database.tables, database.task, held_out.given.rows)
    touched: dict[Action, Bools] = {}
    left_out: dict[str, str] = {}
    for action in actions:
        try:
            change = plan_change(action, database, held_out.given, held_links)
        except NotApplicable as reason:
            left_out[str(action)] = str(reason)
        else:
            touched[action] = touched_rows(action, change, held_out.given, seed)
    complete, kept, too_few = complete_rows(touched, len(held_out.given.x), blocks)
    left_out |= too_few
    if not kept:
        return None, left_out
    chosen = evaluation_rows(
        complete, held_out.target.entities, most_rows, generator(seed, "rows to compare on")
    )
    scored = held_out.take(chosen)
    block = row_blocks(scored.target.entities, blocks, generator(seed, "blocks to compare on"))
    before = fitted or refit(recipe, [train.target])
    counts: deque[int] = deque()

    def changes() -> Iterator[list[TrainingRows]]:
        ensemble = before.parts[0]
        for count, training in training_changes(database, train, kept, recipe, ensemble, seed):
            counts.append(count)
            yield training

    def cells(scores: FloatArray) -> FloatArray:
        return cell_means(np.swapaxes(scores, -1, -2), block)

    rows = scored.given.x, scored.target.y
    scores = track(refitted_scores(recipe, changes(), *rows), "fits", len(kept))
    told, after, changed, now = [], [], [], cells(before.scores(*rows))
    for action, found in zip(kept, scores, strict=True):
        count, then = counts.popleft(), cells(found)
        if unnoticed := too_little(action, then[0], now[0]):
            left_out[str(action)] = f"Members fitted anew: {unnoticed}"
            continue
        told.append(action)
        after.append(then)
        changed.append(count)
    if not told:
        return None, left_out
    return _gather(told, changed, now, np.array(after), train, scored), left_out


def _gather(
    actions: Sequence[Action],
    changed: Sequence[int],
    before: FloatArray,
    after: FloatArray,
    train: Known,
    scored: Known,
) -> RetrainedCells:
    u, nll, crps, gap = before
    return RetrainedCells(
        ReplicateCells(
            actions=tuple(actions),
            changed=np.array(changed, dtype=np.int64),
            row_fraction=expected_parts(actions, changed),
            u_before=u,
            u_after=after[:, 0],
            nll_before=nll,
            nll_after=after[:, 1],
            nested=True,
        ),
        crps_before=crps,
        crps_after=after[:, 2],
        gap_before=gap,
        gap_after=after[:, 3],
        training_rows=len(train.given.x),
        held_out_rows=len(scored.given.x),
    )
