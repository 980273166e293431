"""What the rows seen of a cross-validation tell of those to come."""

from collections.abc import Sequence

import numpy as np

from tasks.intervention.structural.folds import FloatArray, Fold

CERTAINTY = 2.0
"""Standard errors by which the final difference of two losses must be foreseen."""
HEAVIEST = 2.0
"""Times that rows to come may weigh what rows seen weigh, on average, for these to tell of them."""


def is_behind(differences: FloatArray, total: int) -> bool:
    """Whether the mean of all differences will be above 0, as far as those seen can tell.

    Parameters
    ----------
    differences
        Loss of a model less that of another, one a row seen.
    total
        Number of rows in the end.

    Notes
    -----
    Of N rows n are seen, with mean d and standard deviation s. The mean of all N is foreseen as d,
    with variance s² (r² / n + r) / N² for the r = N - n rows to come.

    Examples
    --------
    >>> is_behind(np.array([1.0, 1.1, 0.9]), total=15)
    True
    >>> is_behind(np.array([1.0, -1.1, 0.9]), total=15)
    False
    """
    seen = len(differences)
    rest = total - seen
    spread = float(differences.std(ddof=1)) if seen > 1 else np.inf
    error = spread * float(np.sqrt(rest**2 / seen + rest)) / total
    mean = float(differences.mean())
    return mean > 0 and mean > CERTAINTY * error


def resembles_the_rest(folds: Sequence[Fold], losses: Sequence[FloatArray], seen: int) -> bool:
    """Whether what was seen of the first folds tells of the others.

    It does not where a few rows to come weigh more than all that were seen, in the loss of the
    model in the lead or in the variance of the node: they decide who wins.

    Parameters
    ----------
    folds
        All folds.
    losses
        Of the model in the lead, in all folds.
    seen
        How many folds were seen.
    """
    if seen == len(folds):
        return True
    centre = np.concatenate([fold.y_test for fold in folds]).mean()
    squares = [(fold.y_test - centre) ** 2 for fold in folds]
    return all(
        np.concatenate(weights[seen:]).mean() <= HEAVIEST * np.concatenate(weights[:seen]).mean()
        for weights in (losses, squares)
    )
