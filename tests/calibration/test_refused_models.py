"""Models that are not there, and designs that no generator takes."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tasks.calibration.models import simulator_of
from tasks.errors import InputError


def data_of(model: str) -> dict[str, Any]:
    simulator, rng = simulator_of(model), np.random.default_rng(2)
    return simulator.draw_data(simulator.draw_parameters(rng), rng)


CHOICE = (
    "choose one of hierarchical_noncentered, hierarchical_adaptive, hierarchical_covariates, "
    "hierarchical_student_t, complete_pooling, precision_regression, intervention_effects, "
    "key_importance, media_mix, acquisition_curve."
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
        ("hierarchical_noncentered", {"integrated": 2}, "'integrated' must be 0 or 1, got 2"),
        ("hierarchical_adaptive", {"integrated": -1}, "'integrated' must be 0 or 1, got -1"),
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
        ("acquisition_curve", {"N": 200}, "n must be from 1 to N - 1 = 199, got 200"),
        ("acquisition_curve", {"n": [100, 50, 200]}, "must increase from fit to fit"),
        ("acquisition_curve", {"n": []}, "must increase from fit to fit"),
        ("acquisition_curve", {"V": 1}, "J and V must be at least 2, got 8 and 1"),
        ("acquisition_curve", {"D": 3}, "D must be at least 2 and divide J = 8, got 3"),
        ("acquisition_curve", {"D": 1}, "D must be at least 2"),
        ("acquisition_curve", {"scale": 0.0}, "scale must be finite and > 0"),
        ("intervention_effects", {"D": 4}, "8 sub-ensembles and 8 row blocks see 8 draw"),
        ("intervention_effects", {"nested": 1}, "8 sub-ensembles and 8 row blocks see 4 draw"),
        ("intervention_effects", {"nested": 2, "D": 4}, "nested must be 0 or 1, got 2"),
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
        simulator_of(model, data_of(model) | change)


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("hierarchical_noncentered", "mu_sd"),
        ("hierarchical_noncentered", "integrated"),
        ("hierarchical_adaptive", "integrated"),
        ("hierarchical_adaptive", "threshold"),
        ("hierarchical_covariates", "x"),
        ("hierarchical_student_t", "tau_family"),
        ("complete_pooling", "sigma"),
        ("precision_regression", "beta_sd"),
        ("key_importance", "a0"),
        ("intervention_effects", "parent"),
        ("acquisition_curve", "n"),
    ],
)
def test_a_variable_that_is_missing_is_named(model: str, name: str) -> None:
    data = data_of(model)
    del data[name]
    with pytest.raises(InputError, match=f"Data variable '{name}' is missing"):
        simulator_of(model, data)
