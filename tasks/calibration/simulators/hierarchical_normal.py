"""Generator for ``stan/hierarchical_noncentered.stan``: normal means with partial pooling."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tasks.calibration.simulator import FloatArray
from tasks.calibration.simulators.partial_pooling import NormalPooling


@dataclass(frozen=True)
class HierarchicalNormal(NormalPooling):
    """J units with true effects theta_j ~ N(mu, tau) and estimates y_j ~ N(theta_j, sigma_j).

    Design and priors are those of `UnitEffects` and `PartialPooling`.

    Examples
    --------
    >>> model, rng = HierarchicalNormal(), np.random.default_rng(1)
    >>> truth = model.draw_parameters(rng)
    >>> list(truth)
    ['mu', 'tau', 'eta', 'theta']
    >>> model.draw_data(truth, rng)["y"].shape
    (8,)
    """

    program: ClassVar[str] = "hierarchical_noncentered.stan"

    def draw_parameters(self, rng: np.random.Generator) -> dict[str, FloatArray]:
        """One draw of mu, tau, eta (J,) and theta (J,) from the prior; no eta if integrated."""
        mu, tau = self.draw_mu_and_tau(rng)
        return {"mu": np.array(mu), "tau": np.array(tau), **self.draw_effects(mu, tau, rng)}
