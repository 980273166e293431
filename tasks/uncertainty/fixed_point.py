"""Numbers as whole multiples of a power of 2: their sums do not depend on their order."""

import math
from collections.abc import Iterable

import numpy as np

from tasks.uncertainty.protocol import FloatArray, IntArray

BITS = 62
LEAST_EXPONENT = -1022
"""Of a double that is as exact as others."""


def sum_unit(terms: Iterable[FloatArray]) -> float:
    """A power of 2 in which any sum of one number of each term is a whole number of 62 bits.

    So small that such a sum is as exact as one of doubles.

    Examples
    --------
    >>> sum_unit([np.array([0.5, -1.0]), np.array([0.25])]) == 2.0 ** (1 - 62)
    True
    """
    _, exponent = math.frexp(sum(float(np.abs(term).max()) for term in terms))
    return math.ldexp(1.0, max(exponent - BITS, LEAST_EXPONENT))


def in_unit(values: FloatArray, unit: float) -> IntArray:
    """Values as whole numbers of a unit."""
    return np.rint(values / unit).astype(np.int64)
