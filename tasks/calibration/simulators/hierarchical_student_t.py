"""Generator for ``stan/hierarchical_student_t.stan``: effects that may lie far out."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tasks.calibration.simulator import FloatArray
from tasks.calibration.simulators.partial_pooling import PartialPooling
from tasks.calibration.simulators.unit_effects import JoinedByPrecision

NU_SHAPE, NU_RATE = 2.0, 0.1
"""Of the gamma prior of the degrees of freedom."""


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
    ['mu', 'tau', 'nu', 'eta', 'theta']
    """

    program: ClassVar[str] = "hierarchical_student_t.stan"

    def draw_parameters(self, rng: np.random.Generator) -> dict[str, FloatArray]:
        """One draw of mu, tau, nu, eta (J,) and theta (J,) from the prior."""
        mu, tau = self.draw_mu_and_tau(rng)
        nu = rng.gamma(NU_SHAPE, 1 / NU_RATE)
        eta = rng.standard_t(nu, size=len(self.sigma))
        return {
            "mu": np.array(mu),
            "tau": np.array(tau),
            "nu": np.array(nu),
            "eta": eta,
            "theta": mu + tau * eta,
        }
