"""What every generator must do, and that its likelihood is that of its Stan program."""

import copy
import math
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
from tasks.errors import InputError
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
    """Not in one balanced design of cells, nor where the standard errors are a covariate."""
    assert set(MODELS) - set(JOINABLE) == {"intervention_effects", "precision_regression"}


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


CHOICE = (
    "choose one of hierarchical_noncentered, hierarchical_adaptive, hierarchical_covariates, "
    "hierarchical_student_t, complete_pooling, precision_regression, intervention_effects, "
    "key_importance."
)


def test_a_model_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(InputError) as refusal:
        simulator_of("schools")
    assert str(refusal.value) == f"There is no model 'schools' in stan/: {CHOICE}"


def test_a_program_without_a_generator_is_told_from_one_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "stan").mkdir()
    (tmp_path / "stan" / "schools.stan").touch()
    monkeypatch.setattr("tasks.calibration.models.resource", tmp_path.joinpath)
    with pytest.raises(InputError) as refusal:
        simulator_of("schools")
    assert str(refusal.value) == (
        "The program stan/schools.stan has no generator of parameters and data: write one in "
        f"tasks/calibration/simulators/ and list it in models.py, or {CHOICE}"
    )
    with pytest.raises(InputError, match="There is no model 'others' in stan/"):
        simulator_of("others")


@pytest.mark.parametrize(
    ("model", "change", "said"),
    [
        ("hierarchical_noncentered", {"sigma": [1.0, -1.0]}, "sigma must be finite and > 0"),
        ("hierarchical_noncentered", {"sigma": []}, "at least 1 unit"),
        ("hierarchical_noncentered", {"mu_sd": 0.0}, "mu_sd must be finite and > 0"),
        ("hierarchical_noncentered", {"tau_scale": -1.0}, "tau_scale must be finite and > 0"),
        ("hierarchical_noncentered", {"tau_family": 3}, "'tau_family' must be 1"),
        ("hierarchical_adaptive", {"tau_scale": -1.0}, "tau_scale must be finite and > 0"),
        ("hierarchical_adaptive", {"threshold": 0.0}, "threshold must be finite and > 0"),
        ("hierarchical_adaptive", {"sigma_pooled": -4.0}, "sigma_pooled must be finite and > 0"),
        ("hierarchical_adaptive", {"steepness": 0.0}, "steepness must be finite and > 0"),
        ("hierarchical_covariates", {"beta_sd": 0.0}, "beta_sd must be finite and > 0"),
        ("hierarchical_covariates", {"x": np.ones((7, 2))}, "a row for each of the 8 unit.*got 7"),
        ("hierarchical_covariates", {"x": np.ones((8, 0))}, "at least 1 covariate in x, got none"),
        ("hierarchical_covariates", {"x": np.full((8, 1), np.inf)}, "x must be finite, got inf"),
        ("hierarchical_covariates", {"x": [1.0] * 8}, "'x' must have 2 dimension"),
        ("hierarchical_student_t", {"mu_sd": math.inf}, "mu_sd must be finite and > 0, got inf"),
        ("hierarchical_student_t", {"tau_family": 0}, "'tau_family' must be 1"),
        ("complete_pooling", {"sigma": []}, "at least 1 unit"),
        ("complete_pooling", {"mu_mean": math.inf}, "mu_mean must be finite"),
        ("precision_regression", {"beta_sd": -1.0}, "beta_sd must be finite and > 0"),
        ("precision_regression", {"sigma": [2.0, 2.0]}, "unequal standard errors, got sigma = 2 "),
        ("precision_regression", {"sigma": [2.0]}, "got sigma = 2 for all 1: choose another model"),
        ("key_importance", {"n": [3, -1]}, "n must be finite and >= 0"),
        ("key_importance", {"n": [0, 0]}, "At least one key must have observations"),
        ("key_importance", {"n": [0.5, 1]}, "'n' must hold integers"),
        ("key_importance", {"sigma2_obs": 0.0}, "sigma2_obs must be finite and > 0"),
        ("key_importance", {"a0": 0.0}, "a0 must be finite and > 0"),
        ("key_importance", {"b0": -2.0}, "b0 must be finite and > 0"),
        ("intervention_effects", {"D": 4}, "8 sub-ensembles and 8 row blocks see 8 draw"),
        ("intervention_effects", {"J": 1}, "J must be at least 2, got 1"),
        ("intervention_effects", {"V": 1}, "V must be at least 2, got 1"),
        ("intervention_effects", {"K": 11}, "'level' must have the size K = 11, got 12"),
        ("intervention_effects", {"N": 12}, "'parent' must have the size N = 12, got 14"),
        ("intervention_effects", {"T": 15}, "T must be from 1 to N, got 15"),
        ("intervention_effects", {"scale": 0.0}, "scale must be finite and > 0, got 0"),
        ("intervention_effects", {"level": [4] * 12}, "level must be 1, 2 or 3, got 4"),
        ("intervention_effects", {"pooled_by": [0] * 14}, "pooled_by must be 1, 2 or 3, got 0"),
        ("intervention_effects", {"node": [15] * 12}, "node must be from 1 to N, got 15"),
        ("intervention_effects", {"parent": range(1, 15)}, "parent must be 0 or before its child"),
        ("intervention_effects", {"fraction": [1.5] * 14}, "fraction must be from 0 to 1, got 1.5"),
        ("intervention_effects", {"drawn": [0.5] * 12}, "drawn must be 1 for actions that draw"),
    ],
)
def test_designs_out_of_bounds_are_refused(model: str, change: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        simulator_of(model, simulated(model)[2] | change)


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("hierarchical_noncentered", "mu_sd"),
        ("hierarchical_adaptive", "threshold"),
        ("hierarchical_covariates", "x"),
        ("hierarchical_student_t", "tau_family"),
        ("complete_pooling", "sigma"),
        ("precision_regression", "beta_sd"),
        ("key_importance", "a0"),
        ("intervention_effects", "parent"),
    ],
)
def test_a_variable_that_is_missing_is_named(model: str, name: str) -> None:
    data = simulated(model)[2]
    del data[name]
    with pytest.raises(InputError, match=f"Data variable '{name}' is missing"):
        simulator_of(model, data)
