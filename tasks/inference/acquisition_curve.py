"""The learning curve of a value range, fitted to its replicate cells."""

from tasks.bayes.gated_fit import fit_through_gate
from tasks.bayes.stan_model import sample
from tasks.inference.acquisition_data import acquisition_data
from tasks.inference.acquisition_posterior import AcquisitionCurve
from tasks.intervention.acquisition_cells import AcquisitionCells
from tasks.locations import resource

PROGRAM = "acquisition_curve.stan"


def fit_acquisition(
    cells: AcquisitionCells,
    *,
    seed: int,
    chains: int = 4,
    warmup: int = 1000,
    draws: int = 1000,
    timeout: float | None = None,
) -> AcquisitionCurve:
    """Fit the learning curve by NUTS; a fit that misses the gate is repeated once.

    That is with smaller steps and chains twice as long.

    Parameters
    ----------
    cells
        Changes of U in every replicate cell.
    seed
        0 to 2**32 - 1. The same seed and cells give the same draws.
    chains, warmup, draws
        Number of chains, and of iterations of each.
    timeout
        Seconds after which a fit is stopped; None waits for ever.

    Raises
    ------
    InputError
        As `acquisition_data`.
    RunError
        If the second fit misses the gate too, with the parameter and its number, or the time is
        up.
    """
    data = acquisition_data(cells)
    passed = fit_through_gate(
        lambda adapt_delta, times: sample(
            resource("stan", PROGRAM),
            data,
            seed=seed,
            chains=chains,
            warmup=times * warmup,
            draws=times * draws,
            adapt_delta=adapt_delta,
            timeout=timeout,
        ),
        "The learning curve",
    )
    return AcquisitionCurve(cells.n_now, passed.fit, passed.verdict, passed.adapt_delta)
