"""What the generators share whose effects are pooled towards a linear regression."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tasks.bayes.arguments import positive
from tasks.bayes.stan_source import Declaration
from tasks.calibration.simulator import FloatArray
from tasks.calibration.simulators.partial_pooling import PartialPooling
from tasks.calibration.simulators.unit_effects import REAL


def standardised(values: FloatArray) -> FloatArray:
    """Values less their mean over their standard deviation of J - 1 degrees of freedom.

    Examples
    --------
    >>> standardised(np.array([1.0, 2.0, 3.0])).tolist()
    [-1.0, 0.0, 1.0]
    """
    return np.asarray((values - values.mean()) / values.std(ddof=1))


@dataclass(frozen=True)
class LinearRegression(PartialPooling, ABC):
    """Units whose effects spread by tau around mu plus coefficients times covariates.

    Attributes
    ----------
    beta_sd
        Of the normal prior around 0 of each coefficient, in the estimates' unit.
    """

    beta_sd: float = 10.0

    variables: ClassVar[Mapping[str, Declaration]] = {**PartialPooling.variables, "beta_sd": REAL}

    def __post_init__(self) -> None:
        super().__post_init__()
        positive("beta_sd", self.beta_sd)

    @abstractmethod
    def covariates(self) -> FloatArray:
        """Standardised covariates, shape (J,) for one or (J, K)."""

    def draw_parameters(self, rng: np.random.Generator) -> dict[str, FloatArray]:
        """One draw of mu, beta (a number for one covariate or (K,)), tau, theta (J,)."""
        x = self.covariates()
        mu, tau = self.draw_mu_and_tau(rng)
        beta = rng.normal(0, self.beta_sd, size=x.shape[1:])
        return {
            "mu": np.array(mu),
            "beta": np.asarray(beta),
            "tau": np.array(tau),
            "theta": rng.normal(mu + np.dot(x, beta), tau),
        }
