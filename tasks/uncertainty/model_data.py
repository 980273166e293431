"""A feature table as a model takes it: matrix, target, entities, and which rows are for what."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from tasks.domain import Task
from tasks.errors import InputError
from tasks.relations.encoding import Encoder, fit_encoder, split_rows
from tasks.relations.events import LABEL, TIME
from tasks.relations.features import FeatureTable
from tasks.relations.task_rows import ENTITY
from tasks.uncertainty.protocol import FloatArray, IntArray, TargetArray


@dataclass(frozen=True)
class TrainingRows:
    """What an ensemble is fitted to.

    Attributes
    ----------
    x, y, entities
        Of n rows, as of `ModelData`.
    n_classes
        C for a class target, None for a regression.
    categorical
        Columns of `x` that hold category codes.
    """

    x: FloatArray
    y: TargetArray
    entities: IntArray
    n_classes: int | None
    categorical: tuple[int, ...]

    def take(self, chosen: npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> Self:
        """Some of the n rows."""
        return replace(self, x=self.x[chosen], y=self.y[chosen], entities=self.entities[chosen])


@dataclass(frozen=True)
class ModelData:
    """N rows with p features.

    Attributes
    ----------
    encoder
        Learnt from the train rows; its nodes are the columns of `x`.
    x
        Shape (N, p); NaN is missing.
    y
        Shape (N,): numbers, or class codes.
    classes
        Names of the classes in the order of their codes; empty for a regression.
    entities
        Rows of one entity depend on each other, shape (N,).
    train, validation, test
        Which of the N rows.
    """

    encoder: Encoder
    x: FloatArray
    y: TargetArray
    classes: tuple[str, ...]
    entities: IntArray
    train: npt.NDArray[np.bool_]
    validation: npt.NDArray[np.bool_]
    test: npt.NDArray[np.bool_]

    @property
    def training(self) -> TrainingRows:
        """The train rows."""
        return TrainingRows(
            self.x[self.train],
            self.y[self.train],
            self.entities[self.train],
            len(self.classes) or None,
            self.encoder.categorical,
        )


def model_data(table: FeatureTable, task: Task) -> ModelData:
    """Split, encode and code the target.

    Parameters
    ----------
    table
        Features of all rows.
    task
        Gives the split, and whether the target is a class.

    Raises
    ------
    InputError
        If there are no train rows, or no held-out rows, or a held-out class is not among the train
        rows.
    """
    train, validation, test = split_rows(table.rows[TIME], task.split)
    encoder = fit_encoder(table, train)
    if not test.any():
        raise InputError(f"No row lies on or after the split's test date {task.split.test}.")
    labels = table.rows[LABEL].to_numpy()
    classes: tuple[str, ...] = ()
    y: TargetArray = labels
    if task.output == "classification":
        known = np.unique(labels[train])
        y = np.searchsorted(known, labels)
        strange = np.setdiff1d(labels, known)
        if len(strange):
            raise InputError(
                f"Every class must be found before {task.split.validation}, {strange[0]!s} is not."
            )
        classes = tuple(_name(label) for label in known)
    return ModelData(
        encoder=encoder,
        x=encoder.transform(table),
        y=y,
        classes=classes,
        entities=table.rows[ENTITY].to_numpy(),
        train=train,
        validation=validation,
        test=test,
    )


def evaluation_rows(
    test: npt.NDArray[np.bool_], entities: IntArray, most: int, rng: np.random.Generator
) -> npt.NDArray[np.intp]:
    """Held-out rows on which uncertainty is attributed, in their order.

    Parameters
    ----------
    test
        Which rows are held out, shape (N,).
    entities
        Of all rows, shape (N,).
    most
        Where there are more, a sample of so many: each row with the same probability, and of each
        entity as its part of the rows is, give or take one.
    rng
        Source of randomness.

    Returns
    -------
    numpy.ndarray
        Indices of rows.

    References
    ----------
    Madow (1949), On the theory of systematic sampling, II, Annals of Mathematical Statistics 20,
    333-354.

    Examples
    --------
    >>> entities = np.repeat([7, 8], [40, 20])
    >>> rows = evaluation_rows(np.ones(60, bool), entities, 6, np.random.default_rng(1))
    >>> entities[rows].tolist()
    [7, 7, 7, 7, 8, 8]
    """
    rows = rng.permutation(np.flatnonzero(test))
    if len(rows) > most:
        _, entity = np.unique(entities[rows], return_inverse=True)
        by_entity = rows[np.argsort(rng.permutation(len(rows))[entity], kind="stable")]
        places = (np.arange(most) + rng.random()) * len(rows) / most
        rows = by_entity[places.astype(np.int64)]
    return np.sort(rows)


def _name(label: object) -> str:
    return f"{label:.15g}" if isinstance(label, float) else str(label)
