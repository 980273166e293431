"""What more training rows in a value range would take away of the uncertainty: a learning curve.

With n training rows in the range and all others as they are, mean epistemic uncertainty of the
evaluation rows is taken to follow U(n) = floor + A / (n + lambda). Relative to the N rows now,
U(n) / U(N) = 1 - phi + phi (N + lambda) / (n + lambda), where phi = A / (N + lambda) / U(N) <= 1 is
the part of U(N) that ever more rows would take away. So dn more rows change U by
-100 phi dn / (N + dn + lambda) per cent: phi times the reduction of Theorem 1
(`tasks.bayes.conjugate.variance_reduction`), which is the case floor = 0, phi = 1. Where more rows
make members disagree more, phi is below 0.
"""

import math
from dataclasses import dataclass

import arviz as az
import numpy as np
import numpy.typing as npt

from tasks.bayes.arguments import positive
from tasks.bayes.conjugate import variance_reduction
from tasks.bayes.posterior_diagnostics import Verdict
from tasks.errors import InputError
from tasks.inference.effects_posterior import sampling_record

FloatArray = npt.NDArray[np.float64]

MOST_ROWS = 2**52
"""More rows than anybody can acquire."""


@dataclass(frozen=True)
class AcquisitionCurve:
    """Posterior of the learning curve of a range; S draws, chain after chain.

    Attributes
    ----------
    n_now
        N, the training rows in the range.
    fit
        All draws. The posterior holds ``phi``, ``lambda`` in rows, ``sigma_s``, the sd in per cent
        of what it does which half of the N rows is kept, and the sds and correlations of the cells.
    verdict
        What the diagnostics say; the gate is passed.
    adapt_delta
        Acceptance rate at which it was.
    """

    n_now: int
    fit: az.InferenceData
    verdict: Verdict
    adapt_delta: float

    @property
    def phi(self) -> FloatArray:
        """Draws of the part of U(N) that ever more rows take away, shape (S,)."""
        return self._draws("phi")

    @property
    def lam(self) -> FloatArray:
        """Draws of lambda, in rows, shape (S,)."""
        return self._draws("lambda")

    @property
    def diagnostics(self) -> dict[str, float | int | str]:
        """How the draws were made, and the worst of the diagnostics, for JSON."""
        return sampling_record(self.fit)

    def mean_effect(self, more: float) -> FloatArray:
        """Draws of the effect of so many more rows, over all rows that could come, shape (S,).

        Parameters
        ----------
        more
            dn >= 0.

        Returns
        -------
        numpy.ndarray
            -100 phi dn / (N + dn + lambda), in per cent of U; below 0 where U falls.
        """
        return np.asarray(-100 * self.phi * variance_reduction(self.n_now, more, self.lam))

    def effect(self, more: float) -> FloatArray:
        """Draws of what such rows really bring, which depends on the rows that come, shape (S,).

        U of a sample of n rows deviates from the curve by what is special to the sample, and as
        rows come that deviation is a Brownian motion in 1 / n: of a mean of n values, say, those of
        n and m > n rows have the covariance sigma^2 / m, so that what comes after n rows is
        independent of all before. The deviation of the N rows there are is not known, but it is in
        U before and after alike. So the variance of the increment is that of the path from 1 / N to
        1 / (N + dn): sigma_s^2 (1 - N / (N + dn)) = sigma_s^2 dn / (N + dn), where sigma_s^2 is
        that of the path from 2 / N to 1 / N, which the fits to fewer rows show.

        Parameters
        ----------
        more
            dn >= 0.

        Returns
        -------
        numpy.ndarray
            In per cent of U. Effects of different numbers of rows have their chance in common.

        References
        ----------
        Durrett (2019), Probability: Theory and Examples, 5th edition, section 4.7: a mean of n
        exchangeable values is a backwards martingale.
        """
        sd = self._draws("sigma_s") * math.sqrt(more / (self.n_now + more))
        return self.mean_effect(more) + sd * self._draws("deviation")

    def rows_until(self, worth: float, probability: float | None = None) -> int | None:
        """Fewest more rows whose mean effect is a reduction of U by so much.

        Parameters
        ----------
        worth
            Reduction above 0, in per cent of U.
        probability
            With which the reduction is to be reached, in (0, 1); None asks for the posterior mean
            to reach it.

        Returns
        -------
        int or None
            None where even ever more rows do not, whose effect is -100 phi.

        Raises
        ------
        InputError
            If an argument is out of its bounds.
        """
        positive("worth", worth)
        if probability is None:
            return self._rows_until_mean(worth)
        if not 0 < probability < 1:
            raise InputError(f"probability must lie between 0 and 1, got {probability}.")
        most = 100 * self.phi - worth
        needed = np.full(len(most), np.inf)
        can = most > 0
        needed[can] = worth * (self.n_now + self.lam[can]) / most[can]
        least = np.quantile(needed, probability, method="inverted_cdf")
        return math.ceil(least) if np.isfinite(least) else None

    def cost_per_unit(self, more: float, cost: float) -> float | None:
        """Cost of each per cent of U that so many more rows are expected to take away.

        Parameters
        ----------
        more
            dn > 0.
        cost
            Of a row.

        Returns
        -------
        float or None
            None where no reduction is expected.
        """
        reduction = -float(self.mean_effect(more).mean())
        return cost * more / reduction if reduction > 0 else None

    def _rows_until_mean(self, worth: float) -> int | None:
        """By doubling, then bisection between the last two."""

        def reached(more: int) -> bool:
            return -float(self.mean_effect(more).mean()) >= worth

        high = 1
        while not reached(high):
            high *= 2
            if high > MOST_ROWS:
                return None
        low = high // 2
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if reached(middle) else (middle, high)
        return high

    def _draws(self, name: str) -> FloatArray:
        return np.asarray(self.fit.posterior[name].values.ravel(), dtype=np.float64)
