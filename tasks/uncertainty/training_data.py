"""The rules that rows, targets and entities keep before anything is fitted to them."""

from collections.abc import Sequence

import numpy as np

from tasks.errors import InputError
from tasks.uncertainty.protocol import FloatArray, IntArray, TargetArray

MOST_CATEGORIES = 255
FEWEST_ENTITIES = 10


def check_rows(x: FloatArray, categorical: Sequence[int] = ()) -> None:
    """Refuse a matrix of features that boosting with native categories cannot take.

    Parameters
    ----------
    x
        Shape (N, p), float64; NaN is missing.
    categorical
        Indices of the columns that hold category codes.

    Raises
    ------
    InputError
        If `x` is no float64 matrix or holds infinities, if a categorical column does not exist
        or is named twice, or if a code is negative, no integer, or 255 and more.

    Examples
    --------
    >>> check_rows(np.array([[0.0, 300.0]]), categorical=(1,))
    Traceback (most recent call last):
    ...
    tasks.errors.InputError: Category codes must be integers from 0 to 254, got 300 in column 1: \
encode or group the categories first.
    """
    if x.ndim != 2 or x.dtype != np.float64:
        raise InputError(
            f"Features must be a float64 matrix, got shape {x.shape} of type {x.dtype}."
        )
    if np.isinf(x).any():
        row, column = np.argwhere(np.isinf(x))[0]
        raise InputError(
            f"Features must be finite or NaN, got {x[row, column]} in row {row}, column {column}."
        )
    if len(set(categorical)) != len(categorical) or not set(categorical) <= set(range(x.shape[1])):
        raise InputError(
            f"Categorical columns must be distinct indices from 0 to {x.shape[1] - 1}, "
            f"got {tuple(categorical)}."
        )
    for column in categorical:
        codes = x[~np.isnan(x[:, column]), column]
        wrong = codes[(codes < 0) | (codes >= MOST_CATEGORIES) | (codes != np.trunc(codes))]
        if wrong.size:
            raise InputError(
                f"Category codes must be integers from 0 to {MOST_CATEGORIES - 1}, got "
                f"{wrong[0]:g} in column {column}: encode or group the categories first."
            )


def check_values(y: TargetArray, n_rows: int) -> None:
    """Refuse a regression target with the wrong shape, missing values or no variation.

    Raises
    ------
    InputError
        If `y` is not of shape (n_rows,), not finite, or constant.
    """
    _check_target(y, n_rows)
    if np.ptp(y) == 0:
        raise InputError(f"A regression target must vary, got {y[0]:g} in every row.")


def check_classes(y: TargetArray, n_rows: int, n_classes: int, entities: IntArray) -> None:
    """Refuse a class target from which not every class can be learnt in varying bags.

    Parameters
    ----------
    y
        Codes 0..n_classes - 1, shape (n_rows,).
    n_rows
        Number of rows of the features.
    n_classes
        C, at least 2.
    entities
        The unit that is drawn with each row; the row's own number where there are no groups. A
        class found in a single one would be in every bag, and the members could not differ in it.

    Raises
    ------
    InputError
        If there are fewer than two classes, a code is out of range, or a class is found in fewer
        than two rows or entities.
    """
    if n_classes < 2:
        raise InputError(f"Classification needs at least 2 classes, got {n_classes}.")
    _check_target(y, n_rows)
    wrong = y[(y < 0) | (y >= n_classes) | (y != np.trunc(y))]
    if wrong.size:
        raise InputError(
            f"Class codes must be integers from 0 to {n_classes - 1}, got {wrong[0]:g}."
        )
    for code in range(n_classes):
        n_found = len(np.unique(entities[y == code]))
        if n_found < 2:
            raise InputError(
                f"Every class must be found in at least 2 rows (entities, where rows are "
                f"grouped), got {n_found} for class {code}: merge or drop it."
            )


def entities_of(groups: IntArray | None, n_rows: int) -> IntArray:
    """The unit that each row is drawn with: its entity, or itself.

    Parameters
    ----------
    groups
        Integer id of each row's entity, shape (n_rows,), or None.
    n_rows
        Number of rows.

    Raises
    ------
    InputError
        If the ids are not one integer a row, or there are fewer than 10 units to draw from.

    Examples
    --------
    >>> entities_of(None, 12)[:3]
    array([0, 1, 2])
    """
    entities = np.arange(n_rows) if groups is None else groups
    if entities.shape != (n_rows,) or entities.dtype.kind not in "iu":
        raise InputError(
            f"Groups must hold one integer id for each of the {n_rows} rows, got shape "
            f"{entities.shape} of type {entities.dtype}."
        )
    n_entities = len(np.unique(entities))
    if n_entities < FEWEST_ENTITIES:
        raise InputError(
            f"Bags need at least {FEWEST_ENTITIES} rows (entities, where rows are grouped) to "
            f"draw from, got {n_entities}."
        )
    return entities.astype(np.int64)


def _check_target(y: TargetArray, n_rows: int) -> None:
    if y.shape != (n_rows,) or y.dtype.kind not in "iuf":
        raise InputError(
            f"The target must hold one number for each of the {n_rows} rows, got shape "
            f"{y.shape} of type {y.dtype}."
        )
    n_bad = int((~np.isfinite(y)).sum())
    if n_bad:
        raise InputError(
            f"The target must be finite, got {n_bad} missing or infinite value(s): drop those rows."
        )
