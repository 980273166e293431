"""Conflicts, recommendations and calibrations: what is newest, and what is decided once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import event, select

from tasks.beliefs.registry import Registry
from tasks.beliefs.registry_calibrations import (
    newest_elsewhere,
    newest_validation,
    record_validation,
)
from tasks.beliefs.registry_conflicts import latest_conflicts, record_conflicts
from tasks.beliefs.registry_engine import RefusedRowError
from tasks.beliefs.registry_findings import ValidationResult
from tasks.beliefs.registry_models import record_model
from tasks.beliefs.registry_priors import (
    current_priors,
    history,
    priors_of_session,
    record_session,
)
from tasks.beliefs.registry_updates import (
    accept,
    recommendations_of,
    record_recommendations,
    reject,
)
from tasks.beliefs.tables import ConflictEvidence, SbcResult
from tasks.errors import InputError

Examples = Any


@dataclass(frozen=True)
class Case:
    """A session of one client, with a prior of two quantities, and a model."""

    client: str
    session_id: str
    tv: int
    radio: int
    model_key: int


@pytest.fixture
def case(registry: Registry, examples: Examples, request: pytest.FixtureRequest) -> Case:
    client = f"client of {request.node.name}"
    priors = examples.prior(decision={"threshold": 0.3}), examples.prior(quantity="share[radio]")
    session_id = record_session(registry, examples.session(*priors, client_id=client))
    tv, radio = (prior.id for prior in priors_of_session(registry, session_id))
    return Case(client, session_id, tv, radio, record_model(registry, examples.model()).id)


@pytest.fixture
def recommend(registry: Registry, examples: Examples, case: Case) -> Callable[..., int]:
    """Makes a conflict of the prior on TV and a recommendation; gives the latter's identifier."""

    def make(**changes: Any) -> int:
        conflict = examples.conflict(case.tv, case.model_key)
        (conflict_id,) = record_conflicts(registry, [conflict])
        recommended = examples.recommendation(conflict_id, case.tv, **changes)
        (recommendation_id,) = record_recommendations(registry, [recommended])
        return recommendation_id

    return make


def status(registry: Registry, case: Case, recommendation_id: int) -> str:
    of_session = recommendations_of(registry, case.session_id)
    return {recommended.id: recommended.status for recommended in of_session}[recommendation_id]


def test_conflicts_are_read_as_they_were_recorded(
    registry: Registry, examples: Examples, case: Case
) -> None:
    evidence = ({"measure": "kl", "value": 1.5}, {"measure": "a tail", "value": -2.0, "mcse": 0.0})
    period = {"period_start": date(2025, 1, 1), "period_end": date(2025, 12, 31)}
    conflicts = [
        examples.conflict(case.tv, case.model_key, evidence=evidence, record={"x": [1.0]}),
        examples.conflict(case.radio, case.model_key, log_bayes_factor=-800.0, **period),
    ]
    ids = record_conflicts(registry, conflicts)
    radio, tv = latest_conflicts(registry, case.session_id)
    assert (tv.id, radio.id) == ids
    for stored, given in zip((tv, radio), conflicts, strict=True):
        assert stored.model_dump(include=set(given.model_dump())) == given.model_dump()
    assert tv.bayes_factor == pytest.approx(24.532530197109352)
    assert radio.bayes_factor == 0.0


def test_a_bayes_factor_too_large_for_a_number_is_kept_as_its_logarithm(
    registry: Registry, examples: Examples, case: Case
) -> None:
    record_conflicts(registry, [examples.conflict(case.tv, case.model_key, log_bayes_factor=4e4)])
    (stored,) = latest_conflicts(registry, case.session_id)
    assert (stored.bayes_factor, stored.log_bayes_factor) == (None, 4e4)


def test_the_newest_conflict_of_each_prior_counts(
    registry: Registry, examples: Examples, case: Case
) -> None:
    def found(prior: int) -> int:
        return record_conflicts(registry, [examples.conflict(prior, case.model_key)])[0]

    assert latest_conflicts(registry, case.session_id) == ()
    _, radio, tv = found(case.tv), found(case.radio), found(case.tv)
    assert [conflict.id for conflict in latest_conflicts(registry, case.session_id)] == [radio, tv]


def test_a_prior_that_was_superseded_is_no_longer_in_conflict(
    registry: Registry, examples: Examples, case: Case
) -> None:
    record_conflicts(registry, [examples.conflict(case.tv, case.model_key)])
    later = record_session(registry, examples.session(client_id=case.client))
    assert latest_conflicts(registry, case.session_id) == ()
    assert latest_conflicts(registry, later) == ()


def test_after_an_update_the_new_prior_is_held_against_data_in_the_same_session(
    registry: Registry, examples: Examples, case: Case, recommend: Callable[..., int]
) -> None:
    updated = accept(registry, recommend(), "ann").new_prior_id
    assert latest_conflicts(registry, case.session_id) == ()
    (conflict_id,) = record_conflicts(registry, [examples.conflict(updated, case.model_key)])
    (conflict,) = latest_conflicts(registry, case.session_id)
    assert (conflict.id, conflict.prior_id) == (conflict_id, updated)


