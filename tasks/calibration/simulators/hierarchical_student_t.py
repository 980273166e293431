"""Generator for ``stan/hierarchical_student_t.stan``: effects that may lie far out."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tasks.calibration.simulator import FloatArray
from tasks.calibration.simulators.partial_pooling import NU_RATE, NU_SHAPE, PartialPooling
from tasks.calibration.simulators.unit_effects import JoinedByPrecision


@dataclass(frozen=True)
class HierarchicalStudentT(JoinedByPrecision, PartialPooling):
    """J units with true effects theta_j ~ t(nu, mu, tau) and estimates y_j ~ N(theta_j, sigma_j).

    Design and the priors of mu and tau are those of `UnitEffects` and `PartialPooling`.

    References
    ----------
    Juárez & Steel (2010), Model-based clustering of non-Gaussian panel data based on skew-t
    distributions, Journal of Business & Economic Statistics 28, 52-66, for the prior of nu.

    Examples
    --------
    >>> model, rng = HierarchicalStudentT(), np.random.default_rng(1)
    >>> list(model.draw_parameters(rng))
    ['mu', 'tau', 'nu', 'lambda', 'theta']
    """

    program: ClassVar[str] = "hierarchical_student_t.stan"

    def draw_parameters(self, rng: np.random.Generator) -> dict[str, FloatArray]:
        """One draw of mu, tau, nu, weights lambda (J,) and theta (J,) from the prior."""
        mu, tau = self.draw_mu_and_tau(rng)
        nu = rng.gamma(NU_SHAPE, 1 / NU_RATE)
        weights = rng.gamma(nu / 2, 2 / nu, size=len(self.sigma))
        return {
            "mu": np.array(mu),
            "tau": np.array(tau),
            "nu": np.array(nu),
            "lambda": weights,
            "theta": rng.normal(mu, tau / np.sqrt(weights)),
        }
