"""How the effects of actions are pooled: by which law they spread around their parents' parts."""

from collections.abc import Iterable

import numpy as np

from tasks.domain import Level
from tasks.inference.comparison.compare import compare_models
from tasks.inference.comparison.record import ModelName
from tasks.inference.comparison.settings import ComparisonSettings
from tasks.inference.comparison.units import FEWEST, Units
from tasks.inference.effects_data import checked_statistics
from tasks.inference.level_pooling import LevelPooling
from tasks.inference.pooling_tree import LEVELS, canonical_order, pooling_tree
from tasks.intervention.replicate_cells import Action, ReplicateCells
from tasks.seeds import child_seed

HEAVY_TAILED: ModelName = "hierarchical_student_t"

Deviations = list[tuple[Action, float, float]]
"""Actions, how far each is from what it is pooled towards, and the standard error, in per cent."""


def choose_pooling(
    cells: ReplicateCells, settings: ComparisonSettings, *, seed: int, workers: int
) -> tuple[LevelPooling, ...]:
    """Compare hierarchical models of each level's effects; heavy tails only where they are asked.

    Whatever else the comparison recommends, effects are pooled by the normal law, whose sd is
    estimated: complete pooling is the case in which it is 0.

    Parameters
    ----------
    cells
        Effects of the actions in every replicate cell.
    settings
        Priors and thresholds.
    seed
        Of all random numbers. The result does not depend on the actions' order.
    workers
        Fits at the same time.

    Raises
    ------
    InputError
        As `tasks.inference.effects.fit_effects` does.
    RunError
        If a chain dies.
    """
    return tuple(
        _choose(
            level,
            deviations,
            settings,
            seed=int(child_seed(seed, f"pooling of {level}").generate_state(1, np.uint32)[0]),
            workers=workers,
        )
        for level, deviations in level_deviations(cells).items()
    )


def heavy_levels(pooling: Iterable[LevelPooling]) -> tuple[Level, ...]:
    """Levels whose effects spread by Student-t laws."""
    return tuple(of.level for of in pooling if of.heavy_tails)


def _choose(
    level: Level, deviations: Deviations, settings: ComparisonSettings, *, seed: int, workers: int
) -> LevelPooling:
    n = len(deviations)
    if n < FEWEST:
        return LevelPooling(
            level=level,
            units=n,
            recommended=None,
            heavy_tails=False,
            conclusion=f"Not compared: the spread of {n} cannot be told, at least {FEWEST} are "
            "needed.",
        )
    labels, y, sigma = zip(*deviations, strict=True)
    units = Units(tuple(map(str, labels)), np.array(y), np.array(sigma))
    found, _ = compare_models(units, settings, seed=seed, workers=workers)
    return LevelPooling(
        level=level,
        units=n,
        recommended=found.recommended,
        heavy_tails=found.recommended == HEAVY_TAILED,
        conclusion=found.conclusion,
    )


def level_deviations(cells: ReplicateCells) -> dict[Level, Deviations]:
    """Effect of each action less its part of its parent's, with the standard error, by level.

    Tables have no parent, nor have columns that are no part of their table's action, which count
    among tables; a latent table's effect is not known: nothing is taken off there.
    """
    ordered = cells.take(canonical_order(cells.actions))
    found = checked_statistics(ordered.actions, ordered.effects, nested=ordered.nested)
    tree = pooling_tree(ordered.actions, ordered.row_fraction)
    action_of = {int(node): k for k, node in enumerate(tree.node)}
    deviations: dict[Level, Deviations] = {level: [] for level in LEVELS}
    for k, (action, node) in enumerate(zip(ordered.actions, tree.node, strict=True)):
        y, variance = found.mean[k], found.error_of_mean[k] ** 2
        parent = action_of.get(int(tree.parent[node]))
        if parent is not None:
            y -= tree.fraction[node] * found.mean[parent]
            variance += (tree.fraction[node] * found.error_of_mean[parent]) ** 2
        level = LEVELS[tree.pooled_by[node]]
        deviations[level].append((action, float(y), float(np.sqrt(variance))))
    return deviations
