"""What interventions make of the training rows."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from tasks.attribution.cells import nested_draws
from tasks.intervention.changes import Change, RepairChange, plan_change
from tasks.intervention.faulty_database import FaultyDatabase
from tasks.intervention.informed_draws import informed_draws
from tasks.intervention.known_rows import Known
from tasks.intervention.refitting import Recipe
from tasks.intervention.replicate_cells import Action, FloatArray
from tasks.relations.features import link_rows
from tasks.seeds import child_seed
from tasks.uncertainty.model_data import TrainingRows
from tasks.uncertainty.protocol import Ensemble


def training_changes(
    database: FaultyDatabase,
    train: Known,
    actions: Sequence[Action],
    recipe: Recipe,
    ensemble: Ensemble,
    seed: int,
) -> Iterator[tuple[int, list[TrainingRows]]]:
    """Make interventions to training rows.

    Parameters
    ----------
    database, train
        The database, and rows of it.
    actions
        What is done, one after the other.
    recipe
        How members are fitted: what is drawn is drawn half as often as there are sub-ensembles.
    ensemble
        Fitted to the rows as they are.
    seed
        Of the draws; an action's depend on this and its name alone.

    Yields
    ------
    tuple of int and list of TrainingRows
        Cells of the database that an intervention changes, and the rows after each draw of it.
    """
    given = train.given
    links = link_rows(database.contract, database.tables, database.task, given.rows)
    n_draws = int(nested_draws(len(recipe.members))[-1]) + 1
    for action in actions:
        change = plan_change(action, database, given, links)
        seeds = child_seed(seed, f"training rows, {action}").spawn(n_draws)
        if isinstance(change, RepairChange) and action.is_drawn:
            table = action.node.table
            after = informed_draws(change, table, given, train.target, links, ensemble, seeds)
        else:
            after = _draws(change, given.x, seeds if action.is_drawn else seeds[:1])
        yield change.changed, [replace(train.target, x=x) for x in after]


def _draws(
    change: Change, x: FloatArray, seeds: Sequence[np.random.SeedSequence]
) -> list[FloatArray]:
    """Features of all rows after each draw of a change."""
    drawn = []
    for seed in seeds:
        places, values = change.features(np.arange(len(x)), np.random.default_rng(seed))
        after = x.copy()
        after[:, places] = values
        drawn.append(after)
    return drawn
