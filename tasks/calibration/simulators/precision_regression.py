"""Generator for ``stan/precision_regression.stan``: effects on a line in the log precision."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tasks.calibration.simulator import FloatArray
from tasks.calibration.simulators.linear_regression import LinearRegression, standardised
from tasks.errors import InputError


@dataclass(frozen=True)
class PrecisionRegression(LinearRegression):
    """J units with true effects theta_j ~ N(mu + beta x_j, tau), x the standardised log precision.

    Design and priors are those of `UnitEffects`, `PartialPooling` and `LinearRegression`; not all
    standard errors may be the same. Joined data have other standard errors and so another line,
    so that this generator is not `Joinable`.

    References
    ----------
    Thompson & Sharp (1999), Explaining heterogeneity in meta-analysis: a comparison of methods,
    Statistics in Medicine 18, 2693-2708.

    Examples
    --------
    >>> PrecisionRegression(sigma=(1.0, 2.0, 4.0)).covariates().tolist()
    [1.0, 0.0, -1.0]
    """

    program: ClassVar[str] = "precision_regression.stan"

    def __post_init__(self) -> None:
        super().__post_init__()
        if min(self.sigma) == max(self.sigma):
            raise InputError(
                "A regression on the precision needs units of unequal standard errors, got "
                f"sigma = {self.sigma[0]:g} for all {len(self.sigma)}: choose another model."
            )

    def covariates(self) -> FloatArray:
        """The standardised logarithm of each estimate's precision, shape (J,)."""
        return standardised(-2 * np.log(self.sigma))
