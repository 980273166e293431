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
from tasks.uncertainty.protocol import Ensemble, TargetArray
from tasks.uncertainty.scores import brier, crps_normal, gaussian_nll, log_loss

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
        Number of processes; the result does not depend on it.
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
        per_part, bounds = len(self.members) // len(self.parts), self.members.bounds
        scored = []
        for j in range(len(self.members)):
            d = j // per_part
            first = bounds[d * per_part]
            chosen = range(bounds[j] - first, bounds[j + 1] - first)
            scored.append(row_scores(self.parts[d].subset(chosen), x, y))
        return np.stack(scored, axis=1)


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
    groups, sets = len(recipe.members), len(training)
    if not sets or groups % sets:
        raise InputError(
            "The sub-ensembles must be shared out evenly over the sets of training rows, got "
            f"{groups} sub-ensembles for {sets} sets."
        )
    ends = recipe.members.bounds[:: groups // sets]
    return Refitted(
        recipe.members,
        tuple(
            fit_members(
                rows,
                recipe.backbone,
                seed=recipe.seed,
                members=end - first,
                first=first,
                workers=recipe.workers,
                settings=recipe.settings,
            )
            for rows, first, end in zip(training, ends[:-1], ends[1:], strict=True)
        ),
    )


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
