"""Generator for ``stan/hierarchical_noncentered.stan``: normal means with partial pooling."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from tasks.bayes.arguments import finite, positive
from tasks.bayes.stan_data import prepare_data
from tasks.bayes.stan_source import Declaration
from tasks.calibration.simulator import FloatArray, Values
from tasks.errors import InputError

TauFamily = Literal["half-cauchy", "half-normal"]

FAMILIES: dict[int, TauFamily] = {1: "half-cauchy", 2: "half-normal"}
"""Priors of tau by their code in the data."""
CODES = {family: code for code, family in FAMILIES.items()}
DESIGN = {
    "sigma": Declaration("real", 1),
    "mu_mean": Declaration("real", 0),
    "mu_sd": Declaration("real", 0),
    "tau_family": Declaration("int", 0),
    "tau_scale": Declaration("real", 0),
}


@dataclass(frozen=True)
class HierarchicalNormal:
    """J units with true effects theta_j ~ N(mu, tau) and estimates y_j ~ N(theta_j, sigma_j).

    Attributes
    ----------
    sigma
        Standard error of each unit's estimate, in the estimates' unit, as are all below; the
        default is that of the eight schools.
    mu_mean, mu_sd
        Of the normal prior of mu.
    tau_family, tau_scale
        Of the prior of tau.

    References
    ----------
    Rubin (1981), Estimation in parallel randomized experiments, Journal of Educational Statistics
    6, 377-401.

    Examples
    --------
    >>> model, rng = HierarchicalNormal(), np.random.default_rng(1)
    >>> truth = model.draw_parameters(rng)
    >>> model.draw_data(truth, rng)["y"].shape
    (8,)
    """

    sigma: tuple[float, ...] = (15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0)
    mu_mean: float = 0.0
    mu_sd: float = 20.0
    tau_family: TauFamily = "half-cauchy"
    tau_scale: float = 10.0

    program: ClassVar[str] = "hierarchical_noncentered.stan"

    def __post_init__(self) -> None:
        if not self.sigma:
            raise InputError("The model needs the standard error of at least 1 unit, got none.")
        positive("sigma", self.sigma)
        finite("mu_mean", self.mu_mean)
        positive("mu_sd", self.mu_sd)
        positive("tau_scale", self.tau_scale)
        if self.tau_family not in CODES:
            raise InputError(
                f"Argument tau_family must be one of {', '.join(CODES)}, got {self.tau_family!r}."
            )

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> "HierarchicalNormal":
        """Take standard errors and priors from the program's data, whose y is not looked at.

        Raises
        ------
        InputError
            If a variable is missing or out of its bounds; the message names it.
        """
        given = prepare_data(DESIGN, data)
        if given["tau_family"] not in FAMILIES:
            raise InputError(
                "Data variable 'tau_family' must be 1 (half-Cauchy) or 2 (half-normal), got "
                f"{given['tau_family']}."
            )
        given["sigma"] = tuple(given["sigma"].tolist())
        return cls(**given | {"tau_family": FAMILIES[given["tau_family"]]})

    def draw_parameters(self, rng: np.random.Generator) -> dict[str, FloatArray]:
        """One draw of mu, tau, eta (J,) and theta (J,) from the prior."""
        standard = rng.standard_cauchy() if self.tau_family == "half-cauchy" else rng.normal()
        mu = rng.normal(self.mu_mean, self.mu_sd)
        tau = self.tau_scale * abs(standard)
        eta = rng.normal(size=len(self.sigma))
        return {"mu": np.array(mu), "tau": np.array(tau), "eta": eta, "theta": mu + tau * eta}

    def draw_data(self, parameters: Values, rng: np.random.Generator) -> dict[str, Any]:
        """Estimates y of the true effects theta, with the design."""
        sigma = np.array(self.sigma)
        return {
            "J": len(self.sigma),
            "y": rng.normal(parameters["theta"], sigma),
            "sigma": sigma,
            "mu_mean": self.mu_mean,
            "mu_sd": self.mu_sd,
            "tau_family": CODES[self.tau_family],
            "tau_scale": self.tau_scale,
        }

    def log_likelihood(self, draws: Values, data: Mapping[str, Any]) -> FloatArray:
        """Log density of all estimates given each draw, shape (S,), up to a constant."""
        deviation = (data["y"] - draws["theta"]) / data["sigma"]
        return np.asarray(-0.5 * np.square(deviation).sum(axis=-1))

    def quantities(self, draws: Values, data: Mapping[str, Any]) -> dict[str, FloatArray]:
        """Quantities that a wrong pooling would move, each of shape (S,).

        The largest effect; the effect of the unit whose estimate is the largest; the effects'
        product with the estimates, each weighted by its precision. The chi-square discrepancy is
        not among them, since its rank is that of the log likelihood turned round.
        """
        theta, y = draws["theta"], np.asarray(data["y"])
        return {
            "largest theta": theta.max(axis=-1),
            "theta of the largest y": theta[..., y.argmax()],
            "product of theta and y": theta @ (y / np.square(data["sigma"])),
        }

    def join(self, data: Mapping[str, Any], replicate: Mapping[str, Any]) -> dict[str, Any]:
        """Estimates combined by their precisions, with the standard error of the combination."""
        precisions = [np.square(seen["sigma"]) ** -1.0 for seen in (data, replicate)]
        total = precisions[0] + precisions[1]
        y = (precisions[0] * data["y"] + precisions[1] * replicate["y"]) / total
        return {**data, "y": y, "sigma": 1 / np.sqrt(total)}
