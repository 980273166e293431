"""Generator for ``stan/complete_pooling.stan``: one common effect."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tasks.calibration.simulator import FloatArray, Values
from tasks.calibration.simulators.unit_effects import (
    JoinedByPrecision,
    UnitEffects,
    weighted_estimates,
)


@dataclass(frozen=True)
class CompletePooling(JoinedByPrecision, UnitEffects):
    """J units with the same true effect mu and estimates y_j ~ N(mu, sigma_j).

    Design and prior are those of `UnitEffects`.

    Examples
    --------
    >>> model, rng = CompletePooling(), np.random.default_rng(1)
    >>> truth = model.draw_parameters(rng)
    >>> list(truth), model.draw_data(truth, rng)["y"].shape
    (['mu'], (8,))
    """

    program: ClassVar[str] = "complete_pooling.stan"

    def effects(self, values: Values) -> FloatArray:
        """The effect of all units, shape (1,) for one draw, (S, 1) for S draws."""
        return values["mu"][..., None]

    def draw_parameters(self, rng: np.random.Generator) -> dict[str, FloatArray]:
        """One draw of mu from the prior; theta repeats it and is not ranked."""
        return {"mu": np.array(rng.normal(self.mu_mean, self.mu_sd))}

    def quantities(self, draws: Values, data: Mapping[str, Any]) -> dict[str, FloatArray]:
        """The effect's product with the estimates, each weighted by its precision, shape (S,).

        No unit's effect is the largest, so that the others of `UnitEffects` would be mu again.
        """
        return {"product of mu and y": draws["mu"] * weighted_estimates(data).sum()}
