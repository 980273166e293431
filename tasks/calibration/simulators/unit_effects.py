"""What the generators for programs with y[j] ~ normal(theta[j], sigma[j]) share."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from tasks.bayes.arguments import finite, positive
from tasks.bayes.stan_data import prepare_data
from tasks.bayes.stan_source import Declaration
from tasks.calibration.simulator import FloatArray, Values
from tasks.errors import InputError

REAL = Declaration("real", 0)
EIGHT_SCHOOLS = (15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0)
"""Standard errors of Rubin (1981)."""


@dataclass(frozen=True)
class UnitEffects:
    """J units with true effects theta_j, whose law a subclass says, and estimates of them.

    Attributes
    ----------
    sigma
        Standard error of each unit's estimate, in the estimates' unit, as are all below; the
        default is that of the eight schools.
    mu_mean, mu_sd
        Of the normal prior of mu.

    References
    ----------
    Rubin (1981), Estimation in parallel randomized experiments, Journal of Educational Statistics
    6, 377-401.
    """

    sigma: tuple[float, ...] = EIGHT_SCHOOLS
    mu_mean: float = 0.0
    mu_sd: float = 20.0

    variables: ClassVar[Mapping[str, Declaration]] = {
        "sigma": Declaration("real", 1),
        "mu_mean": REAL,
        "mu_sd": REAL,
    }

    def __post_init__(self) -> None:
        if not self.sigma:
            raise InputError("The model needs the standard error of at least 1 unit, got none.")
        positive("sigma", self.sigma)
        finite("mu_mean", self.mu_mean)
        positive("mu_sd", self.mu_sd)

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """Take design and priors from the program's data, whose y is not looked at.

        Raises
        ------
        InputError
            If a variable is missing or out of its bounds; the message names it.
        """
        return cls(**cls._arguments(prepare_data(cls.variables, data)))

    @classmethod
    def _arguments(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Arguments of the generator by those data variables that say its design."""
        return given | {"sigma": tuple(given["sigma"].tolist())}

    def design(self) -> dict[str, Any]:
        """The program's data but for the estimates y."""
        values = {name: getattr(self, name) for name in self.variables}
        return values | {"J": len(self.sigma), "sigma": np.array(self.sigma), "likelihood": 1}

    def effects(self, values: Values) -> FloatArray:
        """True effects theta, shape (J,) for one draw, (S, J) for S draws."""
        return values["theta"]

    def draw_data(self, parameters: Values, rng: np.random.Generator) -> dict[str, Any]:
        """Estimates y of the true effects, with the design."""
        return self.design() | {"y": rng.normal(self.effects(parameters), np.array(self.sigma))}

    def log_likelihood(self, draws: Values, data: Mapping[str, Any]) -> FloatArray:
        """Log density of all estimates given each draw, shape (S,), up to a constant."""
        deviation = (data["y"] - self.effects(draws)) / data["sigma"]
        return np.asarray(-0.5 * np.square(deviation).sum(axis=-1))

    def quantities(self, draws: Values, data: Mapping[str, Any]) -> dict[str, FloatArray]:
        """Quantities that a wrong pooling would move, each of shape (S,).

        The largest effect; the effect of the unit whose estimate is the largest; the effects'
        product with the estimates, each weighted by its precision. The chi-square discrepancy is
        not among them, since its rank is that of the log likelihood turned round.
        """
        theta = self.effects(draws)
        return {
            "largest theta": theta.max(axis=-1),
            "theta of the largest y": theta[..., np.argmax(data["y"])],
            "product of theta and y": theta @ weighted_estimates(data),
        }


class JoinedByPrecision:
    """Two data sets of the same parameters are joined unit by unit."""

    def join(self, data: Mapping[str, Any], replicate: Mapping[str, Any]) -> dict[str, Any]:
        """Estimates combined by their precisions, with the standard error of the combination."""
        precisions = [np.square(seen["sigma"]) ** -1.0 for seen in (data, replicate)]
        total = precisions[0] + precisions[1]
        y = (precisions[0] * data["y"] + precisions[1] * replicate["y"]) / total
        return {**data, "y": y, "sigma": 1 / np.sqrt(total)}


def weighted_estimates(data: Mapping[str, Any]) -> FloatArray:
    """Estimates times their precisions, shape (J,)."""
    return np.asarray(np.asarray(data["y"]) / np.square(data["sigma"]))