def test_conflicts_are_kept_all_or_none(registry: Registry, examples: Examples, case: Case) -> None:
    good = examples.conflict(case.tv, case.model_key)
    for unknown in (
        examples.conflict(10**6, case.model_key),
        examples.conflict(case.tv, 10**6),
        examples.conflict(2**70, case.model_key),
    ):
        with pytest.raises(InputError, match=r"no row 1000000; the latest: |cannot hold"):
            record_conflicts(registry, [good, unknown])
    assert latest_conflicts(registry, case.session_id) == ()
    assert record_conflicts(registry, []) == ()


def test_a_conflict_that_breaks_a_rule_of_the_table_leaves_no_other(
    registry: Registry, examples: Examples, case: Case
) -> None:
    good = examples.conflict(case.tv, case.model_key)
    bad = good.model_copy(update={"confidence_threshold": 1.1})  # past the record's own checks
    with pytest.raises(RefusedRowError, match=r"refuses a row: .*confidence_threshold"):
        record_conflicts(registry, [good, bad])
    assert latest_conflicts(registry, case.session_id) == ()


def test_accepting_makes_a_prior_that_supersedes_the_old_one(
    registry: Registry, examples: Examples, case: Case, recommend: Callable[..., int]
) -> None:
    (old,) = history(registry, case.client, "mix", "share[tv]")
    decided = accept(registry, recommend(run="update/2026"), "ann")
    first, new = history(registry, case.client, "mix", "share[tv]")
    assert first == old
    assert (decided.status, decided.decided_by, decided.new_prior_id) == ("accepted", "ann", new.id)
    assert recommendations_of(registry, case.session_id) == (decided,)
    assert (new.method, new.supersedes_id, new.session_id) == ("update", old.id, case.session_id)
    assert (new.belief, new.note) == (decided.new_belief, decided.reason)
    assert (new.confidence, new.decision, new.run) == (old.confidence, old.decision, "update/2026")
    assert new in current_priors(registry, case.client, "mix")
    assert old not in current_priors(registry, case.client, "mix")


def test_rejecting_leaves_the_prior(
    registry: Registry, case: Case, recommend: Callable[..., int]
) -> None:
    decided = reject(registry, recommend(), "ann")
    assert (decided.status, decided.new_prior_id) == ("rejected", None)
    assert decided.decided_at is not None
    assert [prior.id for prior in history(registry, case.client, "mix", "share[tv]")] == [case.tv]


def test_accepting_what_changes_nothing_makes_no_prior(
    registry: Registry, case: Case, recommend: Callable[..., int]
) -> None:
    decided = accept(registry, recommend(strategy="keep", is_change=False), "ann")
    assert (decided.status, decided.new_prior_id) == ("accepted", None)
    assert [prior.id for prior in history(registry, case.client, "mix", "share[tv]")] == [case.tv]


@pytest.mark.parametrize("first", [accept, reject])
@pytest.mark.parametrize("second", [accept, reject])
def test_a_recommendation_is_decided_once(
    registry: Registry,
    case: Case,
    recommend: Callable[..., int],
    first: Callable[..., Any],
    second: Callable[..., Any],
) -> None:
    decided = first(registry, recommend(), "ann")
    with pytest.raises(InputError, match=f"was {decided.status} by ann on 20.*decided once"):
        second(registry, decided.id, "bob")
    assert recommendations_of(registry, case.session_id) == (decided,)


def test_a_recommendation_on_a_prior_that_was_superseded_can_only_be_rejected(
    registry: Registry, examples: Examples, case: Case, recommend: Callable[..., int]
) -> None:
    stale = recommend()
    record_session(registry, examples.session(client_id=case.client))
    known = history(registry, case.client, "mix", "share[tv]")
    with pytest.raises(InputError, match=f"prior {case.tv}, which prior {known[-1].id} has super"):
        accept(registry, stale, "ann")
    assert history(registry, case.client, "mix", "share[tv]") == known
    assert status(registry, case, stale) == "proposed"
    assert reject(registry, stale, "ann").status == "rejected"


@pytest.mark.parametrize("moment", ["before_cursor_execute", "commit"])
def test_an_exception_inside_an_acceptance_leaves_the_old_state(
    registry: Registry, case: Case, recommend: Callable[..., int], moment: str
) -> None:
    recommendation_id = recommend()

    def fail(*arguments: Any) -> None:
        if moment == "commit" or arguments[2].startswith("UPDATE prior_update_recommendations"):
            raise KeyboardInterrupt

    event.listen(registry.engine, moment, fail)
    try:
        with pytest.raises(KeyboardInterrupt):
            accept(registry, recommendation_id, "ann")
    finally:
        event.remove(registry.engine, moment, fail)
    assert [prior.id for prior in history(registry, case.client, "mix", "share[tv]")] == [case.tv]
    assert status(registry, case, recommendation_id) == "proposed"
    assert accept(registry, recommendation_id, "ann").status == "accepted"


