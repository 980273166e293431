"""The HTTP service holds to its own OpenAPI document, whatever is sent to it."""

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from fastapi import FastAPI, Response
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from flows.api import create_app
from flows.api_jobs import JobQueue
from flows.api_services import SERVICES
from tasks.run_store import RunStore

from .api_parts import served

Case = schemathesis.Case[Any]
TOKEN = "t0ken"  # noqa: S105 (no password)
BEARER = {"Authorization": f"Bearer {TOKEN}"}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
SETTINGS = settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
PATHS = [f"/api/v1/bayesian/{name}" for name in SERVICES]
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
NAMES = sorted({name for service in SERVICES.values() for name in service.request.model_fields})
OBJECTS = st.dictionaries(
    st.sampled_from(NAMES) | st.text(max_size=5),
    st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3), max_leaves=5),
    max_size=6,
)


async def nothing(service: str, values: Mapping[str, Any]) -> str:
    """No real work is done."""
    return "x/1"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("fuzz")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WHENCE_RUNS", str(folder / "runs"))
        patch.setenv("WHENCE_API_DATA", str(folder))
        store = RunStore.current()
        store.publish("x/1", {"report.json": store.save_text("report.json", '{"a": 1}')})
        with served(create_app(JobQueue(folder / "jobs", nothing), TOKEN)) as place:
            yield place


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[httpx.Client]:
    headers = BEARER | {"Content-Type": "application/json"}
    with httpx.Client(base_url=address, headers=headers, trust_env=False) as found:
        yield found


DOCUMENT = create_app(JobQueue(Path(), nothing), TOKEN).openapi()
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)


@SCHEMA.parametrize()
@SETTINGS
def test_every_answer_is_one_that_the_document_names(case: Case, address: str) -> None:
    case.call_and_validate(base_url=address, headers=BEARER, checks=CHECKS)


def test_the_answers_on_a_job_that_is_there_are_those_of_the_document(
    address: str, client: httpx.Client
) -> None:
    job = client.post(PATHS[-1], json={"session_id": "x"}).json()
    while client.get(job["address"]).json()["state"] != "done":
        time.sleep(0.01)
    for path in ("/api/v1/runs/{job}", "/api/v1/runs/{job}/report"):
        case = SCHEMA[path]["GET"].Case(path_parameters={"job": job["job"]})
        answer = case.call_and_validate(base_url=address, headers=BEARER, checks=CHECKS[:-1])
        assert answer.status_code == 200


def refused_or_accepted(client: httpx.Client, path: str, body: bytes) -> httpx.Response:
    """A refusal is a sentence; nothing else happens."""
    answer = client.post(path, content=body)
    if answer.status_code not in (202, 503):
        assert answer.status_code in (400, 422)
        assert set(answer.json()) == {"error"}
        assert answer.json()["error"].endswith(".")
    return answer


@given(path=st.sampled_from(PATHS), body=st.binary(max_size=200))
@SETTINGS
def test_bytes_are_no_request(path: str, body: bytes, client: httpx.Client) -> None:
    assert refused_or_accepted(client, path, body).status_code in (400, 422)


@given(path=st.sampled_from(PATHS), values=OBJECTS)
@SETTINGS
def test_an_object_of_anything_is_refused_in_a_sentence_or_accepted(
    path: str, values: dict[str, object], client: httpx.Client
) -> None:
    refused_or_accepted(client, path, json.dumps(values).encode())


class Told(BaseModel):
    number: int


def broken_app() -> FastAPI:
    """An application that fails for large numbers, and answers with text where it says a number."""
    app = FastAPI()

    @app.get("/told", response_model=Told)
    async def told(number: int) -> Response:
        if number > 1000:
            raise ArithmeticError
        return Response('{"number": "one"}', media_type="application/json")

    return app


@pytest.mark.parametrize("check", [not_a_server_error, response_schema_conformance])
def test_the_checks_see_a_service_that_breaks_its_document(check: Any) -> None:
    @given(case=schemathesis.openapi.from_dict(broken_app().openapi()).as_strategy())
    @SETTINGS
    def fuzz(case: Case) -> None:
        case.call_and_validate(base_url=place, checks=[check])

    with served(broken_app()) as place, pytest.raises(BaseException, match=r"schema|[Ss]erver"):
        fuzz()
