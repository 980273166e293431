"""Priors of the mean of the units' effects and of their spread, where effects are pooled."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from tasks.bayes.arguments import positive
from tasks.bayes.stan_source import Declaration
from tasks.calibration.simulator import FloatArray
from tasks.calibration.simulators.unit_effects import REAL, JoinedByPrecision, UnitEffects
from tasks.errors import InputError

TauFamily = Literal["half-cauchy", "half-normal"]

FAMILIES: dict[int, TauFamily] = {1: "half-cauchy", 2: "half-normal"}
"""Priors of tau by their code in the data."""
NU_SHAPE, NU_RATE = 2.0, 0.1
"""Of the gamma prior of the degrees of freedom of Student-t effects."""
CODES = {family: code for code, family in FAMILIES.items()}


@dataclass(frozen=True)
class PartialPooling(UnitEffects):
    """Units whose effects spread around a common mean or line by tau.

    Attributes
    ----------
    tau_family, tau_scale
        Of the prior of tau.

    References
    ----------
    Gelman (2006), Prior distributions for variance parameters in hierarchical models, Bayesian
    Analysis 1, 515-534.
    """

    tau_family: TauFamily = "half-cauchy"
    tau_scale: float = 10.0

    variables: ClassVar[Mapping[str, Declaration]] = {
        **UnitEffects.variables,
        "tau_family": Declaration("int", 0),
        "tau_scale": REAL,
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        positive("tau_scale", self.tau_scale)
        if self.tau_family not in CODES:
            raise InputError(
                f"Argument tau_family must be one of {', '.join(CODES)}, got {self.tau_family!r}."
            )

    @classmethod
    def _arguments(cls, given: dict[str, Any]) -> dict[str, Any]:
        if given["tau_family"] not in FAMILIES:
            raise InputError(
                "Data variable 'tau_family' must be 1 (half-Cauchy) or 2 (half-normal), got "
                f"{given['tau_family']}."
            )
        return super()._arguments(given) | {"tau_family": FAMILIES[given["tau_family"]]}

    def design(self) -> dict[str, Any]:
        """The program's data but for the estimates y."""
        return super().design() | {"tau_family": CODES[self.tau_family]}

    def draw_mu_and_tau(self, rng: np.random.Generator) -> tuple[float, float]:
        """One draw of mean and scale of the effects from their priors."""
        standard = rng.standard_cauchy() if self.tau_family == "half-cauchy" else rng.normal()
        return rng.normal(self.mu_mean, self.mu_sd), self.tau_scale * abs(standard)


@dataclass(frozen=True)
class NormalPooling(JoinedByPrecision, PartialPooling):
    """Units whose effects are normal around mu.

    Attributes
    ----------
    integrated
        Whether the program integrates the effects out, or samples their standardised deviations.

    References
    ----------
    Papaspiliopoulos, Roberts & Sköld (2007), A general framework for the parametrization of
    hierarchical models, Statistical Science 22, 59-73.
    """

    integrated: bool = False

    variables: ClassVar[Mapping[str, Declaration]] = {
        **PartialPooling.variables,
        "integrated": Declaration("int", 0),
    }

    @classmethod
    def _arguments(cls, given: dict[str, Any]) -> dict[str, Any]:
        if given["integrated"] not in (0, 1):
            raise InputError(
                f"Data variable 'integrated' must be 0 or 1, got {given['integrated']}."
            )
        return super()._arguments(given) | {"integrated": bool(given["integrated"])}

    def design(self) -> dict[str, Any]:
        """The program's data but for the estimates y."""
        return super().design() | {"integrated": int(self.integrated)}

    def draw_effects(
        self, mu: float, tau: float, rng: np.random.Generator
    ) -> dict[str, FloatArray]:
        """One draw of the effects theta (J,) and, if not integrated, their deviations eta (J,)."""
        eta = rng.normal(size=len(self.sigma))
        theta = {"theta": mu + tau * eta}
        return theta if self.integrated else {"eta": eta, **theta}
