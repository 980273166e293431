"""Which of many differences are real: a two-groups model of z-scores, by empirical Bayes.

A z-score is a difference over its standard error: z_k ~ normal(delta_k, 1). With the probability p
a difference is nothing, delta_k = 0; else delta_k ~ normal(0, scale), the scales being spread
lognormally around a typical one. p and the typical scale are learned from all z-scores together,
so that many looks are no license for chance. They are averaged over, not maximised: with few
z-scores a maximum of p lies at 1 and would call everything else impossible.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, special, stats

from tasks.bayes.interval import Interval
from tasks.errors import InputError

Floats = npt.NDArray[np.float64]

NOTHING = 10.0
"""p ~ beta(10, 1): the penalty of Stephens (2017), worth nine differences that are nothing."""
SCALES = 0.25 * np.sqrt(2.0) ** np.arange(17)
"""Of real changes, in standard errors: from a quarter to 64."""
TYPICAL = SCALES[2:-2]
"""Typical scales, all equally probable beforehand."""
SPREAD = 1.0
"""Sd of the logarithm of a scale around that of the typical one."""
NODES = 48
"""Of the Gauss-Legendre rule over p."""
TAIL = 0.025


def _grid() -> tuple[Floats, Floats]:
    """Values of p with their prior weights, shape (NODES,) each."""
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    p = (nodes + 1) / 2
    return p, weights / 2 * stats.beta.pdf(p, NOTHING, 1)


def _mixing() -> Floats:
    """Probability of each scale given a typical one, shape (scales, typical scales)."""
    distance = np.log(SCALES[:, None] / TYPICAL) / SPREAD
    density = np.exp(-0.5 * np.square(distance))
    return np.asarray(density / density.sum(axis=0))


P, P_WEIGHTS = _grid()
MIXING = _mixing()


@dataclass(frozen=True)
class TwoGroups:
    """The model as learned from some z-scores.

    Attributes
    ----------
    posterior
        Probability of each value of p and typical scale, shape (P, T).
    """

    posterior: Floats

    def probability(self, z: float) -> float:
        """Probability that a difference of so many standard errors is real: 1 - its local fdr."""
        return min(float(self._real(z).sum()), 1.0)

    def change(self, z: float) -> Interval:
        """Posterior mean and equal-tailed 95 % interval of the real change, in standard errors."""
        real = self._real(z)
        kept = np.square(SCALES) / (1 + np.square(SCALES))
        means, sds = kept * z, np.sqrt(kept)
        nothing = 1 - real.sum()

        def below(x: float) -> float:
            return float(real @ special.ndtr((x - means) / sds))

        def end(level: float) -> float:
            at_zero = below(0.0)
            if at_zero <= level <= at_zero + nothing:
                return 0.0
            sought = level if level < at_zero else level - nothing
            reach = abs(z) + 10
            return float(optimize.brentq(lambda x: below(x) - sought, -reach, reach))

        return Interval(mean=float(real @ means), low=end(TAIL), high=end(1 - TAIL))

    def _real(self, z: float) -> Floats:
        """Probability that the difference is a real one of each scale, shape (scales,)."""
        nothing, of_scales = _likelihoods(np.array([z]))
        density = _densities(nothing, of_scales @ MIXING)[0]
        weights = self.posterior * (1 - P)[:, None] / density
        return np.asarray(of_scales[0] * (MIXING @ weights.sum(axis=0)))


def fit_two_groups(z: npt.ArrayLike, shares: npt.ArrayLike) -> TwoGroups:
    """Learn how many differences are real, and how large those are.

    Parameters
    ----------
    z
        Differences over their standard errors, shape (K,).
    shares
        What each counts, in (0, 1], shape (K,): differences that hang together count as one, since
        a common chance moves them all.

    Returns
    -------
    TwoGroups
        Of a few z-scores it knows little more than beforehand: that one difference in eleven is
        real.

    Raises
    ------
    InputError
        If a difference is not finite.

    References
    ----------
    Efron (2008), Microarrays, empirical Bayes and the two-groups model, Statistical Science 23,
    1-22. Stephens (2017), False discovery rates: a new deal, Biostatistics 18, 275-294: the scale
    mixture, here with effects exchangeable on the scale of their standard errors.

    Examples
    --------
    >>> found = fit_two_groups([0.3, -0.8, 1.1, 9.0], [1, 1, 1, 1])
    >>> [round(found.probability(z), 2) for z in (0.3, 1.1, 9.0)]
    [0.04, 0.06, 1.0]
    """
    scores, counts = np.asarray(z, dtype=np.float64), np.asarray(shares, dtype=np.float64)
    if not np.isfinite(scores).all():
        raise InputError(f"Differences over their errors must be finite numbers, got {z!r}.")
    nothing, of_scales = _likelihoods(scores)
    densities = _densities(nothing, of_scales @ MIXING)
    evidence = np.einsum("k,kpt->pt", counts, np.log(densities))
    joint = P_WEIGHTS[:, None] * np.exp(evidence - evidence.max())
    return TwoGroups(joint / joint.sum())


def _likelihoods(z: Floats) -> tuple[Floats, Floats]:
    """Of no change, shape (K,), and of each scale, shape (K, scales), over the largest of them."""
    sds = np.sqrt(1 + np.square(np.append(0.0, SCALES)))
    logs = stats.norm.logpdf(z[:, None], scale=sds)
    likelihoods = np.exp(logs - logs.max(axis=1, keepdims=True))
    return likelihoods[:, 0], likelihoods[:, 1:]


def _densities(nothing: Floats, real: Floats) -> Floats:
    """Of each z-score given p and the typical scale, shape (K, P, T)."""
    return P[:, None] * nothing[:, None, None] + (1 - P)[:, None] * real[:, None, :]
