"""How many replicate cells more would settle whether an effect is 0."""

import math

from tasks.bayes.arguments import non_negative, positive
from tasks.bayes.interval import Interval

MOST = 100
"""Times the present number of cells; beyond it the mean is called too near 0."""


def further_replicates(
    effect: Interval, variance: float, raw_error: float, cells: int
) -> int | None:
    """Least number of further cells with which the interval would exclude 0 if the mean stayed.

    In the normal model of `tasks.bayes.conjugate` n cells leave the posterior variance
    ``V(n) = sigma2_obs / (n + lam)``. The cells' own mean has the squared error
    ``sigma2_obs / n``, hence ``n + lam = n raw_error**2 / V(n)``: what the effect borrows from its
    neighbours counts as lam further cells. A posterior wider than the cells' own mean borrows
    nothing, lam = 0. An interval shrinks as the root of V; it excludes 0 once the distance of its
    mean from the end beyond 0 is less than that from 0, so dn is the least whole number with
    ``V(n + dn) / V(n) = (n + lam) / (n + dn + lam) < (mean / distance)**2``.

    The cells are taken as independent: dn holds for cells from new sub-ensembles and new row
    blocks; splitting those there are more finely takes more.

    Parameters
    ----------
    effect
        Posterior mean and interval, which includes 0.
    variance
        Posterior variance V(n).
    raw_error
        Standard error of the cells' mean.
    cells
        Number n of cells now.

    Returns
    -------
    int or None
        None where it is above `MOST` times `cells`.

    Raises
    ------
    InputError
        If there is no cell, or the variance or the error is negative or not finite.

    Examples
    --------
    Nothing is borrowed; the interval must shrink to less than half, which takes four times the
    cells, and one more:

    >>> further_replicates(Interval(mean=-1, low=-3, high=1), 1.0, 1.0, cells=32)
    97
    """
    positive("cells", cells)
    non_negative("raw_error", raw_error)
    non_negative("variance", variance)
    if effect.mean == 0:
        return None
    beyond = effect.high if effect.mean < 0 else effect.low
    factor = ((beyond - effect.mean) / effect.mean) ** 2
    effective_cells = cells * max(raw_error**2 / variance, 1.0) if variance > 0 else cells
    further = effective_cells * (factor - 1)
    return None if further >= MOST * cells else math.floor(further) + 1
