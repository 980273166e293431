"""Members fitted anew to changed training rows, with the random numbers of the first fit."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tasks.attribution.members import SubEnsembles
from tasks.errors import InputError
from tasks.intervention.replicate_cells import FloatArray
from tasks.uncertainty.backbone import Backbone
from tasks.uncertainty.backbones import fit_members
from tasks.uncertainty.bagging import MemberSettings
from tasks.uncertainty.decomposition import split_entropy, split_variance
from tasks.uncertainty.model_data import TrainingRows
from tasks.uncertainty.neural_ensemble import NeuralEnsemble
from tasks.uncertainty.protocol import Ensemble, TargetArray
from tasks.uncertainty.scores import brier, crps_normal, gaussian_nll, log_loss
from tasks.uncertainty.tree_ensemble import TreeEnsemble

Score = Literal["u", "nll", "crps", "gap"]
SCORES: tuple[Score, ...] = ("u", "nll", "crps", "gap")
"""Scores of a row: epistemic uncertainty, negative log likelihood, CRPS and calibration gap."""
LEVEL, NORMAL = 0.9, 1.6448536269514722
"""Of the predictive interval whose coverage is looked at, and its half width in sds."""


@dataclass(frozen=True)
class Recipe:
    """How an ensemble is fitted, whatever the rows are.

    Attributes
    ----------
    backbone
        What the members are.
    seed
        Of the fit. Members that are fitted again have their random numbers in common.
    members
        The members in J sub-ensembles.
    workers
        Fits at the same time; the result does not depend on it.
    settings
        Of members that are trees, where they are not the backbone's own.
    """

    backbone: Backbone
    seed: int
    members: SubEnsembles
    workers: int
    settings: MemberSettings | None = None


@dataclass(frozen=True)
class Refitted:
    """An ensemble whose J sub-ensembles were fitted to D sets of training rows.

    Attributes
    ----------
    members
        The members in J sub-ensembles.
    parts
        The ensemble of each set: J / D sub-ensembles that follow each other.
    """

    members: SubEnsembles
    parts: tuple[Ensemble, ...]

    def scores(self, x: FloatArray, y: TargetArray) -> FloatArray:
        """Scores of rows by each sub-ensemble.

        Parameters
        ----------
        x, y
            Features, shape (n, p), and target, shape (n,).

        Returns
        -------
        numpy.ndarray
            Shape (4, J, n): `SCORES`.
        """
        runs = runs_of(self.members, len(self.parts))
        scored = [
            run_scores(self.members, run, part, x, y)
            for run, part in zip(runs, self.parts, strict=True)
        ]
        return np.concatenate(scored, axis=1)


def refit(recipe: Recipe, training: Sequence[TrainingRows]) -> Refitted:
    """Fit the members anew, those of each D-th of the sub-ensembles to one set of rows.

    Parameters
    ----------
    recipe
        How.
    training
        D sets of rows; D divides J.

    Raises
    ------
    InputError
        If D does not divide J, or the rows break a rule of the members.
    """
    runs = runs_of(recipe.members, len(training))
    parts = (
        fit_run(recipe, run, rows, recipe.workers) for run, rows in zip(runs, training, strict=True)
    )
    return Refitted(recipe.members, tuple(parts))


def runs_of(members: SubEnsembles, sets: int) -> list[range]:
    """Sub-ensembles that are fitted to each of D sets of rows.

    Raises
    ------
    InputError
        If D does not divide J.
    """
    groups = len(members)
    if not sets or groups % sets:
        raise InputError(
            "The sub-ensembles must be shared out evenly over the sets of training rows, got "
            f"{groups} sub-ensembles for {sets} sets."
        )
    return [range(first, first + groups // sets) for first in range(0, groups, groups // sets)]


def fit_run(
    recipe: Recipe, run: range, rows: TrainingRows, workers: int
) -> TreeEnsemble | NeuralEnsemble:
    """Fit the members of some sub-ensembles that follow each other.

    Parameters
    ----------
    recipe
        How.
    run
        Numbers of the sub-ensembles.
    rows
        To fit to.
    workers
        Members that are fitted at the same time.
    """
    first, end = recipe.members.bounds[run.start], recipe.members.bounds[run.stop]
    return fit_members(
        rows,
        recipe.backbone,
        seed=recipe.seed,
        members=end - first,
        first=first,
        workers=workers,
        settings=recipe.settings,
    )


def run_scores(
    members: SubEnsembles, run: range, ensemble: Ensemble, x: FloatArray, y: TargetArray
) -> FloatArray:
    """Scores of rows by each of some sub-ensembles that follow each other.

    Parameters
    ----------
    members
        All sub-ensembles.
    run
        Numbers of these.
    ensemble
        Their members.
    x, y
        Features, shape (n, p), and target, shape (n,).

    Returns
    -------
    numpy.ndarray
        Shape (4, sub-ensembles, n): `SCORES`.
    """
    bounds = np.array(members.bounds) - members.bounds[run.start]
    chosen = [range(bounds[j], bounds[j + 1]) for j in run]
    return np.stack([row_scores(ensemble.subset(of), x, y) for of in chosen], axis=1)


def row_scores(ensemble: Ensemble, x: FloatArray, y: TargetArray) -> FloatArray:
    """Scores of rows by an ensemble.

    Parameters
    ----------
    ensemble
        At least 2 members.
    x, y
        Features, shape (n, p), and target, shape (n,).

    Returns
    -------
    numpy.ndarray
        Shape (4, n). Regression: variance over the members (ddof 1); negative log likelihood in
        nats and CRPS, in the target's unit, of a normal with the epistemic and the members' mean
        noise variance; and 0.9 less whether its central 90 % interval holds the target.
        Classification: that variance summed over classes, log loss and Brier score of the mean
        probabilities, and the largest of these less whether its class is the right one. The last
        has mean 0 where predictions are calibrated, and is above 0 where they are too sure.
    """
    predictions = ensemble.predict_members(x)
    mean = predictions.mean(axis=0)
    if predictions.ndim == 3:
        codes = y.astype(np.int64)
        u = split_entropy(predictions).label_variance
        hit = mean.argmax(axis=1) == codes
        return np.stack([u, log_loss(codes, mean), brier(codes, mean), mean.max(axis=1) - hit])
    values = y.astype(np.float64)
    split = split_variance(predictions, ensemble.predict_noise(x))
    held = np.abs(values - mean) <= NORMAL * np.sqrt(split.total)
    return np.stack(
        [
            split.epistemic,
            gaussian_nll(values, mean, split.total),
            crps_normal(values, mean, split.total),
            LEVEL - held,
        ]
    )
