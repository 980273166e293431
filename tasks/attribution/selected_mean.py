"""Effect of the best of several designs, chosen by the same cells that then tell its effect."""

import numpy as np
import numpy.typing as npt

from tasks.attribution.cells import draw_of_cells
from tasks.attribution.crossed import crossed_statistics
from tasks.attribution.satterthwaite import MeanInterval, mean_interval

FloatArray = npt.NDArray[np.float64]


def left_out_choice(effects: FloatArray) -> npt.NDArray[np.intp]:
    """Which design each cell would have chosen without itself.

    Parameters
    ----------
    effects
        m designs in J x V cells, shape (m, J, V).

    Returns
    -------
    numpy.ndarray
        Shape (J, V): the design with the lowest mean over those cells that share neither the
        sub-ensemble nor the row block nor the draw with the cell, so that what chose knows nothing
        of what the cell then tells.

    Raises
    ------
    InputError
        As `draw_of_cells`.
    """
    groups, blocks = effects.shape[1:]
    factors = [*np.indices((groups, blocks)), draw_of_cells(groups, blocks)]
    apart = np.logical_and.reduce([np.not_equal.outer(of.ravel(), of.ravel()) for of in factors])
    means = effects.reshape(len(effects), -1) @ (apart / apart.sum(axis=0))
    return np.asarray(means.argmin(axis=0).reshape(groups, blocks))


def selected_mean(
    values: FloatArray, chosen: int, drawn: bool, choice: npt.NDArray[np.intp]
) -> MeanInterval:
    """Mean of the chosen design with a 95 % interval that allows for the choice.

    The lowest of several means errs downwards (the winner's curse). The mean given is cross-fitted:
    each cell tells of the design that the other cells chose. Where these all choose alike, it is
    the chosen design's own mean; where they do not, designs are near ties, and what a cell tells of
    another says as much. The difference from the own mean estimates the curse, and is as uncertain
    as it is large: the half width is the root of its square and that of the own mean's
    `mean_interval`.

    That is approximate. By simulation (tests/attribution/test_selected_mean.py) 93 to 96 % of
    intervals hold the truth with 8 sub-ensembles and 8 blocks, whether the designs are ties or not.

    Parameters
    ----------
    values
        m designs in J x V cells, shape (m, J, V): effects, or what else is told of the chosen one.
    chosen
        Which design all cells chose.
    drawn
        Whether it draws.
    choice
        As `left_out_choice` gives it.

    References
    ----------
    Chiang, Kato, Ma & Sasaki (2022), Multiway cluster robust double/debiased machine learning,
    Journal of Business & Economic Statistics 40, 1046-1056, for cross-fitting in crossed designs.
    Andrews, Kitagawa & McCloskey (2024), Inference on winners, Quarterly Journal of Economics 139,
    305-358, for what goes wrong without.
    """
    own = mean_interval(crossed_statistics(values[chosen], drawn))
    mean = np.take_along_axis(values, choice[None], axis=0).mean()
    half = np.hypot(own.high - own.mean, mean - own.mean)
    return MeanInterval(mean, mean - half, mean + half)
