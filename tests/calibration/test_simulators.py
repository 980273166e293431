"""What every generator must do, and that its likelihood is that of its Stan program."""

import copy
from functools import cache
from pathlib import Path
from typing import Any

import arviz as az
import numpy as np
import numpy.typing as npt
import pytest

from tasks.bayes.stan_data import read_data
from tasks.bayes.stan_model import sample
from tasks.calibration.models import MODELS, simulator_of
from tasks.calibration.simulator import Joinable, Simulator
from tasks.calibration.simulators.complete_pooling import CompletePooling
from tasks.calibration.simulators.hierarchical_normal import HierarchicalNormal
from tasks.locations import resource

Floats = npt.NDArray[np.float64]
Named = dict[str, Floats]

EVERY_MODEL = pytest.mark.parametrize("model", MODELS)
JOINABLE = [model for model in MODELS if isinstance(simulator_of(model), Joinable)]
PROGRAMS = sorted(Path(resource("stan")).glob("*.stan"))


def simulated(model: str, seed: int = 2) -> tuple[Simulator, Named, dict[str, Any]]:
    simulator, rng = simulator_of(model), np.random.default_rng(seed)
    truth = simulator.draw_parameters(rng)
    return simulator, truth, simulator.draw_data(truth, rng)


@cache
def fit_of(model: str) -> az.InferenceData:
    simulator, _, data = simulated(model)
    program = resource("stan", simulator.program)
    return sample(program, data, seed=1, chains=1, warmup=200, draws=50)


def draws_of(model: str) -> Named:
    """Draws from the posterior of `simulated` data, by name."""
    return {str(name): values.values[0] for name, values in fit_of(model).posterior.items()}


def relative_spread(differences: Floats, values: Floats) -> float:
    return float(np.ptp(differences) / np.abs(values).max())


@EVERY_MODEL
def test_the_likelihood_is_that_of_the_program_up_to_a_constant(model: str) -> None:
    simulator, _, data = simulated(model)
    ours = simulator.log_likelihood(draws_of(model), data)
    of_stan = fit_of(model).log_likelihood["log_lik"].values[0].sum(axis=-1)
    assert ours.shape == (50,)
    assert np.ptp(of_stan) > 1
    assert relative_spread(ours - of_stan, of_stan) < 1e-8


@EVERY_MODEL
def test_other_data_have_another_likelihood(model: str) -> None:
    """Control: the comparison has the power to fail."""
    simulator, _, _ = simulated(model)
    of_stan = fit_of(model).log_likelihood["log_lik"].values[0].sum(axis=-1)
    other = simulator.log_likelihood(draws_of(model), simulated(model, seed=3)[2])
    assert relative_spread(other - of_stan, of_stan) > 1e-2


@EVERY_MODEL
def test_what_is_drawn_has_the_names_and_shapes_of_the_program(model: str) -> None:
    simulator, truth, data = simulated(model)
    drawn = draws_of(model)
    assert set(truth) <= set(drawn)
    assert {name: value.shape for name, value in truth.items()} == {
        name: drawn[name].shape[1:] for name in truth
    }
    assert all(np.isfinite(value).all() for value in truth.values())
    for quantity in simulator.quantities(drawn, data).values():
        assert quantity.shape == (50,)


@EVERY_MODEL
def test_one_draw_has_the_quantities_that_it_has_among_many(model: str) -> None:
    simulator, _, data = simulated(model)
    drawn = draws_of(model)
    one = {name: values[7:8] for name, values in drawn.items()}
    everything = simulator.quantities(drawn, data)
    for name, value in simulator.quantities(one, data).items():
        np.testing.assert_allclose(value, everything[name][7:8], rtol=1e-12)
    likelihood = simulator.log_likelihood(drawn, data)
    np.testing.assert_allclose(simulator.log_likelihood(one, data), likelihood[7:8], rtol=1e-12)


@EVERY_MODEL
def test_quantities_are_no_second_log_likelihood(model: str) -> None:
    """None has the ranks of the log likelihood, either way round."""
    simulator, _, data = simulated(model)
    order = simulator.log_likelihood(draws_of(model), data).argsort()
    for quantity in simulator.quantities(draws_of(model), data).values():
        assert abs(np.corrcoef(quantity.argsort().argsort(), order.argsort())[0, 1]) < 0.95


@EVERY_MODEL
def test_generators_keep_the_protocol(model: str) -> None:
    simulator = simulator_of(model)
    assert isinstance(simulator, Simulator)
    assert simulator.program == f"{model}.stan"


def test_data_can_be_joined_where_both_together_fit_the_program() -> None:
    """Not in a balanced design of cells or weeks, nor where standard errors are a covariate."""
    assert set(MODELS) - set(JOINABLE) == {
        "intervention_effects",
        "precision_regression",
        "media_mix",
        "acquisition_curve",
    }


@pytest.mark.parametrize("model", JOINABLE)
def test_joined_data_tell_as_much_as_both_together(model: str) -> None:
    simulator, truth, data = simulated(model)
    assert isinstance(simulator, Joinable)
    replicate = simulator.draw_data(truth, np.random.default_rng(4))
    joined = simulator.join(data, replicate)
    drawn = draws_of(model)
    both = simulator.log_likelihood(drawn, data) + simulator.log_likelihood(drawn, replicate)
    assert set(joined) == set(data)
    assert relative_spread(simulator.log_likelihood(drawn, joined) - both, both) < 1e-8
    assert relative_spread(2 * simulator.log_likelihood(drawn, data) - both, both) > 1e-2


@EVERY_MODEL
def test_the_seed_alone_decides(model: str) -> None:
    (_, truth, data), (_, again, data_again) = simulated(model), simulated(model)
    other = simulated(model, seed=3)[1]
    np.testing.assert_equal(again, truth)
    np.testing.assert_equal(data_again, data)
    assert all((np.asarray(other[name]) != truth[name]).any() for name in truth)


@EVERY_MODEL
def test_inputs_are_not_mutated(model: str) -> None:
    simulator, truth, data = simulated(model)
    kept = copy.deepcopy((truth, data, draws_of(model)))
    replicate = simulator.draw_data(truth, np.random.default_rng(4))
    simulator.log_likelihood(draws_of(model), data)
    simulator.quantities(draws_of(model), data)
    if isinstance(simulator, Joinable):
        simulator.join(data, replicate)
    np.testing.assert_equal((truth, data, draws_of(model)), kept)


@EVERY_MODEL
def test_data_carry_the_whole_design(model: str) -> None:
    """A generator made from the data of another draws as that one does."""
    simulator, truth, data = simulated(model)
    again = simulator_of(model, data)
    np.testing.assert_equal(
        again.draw_parameters(np.random.default_rng(5)),
        simulator.draw_parameters(np.random.default_rng(5)),
    )
    np.testing.assert_equal(
        again.draw_data(truth, np.random.default_rng(6)),
        simulator.draw_data(truth, np.random.default_rng(6)),
    )


def test_a_user_design_is_taken_from_a_data_file() -> None:
    data = read_data(resource("stan", "examples", "eight_schools.json"))
    assert simulator_of("hierarchical_noncentered", data) == HierarchicalNormal()
    assert simulator_of("complete_pooling", data | {"mu_sd": 5}) == CompletePooling(mu_sd=5)


def test_every_program_has_a_generator() -> None:
    assert len(PROGRAMS) >= 8
    assert {path.stem for path in PROGRAMS} == set(MODELS)
