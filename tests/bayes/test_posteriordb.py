"""Published reference posteriors and exact values: the engine gives the right answer."""

import json
import zipfile
from pathlib import Path

import arviz as az
import numpy as np
import numpy.typing as npt
import pytest

from tasks.bayes.posterior_summary import scalar_names
from tasks.bayes.stan_model import sample
from tasks.bayes.stan_program import StanProgram

HALF_CAUCHY = 1
CASES = {
    "eight_schools": ("hierarchical_noncentered", "eight_schools-eight_schools_noncentered"),
    "sblri": ("linear_regression", "sblri-blr"),
    "kidiq": ("kid_score", "kidiq-kidscore_momhsiq"),
}
EXTRA_DATA = {
    "eight_schools": {
        "mu_mean": 0,
        "mu_sd": 5,
        "tau_family": HALF_CAUCHY,
        "tau_scale": 5,
        "likelihood": 1,
        "integrated": 0,
    },
}
MOST_STANDARD_ERRORS = 4


def reference_draws(posteriordb: Path, name: str) -> dict[str, npt.NDArray[np.float64]]:
    """Draws of each scalar, shape (chain, draw)."""
    with zipfile.ZipFile(posteriordb / "draws" / f"{name}.json.zip") as archive:
        chains = json.loads(archive.read(f"{name}.json"))
    return {key: np.array([chain[key] for chain in chains]) for key in chains[0]}


def mean_with_error(draws: npt.NDArray[np.float64]) -> tuple[float, float]:
    error = draws.std(ddof=1) / np.sqrt(az.ess(draws, method="mean"))
    return float(draws.mean()), float(error)


@pytest.mark.parametrize("case", CASES)
def test_means_and_second_moments_agree_with_posteriordb(
    case: str, posteriordb: Path, programs: dict[str, StanProgram]
) -> None:
    program, reference_name = CASES[case]
    data = json.loads((posteriordb / "data" / f"{case}.json").read_text(encoding="utf-8"))
    fit = sample(programs[program], data | EXTRA_DATA.get(case, {}), seed=1, draws=4000)
    reference = reference_draws(posteriordb, reference_name)
    ours = {
        name: values
        for variable in fit.posterior.data_vars.values()
        for name, values in zip(
            scalar_names(variable),
            np.moveaxis(variable.values.reshape(*variable.shape[:2], -1), -1, 0),
            strict=True,
        )
    }
    assert set(reference) <= set(ours)
    for name, expected in reference.items():
        for power in (1, 2):
            mean, error = mean_with_error(ours[name] ** power)
            expected_mean, expected_error = mean_with_error(expected**power)
            distance = abs(mean - expected_mean) / np.hypot(error, expected_error)
            assert distance < MOST_STANDARD_ERRORS, f"{name}^{power}: {distance:.1f} MCSE away"


@pytest.mark.parametrize(
    ("mu_sd", "tau_scale", "exact"),
    [
        (20, 10, {"mu": 7.4467, "tau": 4.7073}),
        (5, 5, {"mu": 4.3968, "tau": 3.5977, "theta[1]": 6.2119}),
    ],
)
def test_eight_schools_agrees_with_quadrature(
    mu_sd: float, tau_scale: float, exact: dict[str, float], programs: dict[str, StanProgram]
) -> None:
    data = {
        "J": 8,
        "y": [28, 8, -3, 7, -1, 1, 18, 12],
        "sigma": [15, 10, 16, 11, 9, 11, 10, 18],
        "mu_mean": 0,
        "mu_sd": mu_sd,
        "tau_family": HALF_CAUCHY,
        "tau_scale": tau_scale,
        "likelihood": 1,
        "integrated": 0,
    }
    fit = sample(programs["hierarchical_noncentered"], data, seed=2, draws=4000, adapt_delta=0.95)
    draws = {
        "mu": fit.posterior["mu"].values,
        "tau": fit.posterior["tau"].values,
        "theta[1]": fit.posterior["theta"].values[..., 0],
    }
    for name, expected in exact.items():
        mean, error = mean_with_error(draws[name])
        assert abs(mean - expected) < MOST_STANDARD_ERRORS * error, name
