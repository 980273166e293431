"""Deployments of prefect.yaml: what they start exists, with parameters that are admitted."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect import Flow

from flows.parameters import AnalysisParameters
from tasks.contract import known_domains, load_contract
from tasks.targets import find_task

CONTENT = yaml.safe_load((Path(__file__).parents[2] / "prefect.yaml").read_text(encoding="utf-8"))
DEPLOYMENTS: list[dict[str, Any]] = CONTENT["deployments"]


def test_each_domain_has_a_deployment() -> None:
    assert {deployment["name"] for deployment in DEPLOYMENTS} == set(known_domains())


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda deployment: deployment["name"])
def test_a_deployment_starts_what_is_there(deployment: dict[str, Any]) -> None:
    module, _, name = deployment["entrypoint"].rpartition(".")
    flow = getattr(import_module(module), name)
    assert isinstance(flow, Flow)
    given = flow.validate_parameters(deployment["parameters"])["parameters"]
    assert isinstance(given, AnalysisParameters)
    contract = load_contract(given.domain)
    assert deployment["name"] == contract.name
    find_task(contract, given.target)
    assert deployment["concurrency_limit"] == {"limit": 1, "collision_strategy": "ENQUEUE"}


def test_schedules_are_there_and_switched_off() -> None:
    schedules = [schedule for deployment in DEPLOYMENTS for schedule in deployment["schedules"]]
    assert len({schedule["slug"] for schedule in schedules}) == len(schedules) == len(DEPLOYMENTS)
    assert not any(schedule["active"] for schedule in schedules)


def test_a_parameter_out_of_its_bounds_is_refused_by_the_flow() -> None:
    flow = import_module("flows.intervention_analysis").intervention_analysis
    with pytest.raises(Exception, match="greater than or equal to 8"):
        flow.validate_parameters({"parameters": {"domain": "demo", "members": 3}})
