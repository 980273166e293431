"""Generator for ``stan/hierarchical_noncentered.stan``: normal means with partial pooling."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tasks.calibration.simulator import FloatArray
from tasks.calibration.simulators.partial_pooling import PartialPooling
from tasks.calibration.simulators.unit_effects import JoinedByPrecision


@dataclass(frozen=True)
class HierarchicalNormal(JoinedByPrecision, PartialPooling):
    """J units with true effects theta_j ~ N(mu, tau) and estimates y_j ~ N(theta_j, sigma_j).

    Design and priors are those of `UnitEffects` and `PartialPooling`.

    References
    ----------
    Papaspiliopoulos, Roberts & Sköld (2007), A general framework for the parametrization of
    hierarchical models, Statistical Science 22, 59-73, for the standardised deviations eta.

    Examples
    --------
    >>> model, rng = HierarchicalNormal(), np.random.default_rng(1)
    >>> truth = model.draw_parameters(rng)
    >>> model.draw_data(truth, rng)["y"].shape
    (8,)
    """

    program: ClassVar[str] = "hierarchical_noncentered.stan"

    def draw_parameters(self, rng: np.random.Generator) -> dict[str, FloatArray]:
        """One draw of mu, tau, eta (J,) and theta (J,) from the prior."""
        mu, tau = self.draw_mu_and_tau(rng)
        eta = rng.normal(size=len(self.sigma))
        return {"mu": np.array(mu), "tau": np.array(tau), "eta": eta, "theta": mu + tau * eta}
