"""What no row can hold is refused by the databases themselves, whoever writes it."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import CheckConstraint, Connection, Table, UniqueConstraint
from sqlalchemy.exc import IntegrityError

from tasks.beliefs.registry import Registry
from tasks.beliefs.registry_types import LARGEST_COUNT, LARGEST_SEED
from tasks.beliefs.tables import Base

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
DIGEST = "0123456789abcdef" * 4
OF_RUN = {"run": "r/1", "run_digest": DIGEST, "created_at": MOMENT}
TABLES: dict[str, Table] = dict(Base.metadata.tables)
VALID: dict[str, dict[str, Any]] = {
    "bayesian_model_metadata": {
        "model_id": "mix",
        "version": 1,
        "kind": "program",
        "program": "model {}",
        "parameters": 1,
        "contract": {},
        "source": "",
        "facts": {},
    },
    "prior_elicitation_sessions": {
        "client_id": "acme",
        "model_id": "mix",
        "note": "",
        "elicited_at": MOMENT,
    },
    "client_priors": {
        "session_id": "1",
        "quantity": "share[tv]",
        "belief": {},
        "confidence": 0.5,
        "method": "stated",
        "answers": [],
        "note": "",
    },
    "prior_data_conflicts": {
        "prior_id": 1,
        "model_key": 1,
        "log_bayes_factor": 1.0,
        "severity": "none",
        "sentence": "None.",
        "confidence_threshold": 0.8,
        "is_likelihood_adequate": True,
        "sbc_need": "not needed",
        "sbc_status": "missing",
        "record": {},
    },
    "conflict_evidence": {"conflict_id": 1, "measure": "kl", "value": 1.0},
    "prior_update_recommendations": {
        "conflict_id": 1,
        "prior_id": 1,
        "strategy": "keep",
        "min_evidence_strength": 3.0,
        "is_change": True,
        "old_belief": {},
        "new_belief": {},
        "reason": "None.",
        "status": "proposed",
    },
    "sbc_validations": {
        "model_key": 1,
        "program_digest": DIGEST,
        "design_digest": DIGEST,
        "validation_type": "quick",
        "simulations": 1,
        "seed": 0,
        "verdict": "calibrated",
        "alpha": 0.05,
    },
    "sbc_results": {
        "validation_id": 1,
        "quantity": "share[tv]",
        "p_value": 0.5,
        "adjusted_p_value": 1.0,
        "is_rejected": False,
        "record": {},
    },
}
ANOTHER: dict[str, dict[str, Any]] = {
    "bayesian_model_metadata": {"version": 2},
    "conflict_evidence": {"measure": "tail"},
    "sbc_results": {"quantity": "share[radio]"},
}
BLANK = ["", "  "]
DIGESTS = ["", DIGEST[:-1], DIGEST + "0", DIGEST[:-1] + "g", DIGEST.upper(), " " * 64]
NOT_OPEN = [0.0, 1.0, -0.1, 1.1]
NOT_A_PROBABILITY = [-0.1, 1.1]
NEGATIVE = [-0.1, float("inf")]
NO_COUNT = [0, -1]
BAD: dict[tuple[str, str], list[Any]] = {
    ("bayesian_model_metadata", "model_id"): BLANK,
    ("bayesian_model_metadata", "version"): NO_COUNT,
    ("bayesian_model_metadata", "kind"): ["", "Program"],
    ("bayesian_model_metadata", "program"): BLANK,
    ("bayesian_model_metadata", "program_digest"): DIGESTS,
    ("bayesian_model_metadata", "design_digest"): DIGESTS,
    ("bayesian_model_metadata", "data_digest"): DIGESTS,
    ("bayesian_model_metadata", "parameters"): NO_COUNT,
    ("prior_elicitation_sessions", "id"): BLANK,
    ("prior_elicitation_sessions", "client_id"): BLANK,
    ("prior_elicitation_sessions", "model_id"): BLANK,
    ("client_priors", "quantity"): BLANK,
    ("client_priors", "confidence"): NOT_OPEN,
    ("client_priors", "method"): ["", "guessed"],
    ("client_priors", "residual"): NEGATIVE,
    ("client_priors", "supersedes_id"): [2, 3],
    ("prior_data_conflicts", "bayes_factor"): NEGATIVE,
    ("prior_data_conflicts", "log_bayes_factor"): [float("inf"), -float("inf")],
    ("prior_data_conflicts", "log_bayes_factor_mcse"): NEGATIVE,
    ("prior_data_conflicts", "severity"): ["", "fatal"],
    ("prior_data_conflicts", "sentence"): BLANK,
    ("prior_data_conflicts", "period"): [
        {"period_start": date(2026, 1, 1)},
        {"period_end": date(2026, 1, 1)},
    ],
    ("prior_data_conflicts", "period_end"): [
        {"period_start": date(2026, 1, 2), "period_end": date(2026, 1, 1)}
    ],
    ("prior_data_conflicts", "confidence_threshold"): NOT_A_PROBABILITY,
    ("prior_data_conflicts", "sbc_need"): ["", "maybe"],
    ("prior_data_conflicts", "sbc_status"): ["", "essential"],
    ("conflict_evidence", "measure"): BLANK,
    ("conflict_evidence", "value"): [float("inf"), -float("inf")],
    ("conflict_evidence", "mcse"): NEGATIVE,
    ("prior_update_recommendations", "strategy"): ["", "average"],
    ("prior_update_recommendations", "min_evidence_strength"): NEGATIVE,
    ("prior_update_recommendations", "reason"): BLANK,
    ("prior_update_recommendations", "status"): [
        {"status": "forgotten", "decided_at": MOMENT, "decided_by": "ann"}
    ],
    ("prior_update_recommendations", "decided_at"): [
        {"decided_at": MOMENT},
        {"status": "rejected", "decided_by": "ann"},
    ],
    ("prior_update_recommendations", "decided"): [
        {"decided_by": "ann"},
        {"status": "rejected", "decided_at": MOMENT},
    ],
    ("prior_update_recommendations", "decided_by"): [
        {"status": "rejected", "decided_at": MOMENT, "decided_by": " "}
    ],
    ("prior_update_recommendations", "new_prior_id"): [
        {"new_prior_id": 1},
        {"status": "accepted", "decided_at": MOMENT, "decided_by": "ann"},
    ],
    ("sbc_validations", "program_digest"): DIGESTS,
    ("sbc_validations", "design_digest"): DIGESTS,
    ("sbc_validations", "validation_type"): ["", "slow"],
    ("sbc_validations", "simulations"): NO_COUNT,
    ("sbc_validations", "seed"): [-1],
    ("sbc_validations", "verdict"): ["", "missing"],
    ("sbc_validations", "alpha"): NOT_OPEN,
    ("sbc_results", "quantity"): BLANK,
    ("sbc_results", "p_value"): NOT_A_PROBABILITY,
    ("sbc_results", "adjusted_p_value"): NOT_A_PROBABILITY,
    **{(table, "run"): BLANK for table in VALID},
    **{(table, "run_digest"): DIGESTS for table in VALID},
}
FOREIGN_KEYS = sorted(
    (table.name, column.name)
    for table in TABLES.values()
    for column in table.columns
    if column.foreign_keys
)
UNIQUE = sorted(
    (table.name, tuple(column.name for column in rule.columns))
    for table in TABLES.values()
    for rule in table.constraints
    if isinstance(rule, UniqueConstraint)
)
AT_THE_EDGE: dict[str, dict[str, Any]] = {
    "bayesian_model_metadata": {
        "version": LARGEST_COUNT,
        "kind": "statistics",
        "program": "",
        "data_digest": DIGEST,
    },
    "client_priors": {"confidence": 1e-12, "residual": 0.0, "supersedes_id": 1},
    "prior_data_conflicts": {
        "bayes_factor": 0.0,
        "log_bayes_factor": -1e308,
        "log_bayes_factor_mcse": 1e308,
        "confidence_threshold": 1.0,
        "period_start": date(2026, 1, 1),
        "period_end": date(2026, 1, 1),
    },
    "conflict_evidence": {"measure": "tail", "value": 1e308, "mcse": 0.0},
    "prior_update_recommendations": {
        "status": "accepted",
        "is_change": False,
        "decided_at": MOMENT,
        "decided_by": "ann",
    },
    "sbc_validations": {"simulations": LARGEST_COUNT, "seed": LARGEST_SEED, "alpha": 0.999},
    "sbc_results": {"quantity": "share[radio]", "p_value": 0.0, "adjusted_p_value": 0.0},
}


def row(table: str, number: int, **changes: Any) -> dict[str, Any]:
    key = str(number) if table == "prior_elicitation_sessions" else number
    return {"id": key} | VALID[table] | OF_RUN | changes


@pytest.fixture(scope="module", autouse=True)
def a_row_in_each_table(registry: Registry) -> None:
    with registry.engine.begin() as connection:
        for table in VALID:
            connection.execute(TABLES[table].insert(), row(table, 1))


@pytest.fixture
def undone(registry: Registry) -> Iterator[Connection]:
    with registry.engine.connect() as connection:
        yield connection


@pytest.mark.parametrize("changes", [ANOTHER, AT_THE_EDGE], ids=["another", "at the edge"])
@pytest.mark.parametrize("table", sorted(VALID))
def test_a_valid_row_is_kept(
    undone: Connection, table: str, changes: dict[str, dict[str, Any]]
) -> None:
    undone.execute(TABLES[table].insert(), row(table, 2, **changes.get(table, {})))


@pytest.mark.parametrize(
    ("table", "rule", "value"),
    [(table, rule, value) for (table, rule), values in BAD.items() for value in values],
)
def test_a_check_refuses_what_breaks_it(
    undone: Connection, table: str, rule: str, value: Any
) -> None:
    changes = value if isinstance(value, dict) else {rule: value}
    bad = row(table, 2, **ANOTHER.get(table, {}) | changes)
    with pytest.raises(IntegrityError, match=rf"\bck_{table}_{rule}\b"):
        undone.execute(TABLES[table].insert(), bad)


def test_every_check_is_tested() -> None:
    checks = {
        str(rule.name)
        for table in TABLES.values()
        for rule in table.constraints
        if isinstance(rule, CheckConstraint)
    }
    assert checks == {f"ck_{table}_{rule}" for table, rule in BAD}


@pytest.mark.parametrize(("table", "column"), FOREIGN_KEYS)
def test_a_foreign_key_refuses_what_it_does_not_know(
    undone: Connection, table: str, column: str
) -> None:
    unknown: dict[str, Any] = {column: "999" if column == "session_id" else 999}
    if column == "new_prior_id":
        unknown |= {"status": "accepted", "decided_at": MOMENT, "decided_by": "ann"}
    bad = row(table, 2000, **ANOTHER.get(table, {}) | unknown)
    with pytest.raises(IntegrityError, match=r"(?i)foreign key constraint"):
        undone.execute(TABLES[table].insert(), bad)


@pytest.mark.parametrize("table", sorted(VALID))
def test_a_row_that_others_need_is_not_removed(undone: Connection, table: str) -> None:
    needed = {key.column.table.name for other in TABLES.values() for key in other.foreign_keys}
    delete = TABLES[table].delete()
    if table in needed:
        with pytest.raises(IntegrityError, match=r"(?i)foreign key constraint"):
            undone.execute(delete)
    else:
        undone.execute(delete)


@pytest.mark.parametrize(("table", "columns"), UNIQUE)
def test_what_is_unique_is_not_kept_twice(
    undone: Connection, table: str, columns: tuple[str, ...]
) -> None:
    twice: dict[str, Any] = {}
    if columns == ("supersedes_id",):
        twice = {"supersedes_id": 1}
    if columns == ("new_prior_id",):
        twice = {"status": "accepted", "decided_at": MOMENT, "decided_by": "a", "new_prior_id": 1}
    if twice:
        undone.execute(TABLES[table].insert(), row(table, 2, **twice))
    with pytest.raises(IntegrityError, match=r"(?i)unique constraint"):
        undone.execute(TABLES[table].insert(), row(table, 3, **twice))


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("client_priors", "confidence"),
        ("prior_data_conflicts", "log_bayes_factor"),
        ("conflict_evidence", "value"),
        ("sbc_results", "p_value"),
    ],
)
def test_what_is_not_a_number_is_refused(undone: Connection, table: str, column: str) -> None:
    bad = row(table, 2, **ANOTHER.get(table, {}) | {column: float("nan")})
    with pytest.raises(IntegrityError, match=column):
        undone.execute(TABLES[table].insert(), bad)
