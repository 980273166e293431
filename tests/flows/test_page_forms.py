"""Forms of the flows on Prefect's page: what they ask, in which order, and what they refuse."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect import Flow, get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.exceptions import PrefectHTTPStatusError
from prefect.utilities.schema_tools.validation import is_valid_schema, validate

from flows.local_run import run_locally
from flows.parameters import AnalysisParameters, parse_parameters
from tasks.contract import known_domains
from tasks.run_store import RESULTS

JOBS = [
    "intervention_analysis",
    "sbc_validate",
    "coverage_study",
    "model_comparison",
    "scm_fit",
    "scm_query",
    "elicit_beliefs",
    "prior_conflict",
    "update_priors",
]
FIRST = {
    "intervention_analysis": ["domain", "source", "target", "seed"],
    "sbc_validate": ["model_id", "validation_type"],
    "coverage_study": ["databases", "seed"],
    "model_comparison": ["data", "seed", "unit"],
    "scm_fit": ["graph", "traces", "quality"],
    "scm_query": ["model", "kind", "actions", "data"],
    "elicit_beliefs": ["answers"],
    "prior_conflict": ["client_id", "model_id", "source"],
    "update_priors": ["session_id", "update_strategy"],
}
UNBOUNDED = {"mu_mean", "skeptical_mean", "theta_low", "theta_high"}
"""Numbers on the scale of the data, which any number may be."""
LEAST = {
    "scm_query": {"actions": ["speed=50"]},
    "elicit_beliefs": {"answers": "answers.yaml"},
    "prior_conflict": {"client_id": "acme", "model_id": "demo"},
    "update_priors": {"session_id": "s"},
}
"""What a form needs, where it needs anything."""
REFUSED = [
    ("intervention_analysis", {"members": 3}, "less than the minimum of 8"),
    ("intervention_analysis", {"members": "many"}, "not of type 'integer'"),
    ("intervention_analysis", {"backbone": "forest"}, "is not one of"),
    ("intervention_analysis", {"membres": 24}, "'membres' was unexpected"),
    ("intervention_analysis", {"budget": 0}, "or equal to the minimum of 0"),
    ("intervention_analysis", {"source": "postgresql://u:secret@h/db"}, "does not match"),
    ("sbc_validate", {"model_id": "schools"}, "is not one of"),
    ("coverage_study", {"replicates": 5}, "not a multiple of 2"),
    ("model_comparison", {"alpha": 0.7}, "greater than or equal to the maximum of 0.5"),
    ("scm_fit", {"r2_threshold": 1.5}, "greater than the maximum of 1"),
    ("scm_query", {"actions": []}, "non-empty"),
    ("elicit_beliefs", {"answers": None}, "not of type 'string'"),
    ("prior_conflict", {"client_id": "a/b"}, "does not match"),
    ("update_priors", {"min_evidence_strength": 0.5}, "less than the minimum of 1"),
]

EVERY = pytest.mark.parametrize("name", JOBS)


def flow_of(name: str) -> Flow[Any, str]:
    flow = getattr(import_module(f"flows.{name}"), name)
    assert isinstance(flow, Flow)
    return flow


def schema_of(name: str) -> dict[str, Any]:
    return flow_of(name).parameters.model_dump_for_openapi()


def fields_of(name: str) -> dict[str, dict[str, Any]]:
    (definition,) = schema_of(name)["definitions"].values()
    fields: dict[str, dict[str, Any]] = definition["properties"]
    return fields


def choices_of(field: dict[str, Any]) -> list[dict[str, Any]]:
    return field.get("anyOf") or [field]


def test_every_deployed_flow_is_looked_at() -> None:
    deployed = yaml.safe_load((Path(__file__).parents[2] / "prefect.yaml").read_text("utf-8"))
    entrypoints = {of["entrypoint"].rpartition(".")[2] for of in deployed["deployments"]}
    assert entrypoints == set(JOBS)


@EVERY
def test_each_field_has_a_title_of_words_and_a_description(name: str) -> None:
    fields = fields_of(name)
    titles = [field["title"] for field in fields.values()]
    assert len(set(titles)) == len(titles)
    for field in fields.values():
        words = field["title"].split()
        assert field["title"][0].isupper()
        assert not {"Id", "id", "Num", "Sd", "sd", "Hat", "Ess", "Elpd"} & set(words)
        assert not any("_" in word for word in words)
        assert field["description"].endswith(".")


@EVERY
def test_each_number_has_a_bound_and_each_choice_a_name(name: str) -> None:
    for field, rules in fields_of(name).items():
        for choice in choices_of(rules):
            if choice["type"] in ("integer", "number") and field not in UNBOUNDED:
                assert {"minimum", "exclusiveMinimum"} & set(choice), field
            if choice["type"] == "array":
                assert choice["minItems"] == 1
        if "anyOf" in rules:
            names = [choice["title"] for choice in rules["anyOf"]]
            assert len(set(names)) == len(names) == 2


@EVERY
def test_fields_are_placed_the_most_important_first(name: str) -> None:
    fields = fields_of(name)
    by_place = sorted(fields, key=lambda field: fields[field]["position"])
    assert [fields[field]["position"] for field in by_place] == list(range(len(fields)))
    assert by_place[: len(FIRST[name])] == FIRST[name]


@EVERY
def test_the_schema_admits_its_defaults_and_what_deployments_set(name: str) -> None:
    schema = schema_of(name)
    is_valid_schema(schema)
    fields = fields_of(name)
    defaults = {field: rules["default"] for field, rules in fields.items() if "default" in rules}
    required = LEAST.get(name, {})
    assert set(defaults) | set(required) == set(fields)
    assert not validate({"parameters": defaults | required}, schema)
    assert not validate({"parameters": required}, schema)
    flow_of(name).validate_parameters({"parameters": defaults | required})


def test_known_domains_are_offered_and_any_other_contract_is_admitted() -> None:
    known, other = fields_of("intervention_analysis")["domain"]["anyOf"]
    assert known["enum"] == [*known_domains(), "draft"]
    assert "enum" not in other
    schema = schema_of("intervention_analysis")
    for domain in ("f1", "draft", "상점.yaml"):
        assert not validate({"parameters": {"domain": domain}}, schema)
        assert AnalysisParameters(domain=domain).domain == domain


def test_rules_between_fields_are_told_beside_them() -> None:
    for name in ("intervention_analysis", "coverage_study"):
        fields = fields_of(name)
        assert "at least twice replicates" in fields["members"]["description"]
        assert "at most half of members" in fields["replicates"]["description"].lower()
        assert "even" in fields["replicates"]["description"]


@pytest.mark.usefixtures("prefect_server")
@pytest.mark.parametrize(("name", "values", "rule"), REFUSED)
def test_the_server_refuses_a_bad_value_before_a_run_exists(
    name: str, values: dict[str, object], rule: str
) -> None:
    flow = flow_of(name)
    with get_client(sync_client=True) as client:
        deployment = client.create_deployment(
            client.create_flow(flow),
            "form",
            parameter_openapi_schema=schema_of(name),
            enforce_parameter_schema=True,
        )
        with pytest.raises(PrefectHTTPStatusError) as refusal:
            client.create_flow_run_from_deployment(
                deployment, parameters={"parameters": LEAST.get(name, {}) | values}
            )
        assert refusal.value.response.status_code == 409
        assert rule in refusal.value.response.json()["detail"]
        admitted = client.create_flow_run_from_deployment(
            deployment, parameters={"parameters": LEAST.get(name, {})}
        )
        found = client.read_flow_runs()
        assert [run.id for run in found if run.deployment_id == deployment] == [admitted.id]
        client.delete_deployment(deployment)


def kept(root: Path) -> set[Path]:
    """What a run store holds beside results: of a run that failed Prefect keeps the exception."""
    return {path for path in root.rglob("*") if RESULTS not in path.parts}


@pytest.mark.usefixtures("prefect_server")
@pytest.mark.parametrize(
    ("name", "values", "sentence"),
    [
        ("intervention_analysis", {"members": 8}, "members must be at least twice replicates"),
        ("intervention_analysis", {"members": 16, "replicates": 5}, "replicates must be even"),
        ("sbc_validate", {"validation_type": "posterior"}, "needs the data to calibrate around"),
        ("model_comparison", {"theta_low": 5, "theta_high": 2}, "theta_low must be below"),
    ],
)
def test_what_no_schema_can_refuse_stops_a_run_before_its_first_step(
    name: str, values: dict[str, object], sentence: str, runs_root: Path
) -> None:
    before = kept(runs_root)
    state = flow_of(name)(parameters=values, return_state=True)
    assert state.is_failed()
    assert state.message.startswith("Validation of flow parameters failed")
    *_, last = state.message.splitlines()
    assert sentence in last
    assert kept(runs_root) == before
    with get_client(sync_client=True) as client:
        run = client.read_flow_run(state.state_details.flow_run_id)
        assert run.state.message == state.message
        of_the_run = FlowRunFilter(id=FlowRunFilterId(any_=[run.id]))
        assert not client.read_task_runs(flow_run_filter=of_the_run)


@pytest.mark.parametrize(
    ("name", "values", "title", "tags"),
    [
        ("intervention_analysis", {}, "demo: lead-time", {"analysis", "demo"}),
        (
            "intervention_analysis",
            {"domain": "f1", "target": "driver-dnf"},
            "f1: driver-dnf",
            {"analysis", "f1"},
        ),
        (
            "intervention_analysis",
            {"domain": "draft", "source": "s", "target": "a.{b}"},
            "draft: a.{b}",
            {"analysis", "draft"},
        ),
        ("intervention_analysis", {"domain": "no/상점.yaml"}, "상점", {"analysis", "상점"}),
        (
            "sbc_validate",
            {"model_id": "key_importance"},
            "key_importance: comprehensive, 1,000 simulations",
            {"sbc", "key_importance"},
        ),
        ("coverage_study", {}, "200 databases", {"coverage"}),
        ("model_comparison", {"data": "a/shops.csv"}, "shops", {"compare", "shops"}),
        ("scm_fit", {}, "line_traces", {"scm", "line_traces"}),
        (
            "scm_query",
            {"actions": ["speed=50", "a*=2"]},
            "scm-line_traces: do speed=50, a*=2",
            {"scm", "scm-line_traces"},
        ),
        ("elicit_beliefs", {"answers": "x/kim.yaml"}, "kim", {"elicit", "kim"}),
        (
            "prior_conflict",
            {"client_id": "김", "model_id": "media_mix"},
            "김: media_mix",
            {"prior", "김"},
        ),
        (
            "update_priors",
            {"session_id": "s1"},
            "s1: evidence_weighted",
            {"update", "s1"},
        ),
    ],
)
def test_parameters_name_and_tag_a_run(
    name: str, values: dict[str, object], title: str, tags: set[str]
) -> None:
    flow = flow_of(name)
    assert flow.flow_run_name == "{parameters.run_title}"
    parameters = flow.validate_parameters({"parameters": values})["parameters"]
    assert flow.flow_run_name.format(parameters=parameters) == title
    assert set(parameters.tags) == {"whence"} | tags


@pytest.mark.usefixtures("prefect_server", "runs_root")
def test_a_run_from_the_command_line_is_named_and_tagged() -> None:
    parameters = parse_parameters(AnalysisParameters, {"domain": "nowhere", "target": "a.b"})
    with pytest.raises(Exception, match="There is no contract 'nowhere'"):
        run_locally(flow_of("intervention_analysis"), parameters)
    with get_client(sync_client=True) as client:
        (run,) = [run for run in client.read_flow_runs() if run.name == "nowhere: a.b"]
    assert set(run.tags) == {"whence", "analysis", "nowhere"}
