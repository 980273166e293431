"""Effects of actions with intervals from mechanisms fitted to resampled rows."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd
from scipy import stats

from tasks.intervention.structural.action import NodeAction
from tasks.intervention.structural.bootstrap import ancestral_model, refit_on_resample
from tasks.intervention.structural.effects import (
    LEVEL,
    FloatArray,
    NodeEffect,
    labels_of,
    mean_changes,
    summarise,
)
from tasks.intervention.structural.propagation import (
    Columns,
    draw_noise,
    propagate,
    recomputed_nodes,
)
from tasks.intervention.structural.queries import as_columns, counterfactual_values
from tasks.intervention.structural.replicates import Replicate, Statistics, run_replicates
from tasks.intervention.structural_model import StructuralModel

REPLICATES = 50


def interventional_effects(
    model: StructuralModel,
    actions: Sequence[NodeAction],
    before: pd.DataFrame,
    after: pd.DataFrame,
    *,
    rng: np.random.Generator,
    replicates: int = REPLICATES,
    workers: int = 1,
) -> tuple[NodeEffect, ...]:
    """Summarise samples under an intervention, with intervals.

    Each replicate fits the mechanisms of the affected nodes and of all their ancestors to resampled
    rows and draws as many units anew: its change varies about the estimate as the estimate about
    the truth. The interval of a mean is the estimate plus and minus as many standard deviations of
    the replicates as a quantile of Student's t tells, with one degree of freedom less than there
    are replicates.

    Parameters
    ----------
    model
        Fitted mechanisms.
    actions
        On different nodes.
    before, after
        From `interventional_samples` under these actions.
    rng
        Each replicate draws from a child of its own.
    replicates
        How many; at least 2.
    workers
        Number of processes; the result does not depend on it.

    Returns
    -------
    tuple
        Effect on every node, causes before effects; on those that the actions do not affect it is
        exactly 0.

    Raises
    ------
    InputError
        If there are too few replicates, or resampled rows lack the labels that a fit needs.

    References
    ----------
    .. [1] B. Efron and R. J. Tibshirani, An Introduction to the Bootstrap (1993), chapters 6, 12.
    """
    affected = model.graph.affected_by(action.node for action in actions)
    part = ancestral_model(model, affected)
    replicate = partial(_drawn_again, part, actions, len(before), affected, labels_of(model))
    half_widths = _half_widths(replicate, rng, replicates, workers)
    return summarise(
        _ordered(model, before),
        _ordered(model, after),
        labels_of(model),
        half_widths,
        units_are_drawn=True,
    )


def counterfactual_effects(
    model: StructuralModel,
    actions: Sequence[NodeAction],
    before: pd.DataFrame,
    after: pd.DataFrame,
    *,
    rng: np.random.Generator,
    replicates: int = REPLICATES,
    workers: int = 1,
) -> tuple[NodeEffect, ...]:
    """Summarise counterfactuals, with intervals.

    As `interventional_effects`, but `before` holds the given units and `after` what
    `counterfactual_samples` made of them. Intervals are those of the mean change of these units:
    nothing is drawn but the rows to which mechanisms are fitted anew, so that a node that the
    actions reach through no mechanism has an interval without width.
    """
    affected = model.graph.affected_by(action.node for action in actions)
    factual = _ordered(model, before)
    replicate = partial(_given_again, model, actions, factual, affected, labels_of(model))
    half_widths = _half_widths(replicate, rng, replicates, workers)
    return summarise(
        factual, _ordered(model, after), labels_of(model), half_widths, units_are_drawn=False
    )


def _drawn_again(
    model: StructuralModel,
    actions: Sequence[NodeAction],
    n: int,
    affected: Collection[str],
    labels: Mapping[str, list[str]],
    rng: np.random.Generator,
) -> Statistics:
    refitted = refit_on_resample(model, model.graph.nodes, actions, rng)
    noise = draw_noise(refitted, n, rng)
    before = propagate(refitted, noise, ())
    return mean_changes(before, propagate(refitted, noise, actions, before), affected, labels)


def _given_again(
    model: StructuralModel,
    actions: Sequence[NodeAction],
    factual: Columns,
    affected: Collection[str],
    labels: Mapping[str, list[str]],
    rng: np.random.Generator,
) -> Statistics:
    refitted = refit_on_resample(model, recomputed_nodes(model.graph, actions), actions, rng)
    after = counterfactual_values(refitted, factual, actions)
    return mean_changes(factual, after, affected, labels)


def _ordered(model: StructuralModel, frame: pd.DataFrame) -> Columns:
    """Columns, causes before effects."""
    return as_columns(frame[list(model.graph.order)])


def _half_widths(
    replicate: Replicate, rng: np.random.Generator, replicates: int, workers: int
) -> dict[str, FloatArray]:
    """Of the interval of each mean change."""
    done = run_replicates(replicate, rng, replicates, workers)
    quantile = float(stats.t.ppf((1 + LEVEL) / 2, replicates - 1))
    return {
        node: quantile * np.std([changes[node] for changes in done], axis=0, ddof=1)
        for node in done[0]
    }
