"""Recommended updates of priors; each is accepted or rejected once, and by whom is kept."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from tasks.beliefs.registry import Registry
from tasks.beliefs.registry_findings import Recommendation, StoredRecommendation
from tasks.beliefs.registry_lookup import known
from tasks.beliefs.registry_types import Status
from tasks.beliefs.tables import ClientPrior, PriorDataConflict, SessionRow, UpdateRecommendation
from tasks.errors import InputError


def record_recommendations(
    registry: Registry, recommendations: Sequence[Recommendation]
) -> tuple[int, ...]:
    """Keep recommendations, all or none of them.

    Returns
    -------
    tuple of int
        Their identifiers, in order.

    Raises
    ------
    InputError
        If the registry does not know a conflict, or a conflict is of another prior.
    """
    with registry.transaction("adding") as session:
        for recommended in recommendations:
            conflict = known(session, PriorDataConflict, recommended.conflict_id)
            if conflict.prior_id != recommended.prior_id:
                raise InputError(
                    f"Conflict {conflict.id} is of prior {conflict.prior_id}, not of prior "
                    f"{recommended.prior_id}: recommend an update of the prior in conflict."
                )
        rows = [
            UpdateRecommendation(**recommended.model_dump(), status="proposed")
            for recommended in recommendations
        ]
        session.add_all(rows)
        session.flush()
        return tuple(row.id for row in rows)


def recommendations_of(registry: Registry, session_id: str) -> tuple[StoredRecommendation, ...]:
    """All recommendations on priors of a session, oldest first.

    Raises
    ------
    InputError
        If there is no such session.
    """
    with registry.transaction("reading") as session:
        known(session, SessionRow, session_id)
        rows = session.scalars(
            select(UpdateRecommendation)
            .join(ClientPrior, ClientPrior.id == UpdateRecommendation.prior_id)
            .where(ClientPrior.session_id == session_id)
            .order_by(UpdateRecommendation.id)
        )
        return tuple(map(StoredRecommendation.model_validate, rows))


def accept(registry: Registry, recommendation_id: int, by: str) -> StoredRecommendation:
    """Accept a recommendation; one that changes anything gives a prior that supersedes the old one.

    Parameters
    ----------
    recommendation_id
        Of a recommendation that nobody has decided.
    by
        Who decides.

    Raises
    ------
    InputError
        If there is no such recommendation, it was decided, or its prior was superseded since.
    """
    with registry.transaction("deciding") as session:
        row = _undecided(session, recommendation_id)
        newer = session.scalar(
            select(ClientPrior.id).where(ClientPrior.supersedes_id == row.prior_id)
        )
        if newer is not None:
            raise InputError(
                f"Recommendation {row.id} updates prior {row.prior_id}, which prior {newer} has "
                "superseded since: hold the current prior against the data first."
            )
        if row.is_change:
            updated = _updated(known(session, ClientPrior, row.prior_id), row)
            session.add(updated)
            session.flush()
            row.new_prior_id = updated.id
        return _decide(session, row, "accepted", by)


def reject(registry: Registry, recommendation_id: int, by: str) -> StoredRecommendation:
    """Reject a recommendation; the prior stays as it is.

    Parameters
    ----------
    recommendation_id, by
        As of `accept`.

    Raises
    ------
    InputError
        If there is no such recommendation, or it was decided.
    """
    with registry.transaction("deciding") as session:
        return _decide(session, _undecided(session, recommendation_id), "rejected", by)


def _undecided(session: Session, recommendation_id: int) -> UpdateRecommendation:
    row = known(session, UpdateRecommendation, recommendation_id)
    if row.status != "proposed":
        raise InputError(
            f"Recommendation {row.id} was {row.status} by {row.decided_by} on "
            f"{row.decided_at:%Y-%m-%d}: a recommendation is decided once."
        )
    return row


def _updated(prior: ClientPrior, recommended: UpdateRecommendation) -> ClientPrior:
    """What a prior becomes: another belief, held with the same confidence."""
    return ClientPrior(
        session_id=prior.session_id,
        quantity=prior.quantity,
        belief=recommended.new_belief,
        confidence=prior.confidence,
        method="update",
        answers=[],
        decision=prior.decision,
        note=recommended.reason,
        supersedes_id=prior.id,
        run=recommended.run,
        run_digest=recommended.run_digest,
    )


def _decide(
    session: Session, row: UpdateRecommendation, status: Status, by: str
) -> StoredRecommendation:
    if not by.strip():
        raise InputError("Who decides must be named, got a blank name.")
    row.status, row.decided_by, row.decided_at = status, by, datetime.now(UTC)
    session.flush()
    return StoredRecommendation.model_validate(row)
