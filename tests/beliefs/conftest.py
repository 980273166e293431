"""Fresh databases of both kinds, and example records that the tests of the registry change."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tasks.beliefs.registry import Registry
from tasks.beliefs.registry_findings import Conflict, Evidence, Recommendation, Validation
from tasks.beliefs.registry_records import ElicitationSession, Model, Prior

NewDatabase = Callable[[str], str]
RUN = {"run": "conflict-acme/2026-01-01T00-00-00", "run_digest": "0a" * 32}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def registry(database_kind: str, new_database: NewDatabase) -> Iterator[Registry]:
    """One for a module; its tests take clients and models of their own."""
    with Registry.at(new_database(database_kind)) as opened:
        yield opened


class Examples:
    """Valid records; a keyword changes a field."""

    def prior(self, **changes: Any) -> Prior:
        belief = {"laws": [{"family": "beta", "parameters": {"alpha": 2.0, "beta": 8.0}}]}
        fields = {"quantity": "share[tv]", "belief": belief, "confidence": 0.7, "method": "stated"}
        return Prior.model_validate(fields | changes)

    def session(self, *priors: Prior, **changes: Any) -> ElicitationSession:
        moment = datetime(2026, 1, 1, 12, tzinfo=UTC)
        fields = {"client_id": "acme", "model_id": "mix", "elicited_at": moment, **RUN}
        return ElicitationSession.model_validate(
            fields | {"priors": priors or (self.prior(),)} | changes
        )

    def model(self, **changes: Any) -> Model:
        fields = {"model_id": "mix", "kind": "program", "program": "model {}", "parameters": 3}
        digests = {"program_digest": "1b" * 32, "design_digest": "2c" * 32}
        return Model.model_validate(fields | digests | RUN | changes)

    def conflict(self, prior_id: int, model_key: int, **changes: Any) -> Conflict:
        fields = {
            "prior_id": prior_id,
            "model_key": model_key,
            "log_bayes_factor": 3.2,
            "severity": "strong",
            "sentence": "The data speak against 0.2.",
            "confidence_threshold": 0.8,
            "is_likelihood_adequate": True,
            "sbc_need": "recommended",
            "sbc_status": "missing",
            "evidence": (Evidence(measure="kl", value=1.5, mcse=0.01),),
        }
        return Conflict.model_validate(fields | RUN | changes)

    def recommendation(self, conflict_id: int, prior_id: int, **changes: Any) -> Recommendation:
        fields = {
            "conflict_id": conflict_id,
            "prior_id": prior_id,
            "strategy": "evidence_weighted",
            "min_evidence_strength": 3.0,
            "is_change": True,
            "old_belief": self.prior().belief,
            "new_belief": {"laws": [{"family": "beta", "parameters": {"alpha": 4.0, "beta": 6.0}}]},
            "reason": "The Bayes factor is 25.",
        }
        return Recommendation.model_validate(fields | RUN | changes)

    def validation(self, model_key: int, **changes: Any) -> Validation:
        fields = {
            "model_key": model_key,
            "program_digest": "1b" * 32,
            "design_digest": "2c" * 32,
            "validation_type": "quick",
            "simulations": 100,
            "seed": 1,
            "verdict": "calibrated",
            "alpha": 0.05,
        }
        return Validation.model_validate(fields | RUN | changes)


@pytest.fixture(scope="session")
def examples() -> Examples:
    return Examples()
