"""Positive controls: the project's programs are calibrated. Negative controls: each is caught.

The calibration of ``intervention_effects`` at 1000 simulations takes minutes: see
``tests/benchmarks/sbc_speed.py``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest

from tasks.bayes.batch import BatchSettings
from tasks.bayes.stan_program import StanProgram, compile_program
from tasks.calibration.models import simulator_of
from tasks.calibration.runner import Calibration, run_calibration
from tasks.calibration.simulations import LOG_LIKELIHOOD, Simulations
from tasks.calibration.simulator import FloatArray, Simulator, Values
from tasks.calibration.simulators.effects_design import default_design
from tasks.calibration.simulators.hierarchical_adaptive import HierarchicalAdaptive
from tasks.calibration.simulators.hierarchical_covariates import HierarchicalCovariates
from tasks.calibration.simulators.hierarchical_normal import HierarchicalNormal
from tasks.calibration.simulators.intervention_effects import InterventionEffects
from tasks.calibration.verdict import CalibrationVerdict
from tasks.locations import resource

IGNORES_DATA = Path(__file__).parent / "programs" / "ignores_data.stan"
CHANCE = 1e-3
"""A true null is rejected this often: draws may differ where a compiler rounds differently."""


def calibrate(
    simulator: Any,
    n: int,
    program: StanProgram | None = None,
    *,
    stop_early: bool = False,
    with_further: bool = True,
    **settings: Any,
) -> tuple[Simulations, CalibrationVerdict]:
    if program is None:
        program = compile_program(resource("stan", simulator.program), many_fits=True)
    calibration = Calibration(
        simulator, program, BatchSettings(seed=1, **settings), with_further=with_further
    )
    with TemporaryDirectory() as folder:
        return run_calibration(calibration, n, root=Path(folder), workers=2, stop_early=stop_early)


@pytest.mark.parametrize(
    ("model", "n", "settings"),
    [
        ("hierarchical_noncentered", 1000, {}),
        ("hierarchical_adaptive", 1000, {}),
        ("hierarchical_covariates", 400, {}),
        ("hierarchical_student_t", 400, {}),
        ("complete_pooling", 1000, {}),
        ("precision_regression", 400, {}),
        ("key_importance", 1000, {}),
        ("acquisition_curve", 60, {"adapt_delta": 0.9}),
        ("intervention_effects", 40, {"adapt_delta": 0.9}),
    ],
)
def test_a_program_of_the_project_is_calibrated(
    model: str, n: int, settings: dict[str, Any]
) -> None:
    simulations, verdict = calibrate(simulator_of(model), n, **settings)
    assert len(simulations.status) == n
    assert simulations.is_fitted.all()
    assert min(quantity.adjusted_p_value for quantity in verdict.quantities) > CHANCE


def test_the_effects_model_with_heavy_tails_is_calibrated() -> None:
    heavy = InterventionEffects(default_design() | {"heavy_tails": np.array([0, 1, 1])})
    simulations, verdict = calibrate(heavy, 40, adapt_delta=0.9)
    assert {"nu[1]", "weight[9]"} <= set(simulations.names)
    assert simulations.is_fitted.all()
    assert min(quantity.adjusted_p_value for quantity in verdict.quantities) > CHANCE


def test_the_effects_model_of_nested_draws_is_calibrated() -> None:
    nested = InterventionEffects(default_design() | {"nested": 1, "D": 4})
    simulations, verdict = calibrate(nested, 40, adapt_delta=0.9)
    assert simulations.is_fitted.all()
    assert min(quantity.adjusted_p_value for quantity in verdict.quantities) > CHANCE


def read_as_crossed(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"nested": 0}


def test_nested_draws_that_are_read_as_crossed_ones_are_caught() -> None:
    nested = InterventionEffects(default_design() | {"nested": 1, "D": 4})
    _, verdict = calibrate(Changed(nested, read_as_crossed), 40, adapt_delta=0.9)
    assert verdict.status == "not calibrated"
    rejected = {quantity.name for quantity in verdict.quantities if quantity.is_rejected}
    assert {LOG_LIKELIHOOD, "sigma_a[1]", "sigma_s[1]"} <= rejected


Change = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True)
class Changed:
    """A generator whose data say something else than what they were drawn with."""

    simulator: Simulator
    change: Change = dict

    @property
    def program(self) -> str:
        return self.simulator.program

    def draw_parameters(self, rng: np.random.Generator) -> dict[str, FloatArray]:
        return self.simulator.draw_parameters(rng)

    def draw_data(self, parameters: Values, rng: np.random.Generator) -> dict[str, Any]:
        return self.change(self.simulator.draw_data(parameters, rng))

    def log_likelihood(self, draws: Values, data: Mapping[str, Any]) -> FloatArray:
        return self.simulator.log_likelihood(draws, data)

    def quantities(self, draws: Values, data: Mapping[str, Any]) -> dict[str, FloatArray]:
        return self.simulator.quantities(draws, data)


def half_prior(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"mu_sd": data["mu_sd"] / 2, "tau_scale": data["tau_scale"] / 2}


def wide_likelihood(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"sigma": 1.3 * data["sigma"]}


def narrow_likelihood(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"sigma": data["sigma"] / 1.3}


def next_group(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"y": np.roll(data["y"], 1)}


def other_threshold(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"threshold": 10 * data["threshold"]}


def next_covariates(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"x": np.roll(data["x"], 1, axis=0)}


HALF_NORMAL = HierarchicalNormal(tau_family="half-normal")


@pytest.mark.parametrize(
    ("simulator", "change", "rejected", "word"),
    [
        (HALF_NORMAL, half_prior, "tau", "biased downwards"),
        (HALF_NORMAL, wide_likelihood, LOG_LIKELIHOOD, "does not use the data fully"),
        (HALF_NORMAL, narrow_likelihood, LOG_LIKELIHOOD, "too narrow"),
        (HALF_NORMAL, next_group, "theta", "too narrow"),
        (HierarchicalAdaptive(), other_threshold, "tau_effective", "biased downwards"),
        (HierarchicalCovariates(), next_covariates, "beta", "too narrow"),
    ],
)
def test_a_wrong_model_is_caught(
    simulator: Simulator, change: Change, rejected: str, word: str
) -> None:
    wrong = Changed(simulator, change)
    simulations, verdict = calibrate(wrong, 1000, stop_early=True, with_further=False)
    assert len(simulations.status) < 1000
    assert verdict.status == "not calibrated"
    meanings = [
        " ".join(quantity.meaning)
        for quantity in verdict.quantities
        if quantity.is_rejected and quantity.name.split("[")[0] == rejected
    ]
    assert any(word in meaning for meaning in meanings), verdict.reasons


def test_the_same_generator_unchanged_is_not_caught() -> None:
    _, verdict = calibrate(Changed(HALF_NORMAL), 500, with_further=False)
    assert min(quantity.adjusted_p_value for quantity in verdict.quantities) > CHANCE


def test_only_the_log_likelihood_sees_that_the_data_are_ignored() -> None:
    program = compile_program(IGNORES_DATA, many_fits=True)
    _, verdict = calibrate(HALF_NORMAL, 200, program, with_further=False)
    assert verdict.status == "not calibrated"
    rejected = {quantity.name for quantity in verdict.quantities if quantity.is_rejected}
    assert rejected == {LOG_LIKELIHOOD}
    assert any("ignores" in reason for reason in verdict.reasons)


def test_draws_left_autocorrelated_are_caught() -> None:
    unthinned: dict[str, Any] = {
        "draws": 79,
        "most_draws": 79,
        "first_warmup": 0,
        "max_treedepth": 1,
    }
    simulations, verdict = calibrate(HALF_NORMAL, 500, with_further=False, **unthinned)
    assert verdict.status == "not calibrated"
    assert (simulations.ess < 79).mean() > 0.9
    assert any("autocorrelated" in note for note in verdict.notes)