def test_who_decides_must_be_named(
    registry: Registry, case: Case, recommend: Callable[..., int]
) -> None:
    recommendation_id = recommend()
    for decide in (accept, reject):
        with pytest.raises(InputError, match="must be named"):
            decide(registry, recommendation_id, " ")
    assert status(registry, case, recommendation_id) == "proposed"
    assert len(history(registry, case.client, "mix", "share[tv]")) == 1


def test_recommendations_are_those_of_a_session_oldest_first(
    registry: Registry, examples: Examples, case: Case, recommend: Callable[..., int]
) -> None:
    made = [recommend(strategy="replace"), recommend(decision_change={"sentence": "stop"})]
    found = recommendations_of(registry, case.session_id)
    assert [recommended.id for recommended in found] == made
    assert [recommended.decision_change for recommended in found] == [None, {"sentence": "stop"}]
    other = record_session(registry, examples.session(client_id=case.client + " 2"))
    assert recommendations_of(registry, other) == ()


def test_a_recommendation_is_about_the_prior_in_conflict(
    registry: Registry, examples: Examples, case: Case
) -> None:
    (conflict_id,) = record_conflicts(registry, [examples.conflict(case.tv, case.model_key)])
    recommended = examples.recommendation(conflict_id, case.radio)
    with pytest.raises(InputError, match=f"is of prior {case.tv}, not of prior {case.radio}"):
        record_recommendations(registry, [recommended])


def test_unknown_identifiers_are_refused_and_the_latest_are_named(
    registry: Registry, examples: Examples, case: Case, recommend: Callable[..., int]
) -> None:
    latest = recommend()
    told = f"no row 1000000; the latest: {latest}\\b"
    for decide in (accept, reject):
        with pytest.raises(InputError, match=told):
            decide(registry, 10**6, "ann")
    with pytest.raises(InputError, match="prior_data_conflicts has no row 1000000; the latest: "):
        record_recommendations(registry, [examples.recommendation(10**6, case.tv)])
    with pytest.raises(InputError, match="bayesian_model_metadata has no row 1000000"):
        record_validation(registry, examples.validation(10**6))
    for ask_of_session in (latest_conflicts, recommendations_of):
        with pytest.raises(InputError, match="prior_elicitation_sessions has no row 'none'"):
            ask_of_session(registry, "none")


def test_the_newest_calibration_of_a_program_and_design_is_found(
    registry: Registry, examples: Examples, case: Case
) -> None:
    digests = {"program_digest": "4e" * 32, "design_digest": "5f" * 32}
    results = tuple(
        ValidationResult(
            quantity=quantity,
            p_value=p,
            adjusted_p_value=min(1.0, 2 * p),
            is_rejected=p < 0.01,
            record={"coverage": [0.5, 0.9]},
        )
        for quantity, p in (("tau", 0.001), ("mu", 0.7))
    )
    assert newest_validation(registry, **digests) is None
    record_validation(registry, examples.validation(case.model_key, **digests))
    newest = examples.validation(
        case.model_key, **digests, verdict="not calibrated", seed=2**63 - 1, results=results
    )
    validation_id = record_validation(registry, newest)
    other = digests | {"design_digest": "6a" * 32}
    assert newest_elsewhere(registry, **digests) is None
    other_id = record_validation(registry, examples.validation(case.model_key, **other))
    elsewhere = newest_elsewhere(registry, **digests)
    assert elsewhere is not None
    assert elsewhere.id == other_id
    found = newest_validation(registry, **digests)
    assert found is not None
    assert found.id == validation_id
    assert found.model_dump(include=set(newest.model_dump())) == newest.model_dump()


@pytest.mark.parametrize(
    "changes",
    [
        {"log_bayes_factor": float("inf")},
        {"log_bayes_factor_mcse": -0.1},
        {"severity": "fatal"},
        {"sbc_status": "essential"},
        {"period_start": date(2026, 1, 1)},
        {"period_start": date(2026, 1, 2), "period_end": date(2026, 1, 1)},
        {"evidence": [{"measure": "kl", "value": 1.0}] * 2},
        {"confidence_threshold": 1.1},
    ],
)
def test_a_conflict_refuses_what_the_tables_would(
    examples: Examples, changes: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError):
        examples.conflict(1, 1, **changes)


def test_evidence_and_results_name_the_run_of_what_they_belong_to(
    registry: Registry, examples: Examples, case: Case
) -> None:
    origin = {"run": f"run of {case.client}", "run_digest": "7b" * 32}
    result = {"quantity": "mu", "p_value": 0.5, "adjusted_p_value": 0.5, "is_rejected": False}
    record_conflicts(registry, [examples.conflict(case.tv, case.model_key, **origin)])
    record_validation(registry, examples.validation(case.model_key, results=(result,), **origin))
    with registry.transaction("reading") as session:
        evidence = session.scalars(select(ConflictEvidence).order_by(ConflictEvidence.id)).all()
        results = session.scalars(select(SbcResult).order_by(SbcResult.id)).all()
        for newest in (evidence[-1], results[-1]):
            assert {"run": newest.run, "run_digest": newest.run_digest} == origin
