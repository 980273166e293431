"""Generator for ``stan/hierarchical_adaptive.stan``: pooling whose scale changes with tau."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tasks.bayes.arguments import positive
from tasks.bayes.stan_source import Declaration
from tasks.calibration.simulator import FloatArray
from tasks.calibration.simulators.partial_pooling import NormalPooling
from tasks.calibration.simulators.unit_effects import REAL
from tasks.inference.comparison.marginal_normal import effective_tau


@dataclass(frozen=True)
class HierarchicalAdaptive(NormalPooling):
    """J units with true effects theta_j ~ N(mu, tau_effective), which is tau above a threshold.

    Attributes
    ----------
    threshold
        Value of tau around which the scale changes.
    sigma_pooled
        Spread of the effects at the threshold, seen from below.
    steepness
        Of the change, in 1 / the unit of tau.

    Examples
    --------
    >>> model, rng = HierarchicalAdaptive(), np.random.default_rng(1)
    >>> list(model.draw_parameters(rng))
    ['mu', 'tau', 'tau_effective', 'eta', 'theta']
    """

    threshold: float = 3.0
    sigma_pooled: float = 4.0
    steepness: float = 2.0

    program: ClassVar[str] = "hierarchical_adaptive.stan"
    variables: ClassVar[Mapping[str, Declaration]] = {
        **NormalPooling.variables,
        **dict.fromkeys(("threshold", "sigma_pooled", "steepness"), REAL),
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        positive("threshold", self.threshold)
        positive("sigma_pooled", self.sigma_pooled)
        positive("steepness", self.steepness)

    def draw_parameters(self, rng: np.random.Generator) -> dict[str, FloatArray]:
        """One draw of mu, tau, tau_effective, theta (J,) and, if not integrated, eta (J,)."""
        mu, tau = self.draw_mu_and_tau(rng)
        scale_change = self.threshold, self.sigma_pooled, self.steepness
        tau_effective = float(effective_tau(np.array(tau), *scale_change))
        return {
            "mu": np.array(mu),
            "tau": np.array(tau),
            "tau_effective": np.array(tau_effective),
            **self.draw_effects(mu, tau_effective, rng),
        }
