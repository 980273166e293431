"""What is recorded is read again as it was, and nothing that was recorded is ever overwritten."""

import copy
import json
import time
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tasks.beliefs.belief import Belief
from tasks.beliefs.registry import Registry
from tasks.beliefs.registry_models import latest_model, record_model
from tasks.beliefs.registry_priors import (
    current_priors,
    find_session,
    history,
    priors_of_session,
    record_session,
    sessions_of,
)
from tasks.beliefs.tables import SessionRow
from tasks.errors import InputError

Examples = Any


@pytest.fixture
def client(request: pytest.FixtureRequest) -> str:
    return f"client of {request.node.name}"


def test_a_session_is_read_as_it_was_recorded(
    registry: Registry, examples: Examples, client: str
) -> None:
    seoul = datetime(2026, 3, 1, 9, tzinfo=timezone(timedelta(hours=9)))
    prior = examples.prior(
        quantity="share['tv'; 데이터]\n",
        method="quantiles",
        answers=[{"said": "P(share < 0.2)", "stated": 0.25}],
        residual=0.125,
        decision={"threshold": 0.3, "worth": None},
        note='"quoted" — and % signs',
    )
    elicited = examples.session(prior, client_id=client, note="first", elicited_at=seoul)
    before = copy.deepcopy(elicited)
    session_id = record_session(registry, elicited)
    assert elicited == before
    stored = find_session(registry, session_id)
    (kept,) = priors_of_session(registry, session_id)
    shared = {"run", "run_digest", "client_id", "model_id", "note", "elicited_at"}
    assert stored.model_dump(include=shared) == elicited.model_dump(include=shared)
    assert kept.model_dump(include=set(prior.model_dump())) == prior.model_dump()
    assert (kept.session_id, kept.supersedes_id, kept.run) == (session_id, None, elicited.run)
    assert stored.elicited_at.utcoffset() == timedelta(0)
    assert abs((datetime.now(UTC) - stored.created_at).total_seconds()) < 60


def test_a_moment_of_any_time_zone_is_kept_in_utc(
    registry: Registry, examples: Examples, client: str
) -> None:
    seoul = datetime(2026, 3, 1, 3, tzinfo=timezone(timedelta(hours=9)))
    row = examples.session(client_id=client).model_dump(exclude={"priors", "elicited_at"})
    with registry.transaction("adding") as session:
        session.add(SessionRow(id=client, elicited_at=seoul, **row))
    assert find_session(registry, client).elicited_at == seoul


def test_a_belief_comes_back_as_a_belief(
    registry: Registry, examples: Examples, client: str
) -> None:
    belief = Belief.of("normal", {"mean": 0.1 + 0.2, "sd": 1 / 3}, low=0, high=1)
    prior = examples.prior(belief=belief.model_dump(mode="json"))
    session_id = record_session(registry, examples.session(prior, client_id=client))
    (kept,) = priors_of_session(registry, session_id)
    assert Belief.model_validate(kept.belief) == belief


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    belief=st.dictionaries(
        st.text(st.characters(codec=None)),
        st.recursive(
            st.none()
            | st.booleans()
            | st.integers(-(2**63), 2**63)
            | st.floats(allow_nan=False, allow_infinity=False)
            | st.text(st.characters(codec=None)),
            lambda inner: st.lists(inner, max_size=3),
            max_leaves=5,
        ),
        max_size=3,
    ),
    confidence=st.floats(0, 1, exclude_min=True, exclude_max=True),
)
def test_any_json_and_any_number_come_back_exactly(
    registry: Registry,
    examples: Examples,
    client: str,
    belief: dict[str, Any],
    confidence: float,
) -> None:
    prior = examples.prior(belief=belief, confidence=confidence)
    session_id = record_session(registry, examples.session(prior, client_id=client))
    (kept,) = priors_of_session(registry, session_id)
    assert json.dumps(kept.belief) == json.dumps(belief)
    assert kept.confidence == confidence


def test_a_new_session_supersedes_only_its_own_quantities(
    registry: Registry, examples: Examples, client: str
) -> None:
    tv, radio = examples.prior(), examples.prior(quantity="Share[radio]")
    first = record_session(registry, examples.session(tv, radio, client_id=client))
    surer = examples.prior(confidence=0.9)
    second = record_session(registry, examples.session(surer, client_id=client))
    (old_tv, old_radio), (new_tv,) = (priors_of_session(registry, key) for key in (first, second))
    assert new_tv.supersedes_id == old_tv.id
    assert current_priors(registry, client, "mix") == (old_radio, new_tv)
    assert history(registry, client, "mix", "share[tv]") == (old_tv, new_tv)
    assert history(registry, client, "mix", "Share[radio]") == (old_radio,)
    assert [session.id for session in sessions_of(registry, client)] == [first, second]


