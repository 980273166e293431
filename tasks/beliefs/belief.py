"""What somebody believes of a quantity: a law of one of six families, or a mixture of laws."""

import math
from functools import lru_cache
from typing import Annotated, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, FiniteFloat, model_validator
from scipy.special import logsumexp

from tasks.beliefs.cut_law import CutLaw, Floats, cut_law
from tasks.contract_checks import law_problems
from tasks.domain import PriorFamily
from tasks.domain_tables import Frozen

HALVINGS = 60
"""After which the bracket of a quantile is as narrow as a double can tell."""


class Law(Frozen):
    """A law of one family.

    Attributes
    ----------
    family, parameters
        As of `tasks.domain.Prior`.
    weight
        In the mixture that it is a component of; in (0, 1].

    Raises
    ------
    pydantic.ValidationError
        If a parameter is missing, unknown or out of its bounds.
    """

    family: PriorFamily
    parameters: dict[str, FiniteFloat]
    weight: Annotated[FiniteFloat, Field(gt=0, le=1)] = 1.0

    @model_validator(mode="after")
    def _has_its_parameters(self) -> Self:
        for name, what in law_problems(self.family, self.parameters):
            raise ValueError(f"{name} {what}".strip())
        return self

    def __str__(self) -> str:
        """Family and parameters."""
        values = ", ".join(f"{name} {value:.4g}" for name, value in self.parameters.items())
        return f"{self.family.replace('_', ' ')}({values})"


class Belief(Frozen):
    """A mixture of laws, each cut to the bounds of the quantity and normalised there.

    Attributes
    ----------
    laws
        At least one; their weights sum to 1.
    low, high
        Bounds of the quantity; None where there is none.

    Raises
    ------
    pydantic.ValidationError
        If the weights do not sum to 1, or a law holds nothing between the bounds.

    Examples
    --------
    >>> belief = Belief.of("normal", {"mean": 0.5, "sd": 0.1}, low=0, high=1)
    >>> print(belief)
    normal(mean 0.5, sd 0.1) between 0 and 1
    >>> round(belief.mean(), 6), round(belief.sd(), 6), round(float(belief.cdf(0.5)), 6)
    (0.5, 0.099999, 0.5)
    """

    laws: Annotated[tuple[Law, ...], Field(min_length=1)]
    low: FiniteFloat | None = None
    high: FiniteFloat | None = None

    @classmethod
    def of(
        cls,
        family: PriorFamily,
        parameters: dict[str, float],
        low: float | None = None,
        high: float | None = None,
    ) -> Self:
        """A belief of one law."""
        return cls(laws=(Law(family=family, parameters=parameters),), low=low, high=high)

    @model_validator(mode="after")
    def _is_a_distribution(self) -> Self:
        total = sum(law.weight for law in self.laws)
        if abs(total - 1) > 1e-9:
            raise ValueError(f"the weights of the laws must sum to 1, got {total:g}")
        low, high = self.bounds
        if low >= high:
            raise ValueError(f"low must lie below high, got {low:g} and {high:g}")
        for law in self.laws:
            if not cut_law(law.family, law.parameters, low, high).mass > 0:
                raise ValueError(f"{law} holds nothing between {low:g} and {high:g}")
        return self

    @property
    def bounds(self) -> tuple[float, float]:
        """Bounds of the quantity, infinite where there is none."""
        return (
            -np.inf if self.low is None else self.low,
            np.inf if self.high is None else self.high,
        )

    def __str__(self) -> str:
        """Laws, with weights where there are several, and bounds."""
        many = len(self.laws) > 1
        told = " + ".join(f"{law.weight:.4g} x {law}" if many else str(law) for law in self.laws)
        ends = {"above": self.low, "below": self.high}
        if self.low is not None and self.high is not None:
            return f"{told} between {self.low:g} and {self.high:g}"
        return told + "".join(f" {word} {end:g}" for word, end in ends.items() if end is not None)

    def support(self) -> tuple[float, float]:
        """Where the density is above 0: inside the bounds, infinite where it has no end."""
        ends = [part.support() for _, part in self._parts()]
        return min(a for a, _ in ends), max(b for _, b in ends)

    def log_density(self, x: npt.ArrayLike) -> Floats:
        """Log density in nats at each value, -inf outside of the support; the shape of `x`."""
        values = np.asarray(x, dtype=np.float64)
        terms = [part.log_density(values) + math.log(weight) for weight, part in self._parts()]
        return np.asarray(logsumexp(terms, axis=0))

    def cdf(self, x: npt.ArrayLike) -> Floats:
        """Probability of no more than each value; the shape of `x`."""
        values = np.asarray(x, dtype=np.float64)
        return np.asarray(sum(weight * part.cdf(values) for weight, part in self._parts()))

    def quantile(self, p: npt.ArrayLike) -> Floats:
        """Value with each probability below it; the shape of `p`, whose values lie in (0, 1)."""
        wanted = np.asarray(p, dtype=np.float64)
        single = self.law_quantiles(wanted)
        low, high = np.min(single, axis=0), np.max(single, axis=0)
        if len(single) == 1:
            return np.asarray(single[0])
        for _ in range(HALVINGS):  # the root of cdf = p lies between the laws' own quantiles
            middle = (low + high) / 2
            is_below = self.cdf(middle) < wanted
            low, high = np.where(is_below, middle, low), np.where(is_below, high, middle)
        return np.asarray((low + high) / 2)

    def law_quantiles(self, p: npt.ArrayLike) -> Floats:
        """Quantiles of every law on its own, shape (laws, *shape of p): where a mixture has mass.

        Examples
        --------
        >>> Belief.of("uniform", {"low": 0.0, "high": 4.0}).law_quantiles([0.25, 0.5]).tolist()
        [[1.0, 2.0]]
        """
        wanted = np.asarray(p, dtype=np.float64)
        return np.array([part.quantile(wanted) for _, part in self._parts()])

    def sample(self, rng: np.random.Generator, size: int) -> Floats:
        """Independent draws, shape (size,)."""
        parts = self._parts()
        of_law = rng.choice(len(parts), size=size, p=[weight for weight, _ in parts])
        uniform = rng.uniform(size=size)
        draws = np.empty(size)
        for place, (_, part) in enumerate(parts):
            draws[of_law == place] = part.quantile(uniform[of_law == place])
        return draws

    def mean(self) -> float:
        """Expected value; infinite or NaN where there is none."""
        return sum(weight * part.mean_and_variance()[0] for weight, part in self._parts())

    def sd(self) -> float:
        """Standard deviation; infinite or NaN where there is none."""
        mean = self.mean()
        parts = [(weight, *part.mean_and_variance()) for weight, part in self._parts()]
        return math.sqrt(sum(weight * (var + (mu - mean) ** 2) for weight, mu, var in parts))

    def _parts(self) -> tuple[tuple[float, CutLaw], ...]:
        """Weight of each law, and the law between the bounds."""
        low, high = self.bounds
        return tuple(
            (law.weight, _cut(law.family, tuple(law.parameters.items()), low, high))
            for law in self.laws
        )


@lru_cache(maxsize=512)
def _cut(
    family: PriorFamily, parameters: tuple[tuple[str, float], ...], low: float, high: float
) -> CutLaw:
    """A cut law, kept: to make one takes SciPy longer than to ask it a thousand densities."""
    return cut_law(family, dict(parameters), low, high)
