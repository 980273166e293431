"""What is told of the effects of interventions on a generated database."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tasks.calibration.coverage.scene import Scene
from tasks.domain import Costs, Node
from tasks.inference.effects import sample_effects
from tasks.intervention.changes import PLACEBO_ACTIONS
from tasks.intervention.leading import leading_actions, recommendable
from tasks.intervention.refitting import Recipe, Refitted
from tasks.intervention.replicate_cells import Action, FloatArray, ReplicateCells
from tasks.intervention.retrained_cells import RetrainedCells
from tasks.intervention.retraining import retrain
from tasks.intervention.simulation import simulate

ACTIONS = (
    Action(Node(table="items", column="weight"), "impute_missing"),
    Action(Node(table="items", column="weight"), "impute_mean"),
    Action(Node(table="items", column="price"), "impute_missing"),
    Action(Node(table="items", column="price"), "reduce_variance"),
    Action(Node(table="customers", column="distance"), "correct"),
    Action(Node(table="customers", column="segment"), "impute_missing"),
    Action(Node(table="sales", column="quantity"), "reduce_variance"),
    *(Action(Node(table=name), "improve_quality") for name in ("items", "customers", "sales")),
    *PLACEBO_ACTIONS,
)
"""Interventions on every generated database; those that change nothing are left out."""
CHAINS, WARMUP, DRAWS, ADAPT_DELTA = 2, 500, 750, 0.9


@dataclass(frozen=True)
class Told:
    """Effects as they are told.

    Attributes
    ----------
    cells
        Rows scored again.
    draws
        Of their effects, shape (S, K).
    retrained
        Members fitted anew, for the leading interventions; None where none could be tried.
    retrained_draws
        Of their effects.
    """

    cells: ReplicateCells
    draws: FloatArray
    retrained: RetrainedCells | None
    retrained_draws: FloatArray


def tell(scene: Scene, recipe: Recipe, *, leading: int, blocks: int, most_rows: int) -> Told:
    """Tell the effects of interventions as the main job does.

    Parameters
    ----------
    scene, recipe
        The database, and how members are fitted.
    leading
        Interventions for which members are fitted anew, and the placebo.
    blocks, most_rows
        V, and the rows that are scored.
    """
    cells, _ = simulate(scene.database, scene.evaluation, ACTIONS, scene.ranges, seed=recipe.seed)
    found, _ = retrain(
        scene.database,
        scene.known(scene.data.train),
        scene.known(scene.data.test),
        leading_actions(cells, Costs(), leading),
        recipe,
        blocks=blocks,
        most_rows=most_rows,
        seed=recipe.seed,
        fitted=Refitted(recipe.members, (scene.evaluation.ensemble,)),
    )
    return Told(
        cells,
        posterior(cells, recipe.seed),
        found,
        posterior(found.cells, recipe.seed) if found else np.empty((0, 0)),
    )


def posterior(cells: ReplicateCells, seed: int) -> FloatArray:
    """Draws of the effects, shape (S, K), from shorter chains than the main job's."""
    fit = sample_effects(
        cells, seed=seed, chains=CHAINS, warmup=WARMUP, draws=DRAWS, adapt_delta=ADAPT_DELTA
    )
    draws: FloatArray = fit.posterior["effect"].values.reshape(-1, len(cells.actions))
    return draws


def recommended(told: Told) -> Sequence[tuple[Action, float, bool]]:
    """Interventions at tables and columns with their mean effects, best first.

    The retrained effect counts where there is one (the last entry tells); illusory gains and the
    placebo are left out.
    """
    means = told.draws.mean(axis=0)
    listed = {told.cells.actions[k]: (float(means[k]), False) for k in recommendable(told.cells)}
    if told.retrained:
        anew = told.retrained_draws.mean(axis=0)
        for action, mean in zip(told.retrained.cells.actions, anew, strict=True):
            if action in told.retrained.worsened:
                listed.pop(action, None)
            elif action in listed:
                listed[action] = (float(mean), True)
    best_first = sorted(listed.items(), key=lambda entry: entry[1])
    return [(action, mean, is_anew) for action, (mean, is_anew) in best_first]
