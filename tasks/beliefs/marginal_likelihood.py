"""Likelihood of one quantity, all else integrated out: exact at nodes, or estimated from draws."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.polynomial import hermite_e
from scipy.interpolate import PchipInterpolator
from scipy.special import gammaln, logsumexp

from tasks.beliefs.belief import Belief
from tasks.beliefs.cumulative import moments
from tasks.beliefs.cut_law import Floats
from tasks.beliefs.data_side import DataSide
from tasks.beliefs.jackknife import number, replicates
from tasks.beliefs.quadrature import NODES, WEIGHTS

DEGREES = (2, 3, 4, 5, 6, 8)
PANELS = 30
BEYOND = 1.5
"""How far beyond the outermost draws a likelihood is estimated, in standard deviations."""
NEWTON_STEPS = 50


Rows = Callable[[Floats], Floats]


@dataclass(frozen=True)
class MarginalLikelihood:
    """Log of p(data | quantity) / p(data | reference) as a function of the quantity.

    Attributes
    ----------
    at
        Values (X,) -> a row for each replicate, shape (R, X): the first from all draws, the others
        with a block left out; of a quadrature the one row.
    nodes, log_rule
        Quadrature over the range where it is known, shape (N,).
    doubt
        How much the highest value differs from that of the polynomial with the second best degree;
        0 of a quadrature.
    """

    at: Rows
    nodes: Floats
    log_rule: Floats
    doubt: float = 0.0

    def log_peaks(self) -> Floats:
        """Highest value of each row, shape (R,), by a parabola through the three highest nodes."""
        logs = self.at(self.nodes)
        top = np.clip(np.argmax(logs, axis=1), 1, len(self.nodes) - 2)[:, None] + [-1, 0, 1]
        x, y = self.nodes[top], np.take_along_axis(logs, top, axis=1)
        rises = np.diff(y, axis=1) / np.diff(x, axis=1)
        bend = (rises[:, 1] - rises[:, 0]) / (x[:, 2] - x[:, 0])
        with np.errstate(divide="ignore", invalid="ignore"):
            vertex = (x[:, 0] + x[:, 1]) / 2 - rises[:, 0] / (2 * bend)
        inside = np.where(bend < 0, np.clip(vertex, x[:, 0], x[:, 2]), x[:, 1])
        parabola = y[:, 0] + (inside - x[:, 0]) * (rises[:, 0] + bend * (inside - x[:, 1]))
        return np.asarray(np.maximum(parabola, logs.max(axis=1)))

    def estimate(self) -> tuple[Floats, Floats]:
        """Mean and standard deviation of each row as a density of the quantity, shapes (R,).

        They are the data's estimate of the quantity and its standard error, without a prior.
        """
        logs = self.at(self.nodes) + self.log_rule
        return moments(self.nodes, np.exp(logs - logsumexp(logs, axis=1, keepdims=True)))


@lru_cache(maxsize=32)
def marginal_likelihood(side: DataSide) -> MarginalLikelihood:
    """Likelihood of the quantity relative to p(data | reference); kept for each side.

    From draws it is estimated as the exponential of a polynomial: the posterior is an exponential
    family over the reference prior, fitted by maximum likelihood, its degree chosen by Akaike's
    criterion with the effective number of draws. The reference carries the bounds of the quantity,
    so nothing is lost or reflected there, and where the likelihood is normal the family is exact.

    Parameters
    ----------
    side
        The data's side.

    References
    ----------
    Efron & Tibshirani (1996), Using Specially Designed Exponential Families for Density
    Estimation, Annals of Statistics 24, 2431-2461.

    Barron & Sheu (1991), Approximation of Density Functions by Sequences of Exponential Families,
    Annals of Statistics 19, 1347-1369.
    """
    if side.is_quadrature:
        at = PchipInterpolator(side.values, side.log_likelihood)
        return MarginalLikelihood(lambda x: at(x)[None], side.values, side.log_rule)
    weights = np.exp(replicates(side, side.log_weights))
    mean, sd = moments(side.values, weights)
    centre, scale = mean[0], sd[0]
    n_effective = max((scale / number(mean).mcse) ** 2, 2.0 * max(DEGREES))
    nodes, log_rule = _window(side.values, scale, side.reference)
    log_base = log_rule + side.reference.log_density(nodes)
    at_nodes, at_draws = (_basis((x - centre) / scale) for x in (nodes, side.values))
    statistics = weights @ at_draws
    tilts = []
    for degree in DEGREES:
        coefficients, log_mass = _maximum_likelihood(
            at_nodes[:, :degree], log_base, statistics[:, :degree]
        )
        gain = n_effective * (coefficients[0] @ statistics[0, :degree] - log_mass[0]) - degree
        tilts.append((gain, coefficients, log_mass))
    best, second = (
        MarginalLikelihood(_polynomial(centre, scale, *tilt), nodes, log_rule)
        for _, *tilt in sorted(tilts, key=lambda tilt: -tilt[0])[:2]
    )
    return replace(best, doubt=float(abs(best.log_peaks() - second.log_peaks())[0]))


def _polynomial(centre: float, scale: float, coefficients: Floats, log_mass: Floats) -> Rows:
    def at(x: Floats) -> Floats:
        basis = _basis((x - centre) / scale)[:, : coefficients.shape[1]]
        return coefficients @ basis.T - log_mass[:, None]

    return at


def _basis(z: Floats) -> Floats:
    """Hermite polynomials of degree 1 and up, orthonormal under a standard normal; (X, degree)."""
    degrees = np.arange(1, max(DEGREES) + 1)
    return np.asarray(
        hermite_e.hermevander(z, max(DEGREES))[:, 1:] / np.exp(gammaln(degrees + 1) / 2)
    )


def _window(values: Floats, scale: float, reference: Belief) -> tuple[Floats, Floats]:
    """Composite Gauss-Legendre rule over the draws and a little beyond, inside of the support."""
    low, high = reference.support()
    ends = max(values.min() - BEYOND * scale, low), min(values.max() + BEYOND * scale, high)
    edges = np.linspace(*ends, PANELS + 1)
    half = np.diff(edges)[:, None] / 2
    return (edges[:-1, None] + half * (NODES + 1)).ravel(), np.log(half * WEIGHTS).ravel()


def _maximum_likelihood(
    basis: Floats, log_base: Floats, statistics: Floats
) -> tuple[Floats, Floats]:
    """Fit an exponential family to the means of its statistics.

    Parameters
    ----------
    basis
        Statistics at the nodes, shape (N, degree).
    log_base
        Log weight of each node in the carrier, shape (N,).
    statistics
        Means to be met, shape (R, degree). The first row is fitted; the others, which differ from
        it by little, are one Newton step away.

    Returns
    -------
    coefficients, log_mass
        Shapes (R, degree) and (R,).
    """

    def log_mass_of(coefficients: Floats) -> Floats:
        return np.asarray(logsumexp(log_base + coefficients @ basis.T, axis=-1))

    target = statistics[0]
    coefficients = np.zeros(len(target))
    coefficients[1] = -0.5 * np.sqrt(2)
    value = target @ coefficients - log_mass_of(coefficients)
    for _ in range(NEWTON_STEPS):
        weights = np.exp(log_base + basis @ coefficients - log_mass_of(coefficients))
        missed = target - weights @ basis
        centred = basis - weights @ basis
        curvature = (centred * weights[:, None]).T @ centred
        step = np.linalg.lstsq(curvature, missed, rcond=1e-12)[0]
        size = 1.0
        while size > 1e-6:
            trial = coefficients + size * step
            trial_value = target @ trial - log_mass_of(trial)
            if trial_value >= value:
                break
            size /= 2
        if trial_value - value < 1e-12:
            break
        coefficients, value = trial, trial_value
    others = np.linalg.lstsq(curvature, (statistics - target).T, rcond=1e-12)[0].T
    fitted = coefficients + others
    return fitted, log_mass_of(fitted)
