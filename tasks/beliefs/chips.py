"""Chips that a client laid on bins, as probabilities: the roulette method."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from tasks.beliefs.belief import Belief
from tasks.beliefs.elicitation_record import Answer

Floats = npt.NDArray[np.float64]

MOST_OUTSIDE = 0.01
"""Of a law beyond what was said; more is told."""


def chips_below(
    edges: Sequence[float], counts: Sequence[int], low: float = -np.inf, high: float = np.inf
) -> tuple[Floats, npt.NDArray[np.int64]]:
    """How many chips lie below each edge inside of the bounds.

    An edge on a bound says nothing, as the quantity cannot lie beyond it. Elsewhere an edge with no
    chips below it, or none above, is an answer like any other: the client put nothing there.

    Parameters
    ----------
    edges
        Of the bins, shape (n + 1,), strictly increasing.
    counts
        Chips in each bin, shape (n,).
    low, high
        Bounds of the quantity, infinite where a side is open.

    Returns
    -------
    array
        Edges strictly between the bounds.
    array of int
        Chips below each of them, of the same shape.

    Examples
    --------
    >>> edges, below = chips_below([0, 0.1, 0.2, 0.3], [2, 5, 3], low=0, high=1)
    >>> edges.tolist(), below.tolist()
    ([0.1, 0.2, 0.3], [2, 7, 10])

    References
    ----------
    Gore, S. M. (1987). Biostatistics and the Medical Research Council. Medical Research Council
    News 35, 19-20.

    Oakley, J. E. and O'Hagan, A. (2019). SHELF: the Sheffield Elicitation Framework, version 4.
    School of Mathematics and Statistics, University of Sheffield.
    """
    values = np.asarray(edges, dtype=np.float64)
    below = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    is_inside = (values > low) & (values < high)
    return values[is_inside], below[is_inside]


def chip_answers(
    edges: Sequence[float], counts: Sequence[int], belief: Belief
) -> tuple[Answer, ...]:
    """Share of the chips in each bin beside the probability that a belief gives it.

    Parameters
    ----------
    edges, counts
        As of `chips_below`.
    belief
        The fitted law.

    Returns
    -------
    tuple of Answer
        One for each bin, and one for what lies outside of all of them if it is more than 1 %.
    """
    below = belief.cdf(np.asarray(edges, dtype=np.float64))
    answers = [
        Answer(
            said=f"chips between {low:g} and {high:g}",
            stated=count / sum(counts),
            fitted=float(inside),
            low=low,
            high=high,
        )
        for (low, high), count, inside in zip(pairwise(edges), counts, np.diff(below), strict=True)
    ]
    outside = 1 - float(below[-1] - below[0])
    if outside > MOST_OUTSIDE:
        answers.append(Answer(said="chips outside of all bins", stated=0.0, fitted=outside))
    return tuple(answers)
