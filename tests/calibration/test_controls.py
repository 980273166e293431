"""Positive controls: the project's programs are calibrated. Negative controls: each is caught.

The calibration of ``intervention_effects`` at 1000 simulations takes minutes: see
``tests/benchmarks/sbc_speed.py``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import numpy as np
import pytest

from tasks.bayes.batch import BatchSettings
from tasks.bayes.stan_program import StanProgram, compile_program
from tasks.calibration.models import simulator_of
from tasks.calibration.runner import Calibration, run_calibration
from tasks.calibration.simulations import LOG_LIKELIHOOD, Simulations
from tasks.calibration.simulator import Values
from tasks.calibration.simulators.hierarchical_normal import HierarchicalNormal
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
        ("key_importance", 1000, {}),
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


Change = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True)
class Changed(HierarchicalNormal):
    """A generator whose data say something else than what they were drawn with."""

    change: Change = dict
    program: ClassVar[str] = HierarchicalNormal.program

    def draw_data(self, parameters: Values, rng: np.random.Generator) -> dict[str, Any]:
        return self.change(super().draw_data(parameters, rng))


def half_prior(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"mu_sd": data["mu_sd"] / 2, "tau_scale": data["tau_scale"] / 2}


def wide_likelihood(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"sigma": 1.3 * data["sigma"]}


def narrow_likelihood(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"sigma": data["sigma"] / 1.3}


def next_group(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"y": np.roll(data["y"], 1)}


@pytest.mark.parametrize(
    ("change", "rejected", "word"),
    [
        (half_prior, "tau", "biased downwards"),
        (wide_likelihood, LOG_LIKELIHOOD, "does not use the data fully"),
        (narrow_likelihood, LOG_LIKELIHOOD, "too narrow"),
        (next_group, "theta", "too narrow"),
    ],
)
def test_a_wrong_model_is_caught(change: Change, rejected: str, word: str) -> None:
    wrong = Changed(tau_family="half-normal", change=change)
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
    right = Changed(tau_family="half-normal")
    _, verdict = calibrate(right, 500, with_further=False)
    assert min(quantity.adjusted_p_value for quantity in verdict.quantities) > CHANCE


def test_only_the_log_likelihood_sees_that_the_data_are_ignored() -> None:
    program = compile_program(IGNORES_DATA, many_fits=True)
    simulator = HierarchicalNormal(tau_family="half-normal")
    _, verdict = calibrate(simulator, 200, program, with_further=False)
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
    simulations, verdict = calibrate(
        HierarchicalNormal(tau_family="half-normal"), 500, with_further=False, **unthinned
    )
    assert verdict.status == "not calibrated"
    assert (simulations.ess < 79).mean() > 0.9
    assert any("autocorrelated" in note for note in verdict.notes)
