"""Deployments of prefect.yaml: what they start exists, with parameters that are admitted."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect import Flow

from flows.belief_parameters import (
    ElicitParameters,
    PriorConflictParameters,
    UpdateParameters,
)
from flows.comparison_parameters import ComparisonParameters
from flows.coverage_parameters import CoverageParameters
from flows.parameters import AnalysisParameters
from flows.sbc_parameters import SbcParameters
from flows.scm_parameters import ScmFitParameters, ScmQueryParameters
from tasks.beliefs.elicitation import elicit
from tasks.calibration.coverage.study import Settings
from tasks.calibration.models import MODELS
from tasks.contract import known_domains, load_contract
from tasks.inference.comparison.units import read_units
from tasks.intervention.structural.graph_files import read_graph
from tasks.intervention.structural.trace_files import read_columns
from tasks.intervention.structural.traces import make_traces
from tasks.locations import resource
from tasks.targets import find_task

CONTENT = yaml.safe_load((Path(__file__).parents[2] / "prefect.yaml").read_text(encoding="utf-8"))
DEPLOYMENTS: list[dict[str, Any]] = CONTENT["deployments"]


EVERY = pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda of: of["name"])


def test_each_domain_each_model_and_each_other_flow_have_a_deployment() -> None:
    models = [f"sbc-{model.replace('_', '-')}" for model in MODELS]
    assert sorted(of["name"] for of in DEPLOYMENTS) == sorted(
        [
            *known_domains(),
            *models,
            "compare-models",
            "coverage-study",
            "scm-fit",
            "scm-query",
            "elicit-beliefs",
            "prior-conflict",
            "update-priors",
        ]
    )


@EVERY
def test_a_deployment_starts_what_is_there(deployment: dict[str, Any]) -> None:
    module, _, name = deployment["entrypoint"].rpartition(".")
    flow = getattr(import_module(module), name)
    assert isinstance(flow, Flow)
    given = flow.validate_parameters(deployment["parameters"])["parameters"]
    if isinstance(given, SbcParameters):
        assert deployment["name"] == f"sbc-{given.model_id.replace('_', '-')}"
    elif isinstance(given, CoverageParameters):
        assert (given.databases, given.settings) == (200, Settings())
    elif isinstance(given, ComparisonParameters):
        assert len(read_units(resource(given.data)).labels) == 8
    elif isinstance(given, ScmFitParameters):
        graph = read_graph(resource(given.graph))
        traces = make_traces(read_columns(resource(given.traces)), graph, given.missing)
        assert len(traces.frame) == 400
    elif isinstance(given, ScmQueryParameters):
        assert (given.model, given.kind) == ("scm-line_traces", "do")
    elif isinstance(given, ElicitParameters):
        assert elicit(resource(given.answers)).client == "acme"
    elif isinstance(given, PriorConflictParameters):
        assert load_contract(given.model_id).media_mix
    elif isinstance(given, UpdateParameters):
        assert given.update_strategy == "evidence_weighted"
    else:
        assert isinstance(given, AnalysisParameters)
        contract = load_contract(given.domain)
        assert deployment["name"] == contract.name
        find_task(contract, given.target)


@EVERY
def test_a_deployment_runs_once_at_a_time_from_the_installed_package(
    deployment: dict[str, Any],
) -> None:
    assert deployment["concurrency_limit"] == {"limit": 1, "collision_strategy": "ENQUEUE"}
    assert deployment["work_pool"]["name"] == "whence"
    assert deployment["pull"] == []


@EVERY
def test_a_deployment_has_the_tags_of_its_runs(deployment: dict[str, Any]) -> None:
    module, _, name = deployment["entrypoint"].rpartition(".")
    flow = getattr(import_module(module), name)
    given = flow.validate_parameters(deployment["parameters"])["parameters"]
    of_the_run = list(given.tags)
    subjects = isinstance(given, AnalysisParameters | SbcParameters)
    assert deployment["tags"] == (of_the_run if subjects else of_the_run[:2])


def test_schedules_are_there_and_switched_off() -> None:
    schedules = [schedule for deployment in DEPLOYMENTS for schedule in deployment["schedules"]]
    assert len({schedule["slug"] for schedule in schedules}) == len(schedules) == len(DEPLOYMENTS)
    assert not any(schedule["active"] for schedule in schedules)


@pytest.mark.parametrize(
    ("name", "parameters", "rule"),
    [
        ("intervention_analysis", {"domain": "demo", "members": 3}, "greater than or equal to 8"),
        ("intervention_analysis", {"check_model": "perhaps"}, "'auto', 'always' or 'never'"),
        ("sbc_validate", {"model_id": "key_importance", "num_simulations": 19}, "or equal to 20"),
        ("sbc_validate", {"model_id": "schools"}, "There is no model 'schools'"),
        ("coverage_study", {"databases": 1}, "greater than or equal to 2"),
        ("coverage_study", {"members": 8}, "at least twice replicates, got 8 for 8"),
        ("coverage_study", {"replicates": 5}, "multiple of 2"),
        ("model_comparison", {"alpha": 0.7}, "less than 0.5"),
        ("scm_fit", {"quality": "magic"}, "'good', 'better' or 'best'"),
        ("scm_fit", {"r2_threshold": 1.5}, "less than or equal to 1"),
        ("scm_query", {"model": "scm-line_traces"}, "actions"),
        ("scm_query", {"actions": ["X=1"], "samples": 10}, "or equal to 100"),
        ("prior_conflict", {"client_id": "acme", "model_id": "demo", "data_period_months": 0}, "1"),
        ("prior_conflict", {"client_id": "acme"}, "model_id"),
        ("prior_conflict", {"client_id": "a/b", "model_id": "demo"}, "pattern"),
        ("update_priors", {"session_id": "s", "update_strategy": "guess"}, "'evidence_weighted'"),
        ("update_priors", {"session_id": "s", "min_evidence_strength": 0.5}, "or equal to 1"),
        ("model_comparison", {"theta_low": 5, "theta_high": 2}, "theta_low must be below"),
    ],
)
def test_a_parameter_out_of_its_bounds_is_refused_by_the_flow(
    name: str, parameters: dict[str, object], rule: str
) -> None:
    flow = getattr(import_module(f"flows.{name}"), name)
    with pytest.raises(Exception, match=rule):
        flow.validate_parameters({"parameters": parameters})
