"""Generator for ``stan/hierarchical_covariates.stan``: effects on a plane in given covariates."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tasks.bayes.arguments import finite
from tasks.bayes.stan_source import Declaration
from tasks.calibration.simulator import FloatArray
from tasks.calibration.simulators.linear_regression import LinearRegression, standardised
from tasks.calibration.simulators.unit_effects import EIGHT_SCHOOLS, JoinedByPrecision
from tasks.errors import InputError

Rows = tuple[tuple[float, ...], ...]


def trend_and_alternation(n: int) -> Rows:
    """Two standardised covariates of n units: one that rises evenly, one that goes to and fro."""
    order = np.arange(n, dtype=np.float64)
    return tuple(zip(*(standardised(x).tolist() for x in (order, order % 2)), strict=True))


OF_EIGHT_SCHOOLS = trend_and_alternation(len(EIGHT_SCHOOLS))


@dataclass(frozen=True)
class HierarchicalCovariates(JoinedByPrecision, LinearRegression):
    """J units with true effects theta_j ~ N(mu + x_j · beta, tau), y_j ~ N(theta_j, sigma_j).

    The rest of the design is that of `UnitEffects`, `PartialPooling` and `LinearRegression`.

    Attributes
    ----------
    x
        A row of K values for each unit, each covariate standardised over the units.

    Examples
    --------
    >>> model, rng = HierarchicalCovariates(), np.random.default_rng(1)
    >>> model.draw_parameters(rng)["beta"].shape
    (2,)
    """

    x: Rows = OF_EIGHT_SCHOOLS

    program: ClassVar[str] = "hierarchical_covariates.stan"
    variables: ClassVar[Mapping[str, Declaration]] = {
        **LinearRegression.variables,
        "x": Declaration("real", 2),
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.x) != len(self.sigma):
            raise InputError(
                f"The covariates x must have a row for each of the {len(self.sigma)} unit(s), got "
                f"{len(self.x)}."
            )
        if not self.x[0]:
            raise InputError("The model needs at least 1 covariate in x, got none.")
        finite("x", self.x)

    @classmethod
    def _arguments(cls, given: dict[str, Any]) -> dict[str, Any]:
        return super()._arguments(given) | {"x": tuple(map(tuple, given["x"].tolist()))}

    def design(self) -> dict[str, Any]:
        """The program's data but for the estimates y."""
        x = self.covariates()
        return super().design() | {"K": x.shape[1], "x": x}

    def covariates(self) -> FloatArray:
        """The covariates, shape (J, K)."""
        return np.array(self.x)
