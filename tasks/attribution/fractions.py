"""Fractions of the whole from replicate cells, with errors that hold ensemble and rows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.attribution.crossed import crossed_statistics
from tasks.errors import InputError


@dataclass(frozen=True)
class Fractions:
    """Fractions of K nodes.

    Attributes
    ----------
    values
        Fractions, shape (K,); they sum to 1.
    standard_errors
        Of the values, for the finite ensemble and the finite sample of rows, by linearisation,
        shape (K,).
    """

    values: NDArray[np.float64]
    standard_errors: NDArray[np.float64]


def fractions_of_cells(cells: NDArray[np.float64]) -> Fractions:
    """Each node's mean over the cells divided by the sum of all nodes' means.

    Parameters
    ----------
    cells
        Gain of each node in each cell, shape (K, J, V).

    Raises
    ------
    InputError
        If the gains sum to 0 or less: there is nothing to share out.

    References
    ----------
    Cochran (1977), Sampling Techniques, 3rd ed., section 6.3, for the linearised ratio.
    """
    total = cells.sum(axis=0)
    whole = float(total.mean())
    if not whole > 0:
        raise InputError(f"Fractions need gains that sum to more than 0, got {whole:g}.")
    values = cells.mean(axis=(1, 2)) / whole
    residuals = (cells - values[:, None, None] * total) / whole
    return Fractions(values, crossed_statistics(residuals).standard_error)
