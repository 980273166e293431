"""Calibration around the posterior of given data, rather than over the whole prior."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tasks.bayes.gated_fit import fit_through_gate
from tasks.bayes.stan_model import sample
from tasks.bayes.stan_program import StanProgram
from tasks.calibration.simulator import FloatArray, Joinable, Simulator, Values
from tasks.errors import InputError

ITERATIONS = 1000
"""Of warm-up, and of sampling, of the posterior around which is simulated."""


@dataclass(frozen=True)
class AroundPosterior:
    """A simulator whose prior is another one's posterior given data.

    Parameters come from that posterior, new data from the parameters, and both data sets together
    are fitted: the draws that this gives are of the same law as the parameters.

    Attributes
    ----------
    simulator
        The other one; it must be `Joinable`.
    data
        What its posterior was fitted to.
    draws
        S draws of that posterior, shape (S, ...) a variable.

    References
    ----------
    Säilynoja, Schmitt, Bürkner & Vehtari (2025), Posterior SBC: simulation-based calibration
    checking conditional on data, arXiv:2502.03279.
    """

    simulator: Simulator
    data: Mapping[str, Any]
    draws: Values

    @property
    def program(self) -> str:
        """That of the other simulator."""
        return self.simulator.program

    def draw_parameters(self, rng: np.random.Generator) -> dict[str, FloatArray]:
        """One draw from the posterior given the data."""
        chosen = rng.integers(len(next(iter(self.draws.values()))))
        return {name: array[chosen] for name, array in self.draws.items()}

    def draw_data(self, parameters: Values, rng: np.random.Generator) -> dict[str, Any]:
        """The data together with a replicate of them."""
        return _joinable(self.simulator).join(self.data, self.simulator.draw_data(parameters, rng))

    def log_likelihood(self, draws: Values, data: Mapping[str, Any]) -> FloatArray:
        """Log density of both data sets given each draw, shape (S,), up to a constant."""
        return self.simulator.log_likelihood(draws, data)

    def quantities(self, draws: Values, data: Mapping[str, Any]) -> dict[str, FloatArray]:
        """The other simulator's, of both data sets together."""
        return self.simulator.quantities(draws, data)


def around_posterior(
    simulator: Simulator, program: StanProgram, data: Mapping[str, Any], *, seed: int
) -> AroundPosterior:
    """Fit data, and simulate around what their posterior holds.

    Parameters
    ----------
    simulator
        For the design of the data.
    program
        Its program.
    data
        Data of the program.
    seed
        Of the fit: 0 to 2**32 - 1.

    Raises
    ------
    InputError
        If the simulator's data cannot be joined with a replicate, or the program refuses the data.
    RunError
        If the fit misses its gate, with smaller steps and longer too.
    """
    _joinable(simulator)
    names = list(simulator.draw_parameters(np.random.default_rng(seed)))
    passed = fit_through_gate(
        lambda adapt_delta, times: sample(
            program,
            data,
            seed=seed,
            adapt_delta=adapt_delta,
            warmup=times * ITERATIONS,
            draws=times * ITERATIONS,
        ),
        f"The posterior of {program.name} given these data",
    )
    draws = passed.fit.posterior[names].stack(draw_of_all=("chain", "draw"), create_index=False)
    by_name = {name: np.moveaxis(draws[name].values, -1, 0) for name in names}
    return AroundPosterior(simulator, data, by_name)


def _joinable(simulator: Simulator) -> Joinable:
    if not isinstance(simulator, Joinable):
        raise InputError(
            f"Posterior calibration fits data and a replicate of them together, which the data of "
            f"{simulator.program} do not allow: choose the validation quick or comprehensive."
        )
    return simulator
