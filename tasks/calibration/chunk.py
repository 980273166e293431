"""A few simulations: draw parameters and data, fit, rank."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tasks.bayes.batch import BatchProcess
from tasks.bayes.batch_record import BatchFit, FitStatus
from tasks.calibration.quantities import scalar_quantities, variables_of
from tasks.calibration.ranks import rank_of
from tasks.calibration.simulations import FloatArray, Simulations, Status
from tasks.calibration.simulator import Simulator
from tasks.errors import InputError
from tasks.seeds import generator

STATUS = {
    FitStatus.OK: Status.OK,
    FitStatus.SHORT_OF_ESS: Status.SHORT,
    FitStatus.FAILED: Status.FAILED,
}


@dataclass(frozen=True)
class Simulated:
    """One draw of parameters and data.

    Attributes
    ----------
    number
        Of the simulation.
    names
        Of the Q quantities.
    truth
        Their true values, shape (Q,).
    parameters, data
        What was drawn.
    """

    number: int
    names: tuple[str, ...]
    truth: FloatArray
    parameters: dict[str, FloatArray]
    data: dict[str, Any]


def simulate(simulator: Simulator, seed: int, number: int, *, with_further: bool) -> Simulated:
    """Draw parameters and data of one simulation; they depend on seed and number alone."""
    rng = generator(seed, f"simulation {number}")
    parameters = simulator.draw_parameters(rng)
    data = simulator.draw_data(parameters, rng)
    one = {name: np.asarray(value, dtype=np.float64)[None] for name, value in parameters.items()}
    scalars = scalar_quantities(simulator, one, data, with_further=with_further)
    truth = np.array([value[0] for value in scalars.values()])
    return Simulated(number, tuple(scalars), truth, parameters, data)


def simulate_chunk(
    simulator: Simulator,
    process: BatchProcess,
    seed: int,
    numbers: Iterable[int],
    *,
    n_ranks: int,
    with_further: bool,
) -> Simulations:
    """Simulate, fit and rank.

    Parameters
    ----------
    simulator
        Generator of parameters and data.
    process
        Fits its program, and keeps ``n_ranks - 1`` draws.
    seed
        Of the simulations.
    numbers
        Which simulations: from 0 on.
    n_ranks
        L + 1.
    with_further
        Whether the simulator's data-dependent quantities are ranked too.

    Raises
    ------
    InputError
        If the program refuses the data that the simulator drew, or lacks a variable that it ranks.
    RunError
        If the process has ended.
    """
    drawn = [simulate(simulator, seed, number, with_further=with_further) for number in numbers]
    fits = process.fit((one.number + 1, one.data) for one in drawn)
    rows = [
        _rank(simulator, one, fit, seed, with_further) for one, fit in zip(drawn, fits, strict=True)
    ]
    ranks, mean, sd, iqr = (np.array(column) for column in zip(*rows, strict=True))
    return Simulations(
        names=drawn[0].names,
        n_ranks=n_ranks,
        ranks=ranks.astype(np.int32),
        truth=np.array([one.truth for one in drawn]),
        mean=mean,
        sd=sd,
        iqr=iqr,
        status=np.array([STATUS[fit.status] for fit in fits], dtype=np.int8),
        ess=np.array([fit.ess for fit in fits]),
        iterations=np.array([fit.iterations for fit in fits], dtype=np.int32),
        divergences=np.array([fit.divergences for fit in fits], dtype=np.int32),
        saturated=np.array([fit.saturated for fit in fits], dtype=np.int32),
    )


def _rank(
    simulator: Simulator, one: Simulated, fit: BatchFit, seed: int, with_further: bool
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Ranks, posterior means, sds and interquartile ranges of a simulation, shape (Q,) each."""
    if STATUS[fit.status] is Status.FAILED:
        nothing = np.full(len(one.names), np.nan)
        return np.full(len(one.names), -1.0), nothing, nothing, nothing
    values = variables_of(fit.names, fit.draws, list(one.parameters))
    for name, array in values.items():
        if array.shape[1:] != np.shape(one.parameters[name]):
            raise InputError(
                f"The generator's {name!r} must have the program's shape {array.shape[1:]}, got "
                f"{np.shape(one.parameters[name])}."
            )
    scalars = scalar_quantities(simulator, values, one.data, with_further=with_further)
    draws = np.column_stack(list(scalars.values()))
    ranks = rank_of(one.truth, draws, generator(seed, f"ties {one.number}"))
    lower, upper = np.quantile(draws, [0.25, 0.75], axis=0)
    return ranks.astype(np.float64), draws.mean(axis=0), draws.std(axis=0, ddof=1), upper - lower
