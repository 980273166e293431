"""What simulation-based calibration must know of a model, beside its Stan program."""

from collections.abc import Mapping
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Values = Mapping[str, FloatArray]
"""Values of variables by name: of one draw in the variable's own shape, of S draws (S, ...)."""


@runtime_checkable
class Simulator(Protocol):
    """A generator that knows the model's definition, and nothing of its Stan program.

    Attributes
    ----------
    program
        File name of the Stan program in ``stan/`` that it is a generator for.
    """

    @property
    def program(self) -> str:
        """See there."""
        ...

    def draw_parameters(self, rng: np.random.Generator) -> dict[str, FloatArray]:
        """One draw from the prior, of every variable to be ranked, by its name in the program."""
        ...

    def draw_data(self, parameters: Values, rng: np.random.Generator) -> dict[str, Any]:
        """Data for the program, drawn given one draw of the parameters."""
        ...

    def log_likelihood(self, draws: Values, data: Mapping[str, Any]) -> FloatArray:
        """Log density of all data given each draw, shape (S,), up to a constant of the data."""
        ...

    def quantities(self, draws: Values, data: Mapping[str, Any]) -> dict[str, FloatArray]:
        """Further quantities of each draw that depend on the data, shape (S,) or (S, ...)."""
        ...


class DesignedSimulator(Simulator, Protocol):
    """A simulator with a design of its own that can be made for another design."""

    def __init__(self) -> None:
        """Take its own design."""
        ...

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """Take the design from data of the program; what was observed is not looked at."""
        ...


@runtime_checkable
class Joinable(Protocol):
    """A simulator whose data can be seen twice: what posterior calibration needs."""

    def join(self, data: Mapping[str, Any], replicate: Mapping[str, Any]) -> dict[str, Any]:
        """Data for the program that tell as much as both together.

        `replicate` is drawn for the same parameters, as `Simulator.draw_data` draws it.
        """
        ...
