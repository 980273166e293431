"""Distribution functions of weighted samples, and what is told of a posterior."""

from collections.abc import Callable

import numpy as np
from numpy.polynomial import legendre
from scipy.optimize import brentq

from tasks.beliefs.conflict_record import Number, Posterior
from tasks.beliefs.cut_law import Floats
from tasks.beliefs.data_side import DataSide
from tasks.beliefs.jackknife import number
from tasks.beliefs.quadrature import NODES, PANEL_NODES, WEIGHTS

Cumulative = Callable[[Floats], Floats]
"""Values (Z,) -> probability of no more than each, a row for each set of weights: (R, Z)."""


def _antiderivatives() -> Floats:
    """Legendre coefficients of what each node's polynomial integrates to from -1, (N + 1, N)."""
    of_values = np.linalg.inv(legendre.legvander(NODES, PANEL_NODES - 1))
    return np.asarray(legendre.legint(of_values, lbnd=-1, axis=0))


ANTIDERIVATIVES = _antiderivatives() / WEIGHTS


def cumulative(side: DataSide, rows: Floats) -> Cumulative:
    """Distribution function of a weighted sample.

    Of draws that is a step function; of a quadrature the integral of the polynomials through the
    densities at each panel's nodes.

    Parameters
    ----------
    side
        Whose values are weighted.
    rows
        Log weights that sum to 1 in each row, shape (R, S).
    """
    weights = np.exp(rows)
    if side.is_quadrature:
        return _smooth(side, weights)
    order = np.argsort(side.values, kind="stable")
    values = side.values[order]
    steps = np.zeros((len(rows), len(values) + 1))
    np.cumsum(weights[:, order], axis=1, out=steps[:, 1:])

    def at(z: Floats) -> Floats:
        return steps[:, np.searchsorted(values, z, side="right")]

    return at


def quantile(side: DataSide, log_weights: Floats, p: float) -> float:
    """Value with probability `p` below it; of draws linear between the middles of the steps."""
    if side.is_quadrature:
        below = cumulative(side, log_weights[None])
        place = int(np.searchsorted(below(side.values)[0], p))
        if not 0 < place < len(side.values):
            return float(side.values[min(place, len(side.values) - 1)])
        ends = side.values[place - 1], side.values[place]
        return float(brentq(lambda x: below(np.array([x]))[0, 0] - p, *ends, xtol=1e-15))
    order = np.argsort(side.values, kind="stable")
    weights = np.exp(log_weights[order])
    return float(np.interp(p, np.cumsum(weights) - weights / 2, side.values[order]))


def summary(
    side: DataSide, rows: Floats, level: float, threshold: float | None = None
) -> Posterior:
    """Tell a posterior from weighted values.

    Parameters
    ----------
    side
        Whose values are weighted.
    rows
        Log weights as `tasks.beliefs.jackknife.replicates` gives them.
    level
        Probability of the central interval.
    threshold
        Whose exceedance is told, if given.
    """
    mean, sd = moments(side.values, np.exp(rows))
    above: Number | None = None
    if threshold is not None:
        above = number(1 - cumulative(side, rows)(np.array([threshold]))[:, 0])
        above = above.model_copy(update={"value": min(max(above.value, 0.0), 1.0)})
    return Posterior(
        mean=number(mean),
        sd=number(sd),
        low=quantile(side, rows[0], (1 - level) / 2),
        high=quantile(side, rows[0], (1 + level) / 2),
        level=level,
        above=above,
    )


def moments(values: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Means and standard deviations, shape (R,), under each row of weights, shape (R, S)."""
    centre = weights[0] @ values
    shift = weights @ (values - centre)
    square = weights @ (values - centre) ** 2
    return centre + shift, np.sqrt(np.maximum(square - shift**2, 0.0))


def _smooth(side: DataSide, weights: Floats) -> Cumulative:
    panels = weights.reshape(len(weights), -1, PANEL_NODES)
    ends = np.cumsum(panels.sum(axis=2), axis=1)
    below = np.concatenate([np.zeros((len(weights), 1)), ends[:, :-1]], axis=1)
    inside = panels @ ANTIDERIVATIVES.T
    nodes = side.values.reshape(-1, PANEL_NODES)
    middle = (nodes[:, 0] + nodes[:, -1]) / 2
    half = np.maximum(nodes[:, -1] - middle, np.finfo(np.float64).tiny) / NODES[-1]

    def at(z: Floats) -> Floats:
        panel = np.clip(np.searchsorted(middle - half, z) - 1, 0, len(middle) - 1)
        place = np.clip((z - middle[panel]) / half[panel], -1.0, 1.0)
        within = (inside[:, panel] * legendre.legvander(place, PANEL_NODES)).sum(axis=2)
        return np.asarray(np.clip(below[:, panel] + within, 0.0, 1.0))

    return at
