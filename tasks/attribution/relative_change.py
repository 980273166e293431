"""Relative change of a mean, as each replicate cell sees it."""

import numpy as np
from numpy.typing import NDArray


def relative_change(before: NDArray[np.float64], after: NDArray[np.float64]) -> NDArray[np.float64]:
    """Change of the mean over all cells in per cent, and each cell's influence on it.

    The change is 100 (R - 1), R being the ratio of the means over all cells. A cell counts as
    100 (R - 1) + 100 (after - R before) / mean(before): the mean over the cells is the change, and
    their variance that of a ratio of means. Ratios of the single cells would be biased where what
    changes makes the quantity of a cell large, since it would count for less there.

    Parameters
    ----------
    before
        Shape (J, V), with a mean that is not 0.
    after
        Shape (..., J, V).

    Returns
    -------
    ndarray of shape (..., J, V)
        In per cent.

    References
    ----------
    Cochran (1977), Sampling Techniques, 3rd edition, chapter 6.

    Examples
    --------
    One block of two holds all that is mended, and most of the uncertainty:

    >>> before, after = np.array([[1.0, 9.0], [1.0, 9.0]]), np.array([[1.0, 4.0], [1.0, 4.0]])
    >>> float(relative_change(before, after).mean())
    -50.0
    >>> float(np.mean(100 * (after / before - 1)).round(1))
    -27.8
    """
    mean = before.mean()
    ratio = after.mean(axis=(-2, -1), keepdims=True) / mean
    change: NDArray[np.float64] = 100 * (ratio - 1 + (after - ratio * before) / mean)
    return change
