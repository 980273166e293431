"""Fit data to a Stan program's declarations, or refuse them, before anything runs."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tasks.bayes.stan_source import Declaration
from tasks.errors import InputError


def read_data(path: Path) -> dict[str, Any]:
    """Read a JSON file of Stan data.

    Raises
    ------
    InputError
        If the file is missing or does not hold one JSON object.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"There is no data file {str(path)!r}.") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} must be JSON in UTF-8: {error}.") from error
    if not isinstance(data, dict):
        raise InputError(
            f"{path} must hold a JSON object of variables, got a {type(data).__name__}."
        )
    return data


def data_json(data: Mapping[str, Any]) -> str:
    """Stan data as JSON in one line; numbers keep all their digits.

    Examples
    --------
    >>> data_json({"N": 2, "y": np.array([0.1, 2.0])})
    '{"N": 2, "y": [0.1, 2.0]}'
    """
    return json.dumps(dict(data), default=lambda value: np.asarray(value).tolist())


def prepare_data(
    declarations: Mapping[str, Declaration], data: Mapping[str, Any]
) -> dict[str, Any]:
    """Pick what the program declares and give each its declared type.

    Sizes and constraints that depend on other data are Stan's to check.

    Parameters
    ----------
    declarations
        The variables of the data block.
    data
        Values by name: numbers, nested lists, arrays, series. Further names are ignored, as Stan
        does.

    Returns
    -------
    dict of str to Any
        Numbers and NumPy arrays, with integers where integers are declared.

    Raises
    ------
    InputError
        If a variable is missing, has the wrong number of dimensions, is ragged, is not numeric,
        holds NaN, or holds fractions where integers are declared. The message names it.

    Examples
    --------
    >>> prepare_data({"n": Declaration("int", 0)}, {"n": 2.0, "unused": 1})
    {'n': 2}
    >>> prepare_data({"y": Declaration("real", 1)}, {"y": [1.0, float("nan")]})
    Traceback (most recent call last):
    ...
    tasks.errors.InputError: Data variable 'y' must not hold NaN, got 1 at index 1.
    """
    prepared = {}
    for name, declaration in declarations.items():
        if name not in data:
            given = ", ".join(sorted(data)) or "none"
            raise InputError(f"Data variable {name!r} is missing; given: {given}.")
        prepared[name] = (
            _prepare_values(name, declaration, _as_array(name, data[name]))
            if declaration.type in ("int", "real")
            else data[name]
        )
    return prepared


def _as_array(name: str, value: Any) -> npt.NDArray[Any]:
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise InputError(f"Data variable {name!r} must not be ragged: {error}.") from error
    if array.dtype.kind not in "biuf":
        raise InputError(f"Data variable {name!r} must hold numbers, got {value!r:.60}.")
    return array


def _prepare_values(name: str, declaration: Declaration, array: npt.NDArray[Any]) -> Any:
    is_empty = array.size == 0 and 0 < array.ndim <= declaration.dimensions
    if array.ndim != declaration.dimensions and not is_empty:
        raise InputError(
            f"Data variable {name!r} must have {declaration.dimensions} dimension(s), "
            f"got {array.ndim} (shape {array.shape})."
        )
    missing = np.argwhere(np.isnan(array))
    if len(missing):
        first = ", ".join(str(index) for index in missing[0])
        where = f" at index {first}" if first else ""
        raise InputError(f"Data variable {name!r} must not hold NaN, got {len(missing)}{where}.")
    if declaration.type == "int":
        fractions = array[array != np.trunc(array)]
        if fractions.size:
            raise InputError(f"Data variable {name!r} must hold integers, got {fractions[0]}.")
        array = array.astype(np.int64)
    return array.item() if array.ndim == 0 else array