def test_clients_and_models_are_kept_apart(
    registry: Registry, examples: Examples, client: str
) -> None:
    for owner, model in ((client, "mix"), (client, "other"), (client + "'", "mix")):
        record_session(registry, examples.session(client_id=owner, model_id=model))
    (prior,) = current_priors(registry, client, "mix")
    assert prior.supersedes_id is None
    assert history(registry, client, "mix", "share[tv]") == (prior,)
    assert current_priors(registry, client, "no model") == ()


def test_a_session_that_cannot_be_kept_leaves_nothing(
    registry: Registry, examples: Examples, client: str
) -> None:
    good = examples.session(examples.prior(), examples.prior(quantity="x"), client_id=client)
    bad = good.priors[1].model_copy(update={"confidence": 1.0})  # past the record's own checks
    with pytest.raises(Exception, match="ck_client_priors_confidence"):
        record_session(registry, good.model_copy(update={"priors": (good.priors[0], bad)}))
    assert sessions_of(registry, client) == ()
    assert current_priors(registry, client, "mix") == ()


def test_an_unknown_session_is_refused_and_the_latest_are_named(
    registry: Registry, examples: Examples, client: str
) -> None:
    known = []
    for _ in range(6):
        known.append(record_session(registry, examples.session(client_id=client)))
        time.sleep(0.001)
    for ask in (find_session, priors_of_session):
        with pytest.raises(InputError, match=f"no row 'no such'; the latest: {known[-1]}") as told:
            ask(registry, "no such")
        assert known[1] in str(told.value)
        assert known[0] not in str(told.value)


@pytest.mark.parametrize("key", ["\0", "\ud800"])
def test_a_key_that_no_database_can_look_up_is_refused(registry: Registry, key: str) -> None:
    with pytest.raises(InputError, match=r"no row|cannot hold such a value"):
        find_session(registry, key)


def test_a_model_gets_a_new_version_only_when_something_differs(
    registry: Registry, examples: Examples, client: str
) -> None:
    first = record_model(registry, examples.model(model_id=client, facts={"gate": [1.0, 2]}))
    again = examples.model(model_id=client, facts={"gate": [1.0, 2]}, run="another/run")
    assert record_model(registry, again) == first
    second = record_model(registry, examples.model(model_id=client, data_digest="3d" * 32))
    back = record_model(registry, again)
    assert [first.version, second.version, back.version] == [1, 2, 3]
    assert latest_model(registry, client) == back
    assert record_model(registry, examples.model(model_id=client + "2")).version == 1


@pytest.mark.parametrize(
    "change",
    [
        {"program": "model { }"},
        {"program_digest": "3d" * 32},
        {"design_digest": None},
        {"parameters": 4},
        {"contract": {"tables": {}}},
        {"source": "s3://bucket"},
        {"data_digest": "3d" * 32},
        {"facts": {"gate": True}},
        {"kind": "media_mix"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_model_that_differs_in_anything_is_a_new_version(
    registry: Registry, examples: Examples, client: str, change: dict[str, Any]
) -> None:
    record_model(registry, examples.model(model_id=client))
    assert record_model(registry, examples.model(model_id=client, **change)).version == 2


def test_an_unknown_model_is_refused_and_the_latest_are_named(
    registry: Registry, examples: Examples, client: str
) -> None:
    record_model(registry, examples.model(model_id=client))
    with pytest.raises(InputError) as told:
        latest_model(registry, "no such")
    assert f"no model 'no such'; the latest: {client}" in str(told.value)


@pytest.mark.parametrize(
    ("record", "changes"),
    [
        ("prior", {"confidence": 1.0}),
        ("prior", {"confidence": float("nan")}),
        ("prior", {"residual": float("inf")}),
        ("prior", {"belief": {"mean": float("nan")}}),
        ("prior", {"belief": {"moment": date(2026, 1, 1)}}),
        ("prior", {"quantity": " \t"}),
        ("prior", {"quantity": "nul\0"}),
        ("prior", {"note": "half a pair \ud800"}),
        ("prior", {"method": "guessed"}),
        ("prior", {"more": 1}),
        ("session", {"priors": ()}),
        ("session", {"client_id": ""}),
        ("session", {"elicited_at": datetime(2026, 1, 1)}),
        ("session", {"run_digest": "0A" * 32}),
        ("model", {"kind": "statistics"}),
        ("model", {"program": ""}),
        ("model", {"parameters": 0}),
        ("model", {"design_digest": "0a" * 31}),
    ],
)
def test_a_record_refuses_what_the_tables_would(
    examples: Examples, record: str, changes: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError):
        getattr(examples, record)(**changes)


def test_a_quantity_is_stated_once_in_a_session(examples: Examples) -> None:
    with pytest.raises(ValidationError, match=r"named once each, got share\[tv\] more often"):
        examples.session(examples.prior(), examples.prior(confidence=0.2))
