"""Generator for ``stan/key_importance.stan``: normal means around 0 with partial pooling."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tasks.bayes.arguments import non_negative, positive
from tasks.bayes.stan_data import prepare_data
from tasks.bayes.stan_source import Declaration
from tasks.calibration.simulator import FloatArray, Values
from tasks.errors import InputError

DESIGN = {
    "n": Declaration("int", 1),
    "sigma2_obs": Declaration("real", 0),
    "a0": Declaration("real", 0),
    "b0": Declaration("real", 0),
}


@dataclass(frozen=True)
class KeyImportance:
    """K foreign keys with importances alpha_k ~ N(0, sigma2_FK) and n_k noisy observations each.

    Attributes
    ----------
    n
        Number of each key's observations; at least one key has some.
    sigma2_obs
        Variance of one observation.
    a0, b0
        Shape and scale of the inverse gamma prior of sigma2_FK, in the unit of `sigma2_obs`; from
        a shape above 2 on its variance is finite.

    Examples
    --------
    >>> model, rng = KeyImportance(n=(0, 5)), np.random.default_rng(1)
    >>> truth = model.draw_parameters(rng)
    >>> model.draw_data(truth, rng)["ybar"].round(3)
    array([ 0.   , -0.315])
    """

    n: tuple[int, ...] = (3, 40, 12, 0, 1, 7, 150, 2, 5, 25)
    sigma2_obs: float = 4.0
    a0: float = 3.0
    b0: float = 2.0

    program: ClassVar[str] = "key_importance.stan"

    def __post_init__(self) -> None:
        non_negative("n", self.n)
        positive("sigma2_obs", self.sigma2_obs)
        positive("a0", self.a0)
        positive("b0", self.b0)
        if not any(self.n):
            raise InputError(
                f"At least one key must have observations, got none among {len(self.n)} key(s)."
            )

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> "KeyImportance":
        """Take counts, noise and prior from the program's data, whose ybar is not looked at.

        Raises
        ------
        InputError
            If a variable is missing or out of its bounds; the message names it.
        """
        given = prepare_data(DESIGN, data)
        return cls(**given | {"n": tuple(given["n"].tolist())})

    def draw_parameters(self, rng: np.random.Generator) -> dict[str, FloatArray]:
        """One draw of sigma2_FK, eta (K,) and alpha (K,) from the prior."""
        sigma2_fk = self.b0 / rng.gamma(self.a0)
        eta = rng.normal(size=len(self.n))
        alpha = math.sqrt(sigma2_fk) * eta
        return {"sigma2_FK": np.array(sigma2_fk), "eta": eta, "alpha": alpha}

    def draw_data(self, parameters: Values, rng: np.random.Generator) -> dict[str, Any]:
        """Means of observations drawn one by one, 0 for a key without any, with the design."""
        sd = math.sqrt(self.sigma2_obs)
        observations = [
            rng.normal(alpha, sd, count)
            for alpha, count in zip(parameters["alpha"], self.n, strict=True)
        ]
        return {
            "K": len(self.n),
            "ybar": np.array([y.mean() if y.size else 0.0 for y in observations]),
            "n": np.array(self.n),
            "sigma2_obs": self.sigma2_obs,
            "a0": self.a0,
            "b0": self.b0,
        }

    def log_likelihood(self, draws: Values, data: Mapping[str, Any]) -> FloatArray:
        """Log density of all observations given each draw, shape (S,), up to a constant."""
        squares = data["n"] * np.square(data["ybar"] - draws["alpha"])
        return np.asarray(-0.5 * squares.sum(axis=-1) / data["sigma2_obs"])

    def quantities(self, draws: Values, data: Mapping[str, Any]) -> dict[str, FloatArray]:
        """Quantities that a wrong pooling would move, each of shape (S,).

        The largest importance; the importance of the key whose mean is the largest; the sum over
        all observations of their product with their key's importance.
        """
        alpha, n, ybar = draws["alpha"], np.asarray(data["n"]), np.asarray(data["ybar"])
        return {
            "largest alpha": alpha.max(axis=-1),
            "alpha of the largest ybar": alpha[..., np.where(n > 0, ybar, -np.inf).argmax()],
            "product of alpha and y": alpha @ (n * ybar),
        }

    def join(self, data: Mapping[str, Any], replicate: Mapping[str, Any]) -> dict[str, Any]:
        """Means of the observations of both, with their numbers."""
        n = np.add(data["n"], replicate["n"])
        sums = (np.multiply(seen["n"], seen["ybar"]) for seen in (data, replicate))
        return {**data, "n": n, "ybar": sum(sums) / np.maximum(n, 1)}
