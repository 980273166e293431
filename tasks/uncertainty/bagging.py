"""Bagged members of any kind of scikit-learn model, with noise models learnt out of bag."""

from collections.abc import Sequence
from functools import partial
from typing import Any, Protocol

import numpy as np

from tasks.parallel import spread
from tasks.uncertainty.bags import draw_bag
from tasks.uncertainty.boosting import BoostingSettings
from tasks.uncertainty.ensemble_checks import check_fit
from tasks.uncertainty.noise_model import NoiseModel, fit_noise, smallest_noise
from tasks.uncertainty.protocol import FloatArray, IntArray, TargetArray
from tasks.uncertainty.tree_ensemble import TreeEnsemble

DEFAULT_SETTINGS = BoostingSettings()


class MemberSettings(Protocol):
    """What a member is before it is fitted."""

    def model(self, classifies: bool, categorical: Sequence[int], random_state: int) -> Any:
        """A model of scikit-learn that takes missing values.

        Parameters
        ----------
        classifies
            Whether the target is a class.
        categorical
            Indices of the columns that hold category codes.
        random_state
            Of its own random numbers.
        """
        ...


def fit_bagged(
    x: FloatArray,
    y: TargetArray,
    *,
    seed: int,
    n_classes: int | None = None,
    categorical: Sequence[int] = (),
    groups: IntArray | None = None,
    members: int = 20,
    first: int = 0,
    settings: MemberSettings = DEFAULT_SETTINGS,
    with_noise: bool = True,
    workers: int = 1,
) -> TreeEnsemble:
    """Fit B members, each to its own bag, and in a regression their noise models out of bag.

    Member b depends on the seed, on b and on the data alone: not on the number of members or
    workers. Bags depend on the seed and the entities (`draw_bag`), so a second fit with the same
    seed to changed data has its random numbers in common with the first.

    Parameters
    ----------
    x
        Features, shape (N, p), float64; NaN is missing.
    y
        Target, shape (N,): numbers, or class codes 0..C - 1.
    seed
        Non-negative.
    n_classes
        C for a class target, None for a regression.
    categorical
        Indices of the columns that hold category codes, 0 to 254.
    groups
        Id of each row's entity, shape (N,): an entity is in a bag or out of it as a whole. Where
        it is None, each row is drawn by its number; ids of the rows keep the draws of the others
        when rows are dropped.
    members
        B, at least 2.
    first
        Number of the first of them: members 8 to 15 of a larger ensemble are fitted with 8.
    settings
        Of each member.
    with_noise
        Whether to fit noise models; without them there is no `predict_noise`.
    workers
        Members that are fitted at the same time, each on one thread.

    Raises
    ------
    InputError
        If rows, target, categories or groups break a rule of `training_data`, or there are fewer
        than 2 members or 1 worker.

    References
    ----------
    Breiman (1996), Bagging predictors, Machine Learning 24, 123-140; and, for noise variances out
    of bag, Heskes (1997), Practical confidence and prediction intervals, NIPS 9.
    """
    entities = check_fit(
        x,
        y,
        seed=seed,
        n_classes=n_classes,
        categorical=categorical,
        groups=groups,
        members=members,
    )
    fit = partial(_fit_member, x, y, entities, n_classes, tuple(categorical), settings, with_noise)
    seeds = np.random.SeedSequence(seed).spawn(first + members)[first:]
    fitted = list(spread(fit, seeds, workers=workers))
    return TreeEnsemble(
        models=tuple(model for model, _ in fitted),
        noise_models=tuple(noise for _, noise in fitted if noise is not None),
        n_columns=x.shape[1],
        n_classes=n_classes,
    )


def _fit_member(
    x: FloatArray,
    y: TargetArray,
    entities: IntArray,
    n_classes: int | None,
    categorical: tuple[int, ...],
    settings: MemberSettings,
    with_noise: bool,
    seed: np.random.SeedSequence,
) -> tuple[Any, NoiseModel | None]:
    state, noise_state = (int(word) for word in seed.generate_state(2))
    classes = None if n_classes is None else y
    counts = draw_bag(entities, seed, classes)
    model = settings.model(n_classes is not None, categorical, state)
    drawn, left_out = np.repeat(np.arange(len(x)), counts), counts == 0
    model.fit(_without_empty_columns(x[drawn]), y[drawn])
    if n_classes is not None or not with_noise:
        return model, None
    squared = (y[left_out] - model.predict(x[left_out])) ** 2
    noise = fit_noise(
        _without_empty_columns(x[left_out]),
        squared,
        smallest_noise(y),
        categorical,
        noise_state,
    )
    return model, noise


def _without_empty_columns(x: FloatArray) -> FloatArray:
    """Zeros in columns that hold no value here: scikit-learn finds no bins in them, nor splits."""
    return np.where(np.isnan(x).all(axis=0), 0.0, x)
