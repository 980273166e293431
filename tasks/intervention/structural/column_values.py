"""Values of one column of traces: numbers, or labels."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from tasks.errors import InputError

Column: TypeAlias = Sequence[object] | npt.NDArray[Any]


def column_values(name: str, column: Column) -> npt.NDArray[Any]:
    """Bring a column into one form.

    Parameters
    ----------
    name
        For the error.
    column
        Numbers, strings or truth values; None and NaN are missing.

    Returns
    -------
    numpy.ndarray
        Numbers as float64, where NaN is missing; or labels (dtype object), where None is.

    Raises
    ------
    InputError
        If it mixes types or holds an infinite number.

    Examples
    --------
    >>> column_values("valid", [True, None, False])
    array(['true', None, 'false'], dtype=object)
    """
    if type(column) is np.ndarray and column.ndim == 1 and column.dtype.kind in "iuf":
        return _finite(name, column)
    if isinstance(column, str):
        raise InputError(f"Column {name!r} must be a list of values, got one text.")
    items = np.fromiter(column, dtype=object, count=len(column))
    items[is_missing := np.asarray(pd.isna(items))] = None
    sorts = {kind: _sort_of(kind) for kind in set(map(type, items[~is_missing]))}
    found = set(sorts.values())
    if len(found) > 1 or not found <= {"number", "text", "truth value"}:
        first: dict[str, int] = {}
        for row in np.flatnonzero(~is_missing).tolist():
            first.setdefault(sorts[type(items[row])], row)
        raise InputError(
            f"Column {name!r} must hold numbers, text or truth values, one of them throughout, got "
            + " and ".join(
                f"a {sort} in row {row}" + (f", {items[row]!r:.60}" if sort == "text" else "")
                for sort, row in first.items()
            )
            + " (counted from 0); a missing value is None, NaN or an empty field."
        )
    if found <= {"number"}:
        return _finite(name, items)
    labels = (
        str(item) if "text" in found else str(bool(item)).lower() for item in items[~is_missing]
    )
    items[~is_missing] = np.fromiter(labels, dtype=object)
    return items


def _sort_of(kind: type) -> str:
    """What values of a type are: number, text, truth value, or the name of any other type."""
    if issubclass(kind, bool | np.bool_):
        return "truth value"
    if issubclass(kind, str):
        return "text"
    is_number = issubclass(kind, int | float | np.integer | np.floating)
    return "number" if is_number and not issubclass(kind, np.timedelta64) else kind.__name__


def _finite(name: str, column: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    try:
        numbers = column.astype(np.float64, copy=False)
    except OverflowError as error:
        raise InputError(f"Column {name!r} must hold numbers below 1e308 in size.") from error
    if len(infinite := np.flatnonzero(np.isinf(numbers))):
        raise InputError(
            f"Column {name!r} must hold finite numbers, got {numbers[infinite[0]]} "
            f"in row {infinite[0]} (counted from 0)."
        )
    return numbers
