"""Scalars to be ranked: from a program's columns to named quantities of each draw."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from tasks.calibration.simulations import LOG_LIKELIHOOD
from tasks.calibration.simulator import FloatArray, Simulator, Values
from tasks.errors import InputError


def variables_of(
    columns: tuple[str, ...], draws: FloatArray, wanted: Sequence[str]
) -> dict[str, FloatArray]:
    """Gather a program's columns into its variables.

    Parameters
    ----------
    columns
        Names as Stan gives them: ``mu``, ``theta.3``, ``location.2.1``.
    draws
        Shape (S, P), a column each.
    wanted
        Names of the variables.

    Returns
    -------
    dict of str to ndarray
        Shape (S, ...) each, indexed as in Stan but from 0.

    Raises
    ------
    InputError
        If the program has no variable of a name.

    Examples
    --------
    >>> draws = np.array([[1.0, 2.0, 3.0, 4.0]])
    >>> variables_of(("a.1.1", "a.2.1", "a.1.2", "a.2.2"), draws, ["a"])["a"].tolist()
    [[[1.0, 3.0], [2.0, 4.0]]]
    """
    places = _places(columns)
    missing = [name for name in wanted if name not in places]
    if missing:
        raise InputError(
            f"The generator ranks {missing[0]!r}, which the program does not have; it has "
            f"{', '.join(places)}."
        )
    return {name: draws[:, places[name]] for name in wanted}


@lru_cache(maxsize=8)
def _places(columns: tuple[str, ...]) -> dict[str, npt.NDArray[np.intp]]:
    """Column of each element of each variable, in the variable's shape."""
    elements: dict[str, dict[tuple[int, ...], int]] = {}
    for place, column in enumerate(columns):
        name, *indices = column.split(".")
        elements.setdefault(name, {})[tuple(int(index) - 1 for index in indices)] = place
    places = {}
    for name, found in elements.items():
        shape = tuple(max(index) + 1 for index in zip(*found, strict=True))
        array = np.empty(shape, dtype=np.intp)
        for index, place in found.items():
            array[index] = place
        places[name] = array
    return places


def scalar_quantities(
    simulator: Simulator, values: Values, data: Mapping[str, Any], *, with_further: bool
) -> dict[str, FloatArray]:
    """Every scalar that is ranked, by its name.

    Parameters
    ----------
    simulator
        Says which, beside the parameters.
    values
        Parameters of S draws, shape (S, ...) each.
    data
        What the draws are fitted to.
    with_further
        Whether the simulator's data-dependent quantities are among them.

    Returns
    -------
    dict of str to ndarray
        Shape (S,) each: the elements of all parameters, the joint log likelihood, and the rest.
    """
    named = dict(values) | {LOG_LIKELIHOOD: simulator.log_likelihood(values, data)}
    if with_further:
        named |= simulator.quantities(values, data)
    scalars = {}
    for name, array in named.items():
        for index in np.ndindex(array.shape[1:]):
            scalars[_element(name, index)] = array[:, *index]
    return scalars


def _element(name: str, index: tuple[int, ...]) -> str:
    """Name of an element as Stan writes it.

    Examples
    --------
    >>> _element("theta", (2,)), _element("mu", ())
    ('theta[3]', 'mu')
    """
    if not index:
        return name
    return f"{name}[{','.join(str(i + 1) for i in index)}]"
