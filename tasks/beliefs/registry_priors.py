"""Sessions of elicitation and the priors that they gave, with their history."""

import uuid

from sqlalchemy import select

from tasks.beliefs.registry import Registry
from tasks.beliefs.registry_lookup import is_current, known
from tasks.beliefs.registry_records import ElicitationSession, StoredPrior, StoredSession
from tasks.beliefs.tables import ClientPrior, SessionRow


def record_session(registry: Registry, elicited: ElicitationSession) -> str:
    """Keep a session and its priors.

    Each prior supersedes the one of its quantity that is current for the same client and model.

    Returns
    -------
    str
        The session's identifier.
    """
    head = elicited.model_dump(exclude={"priors"})
    origin = elicited.model_dump(include={"run", "run_digest"})
    with registry.transaction("deciding") as session:
        current = session.execute(
            select(ClientPrior.quantity, ClientPrior.id)
            .join(SessionRow)
            .where(
                SessionRow.client_id == elicited.client_id,
                SessionRow.model_id == elicited.model_id,
                is_current(),
            )
        )
        superseded = {row.quantity: row.id for row in current}
        row = SessionRow(id=str(uuid.uuid4()), **head)
        session.add(row)
        session.flush()
        session.add_all(
            ClientPrior(
                session_id=row.id,
                supersedes_id=superseded.get(prior.quantity),
                **prior.model_dump(),
                **origin,
            )
            for prior in elicited.priors
        )
        return row.id


def find_session(registry: Registry, session_id: str) -> StoredSession:
    """The session with this identifier.

    Raises
    ------
    InputError
        If there is none.
    """
    with registry.transaction("reading") as session:
        return StoredSession.model_validate(known(session, SessionRow, session_id))


def sessions_of(registry: Registry, client_id: str) -> tuple[StoredSession, ...]:
    """All sessions of a client, oldest first."""
    with registry.transaction("reading") as session:
        rows = session.scalars(
            select(SessionRow)
            .where(SessionRow.client_id == client_id)
            .order_by(SessionRow.created_at, SessionRow.id)
        )
        return tuple(map(StoredSession.model_validate, rows))


def priors_of_session(registry: Registry, session_id: str) -> tuple[StoredPrior, ...]:
    """All priors of a session, oldest first, with those that updates made of them.

    Raises
    ------
    InputError
        If there is no such session.
    """
    with registry.transaction("reading") as session:
        known(session, SessionRow, session_id)
        rows = session.scalars(
            select(ClientPrior).where(ClientPrior.session_id == session_id).order_by(ClientPrior.id)
        )
        return tuple(map(StoredPrior.model_validate, rows))


def current_priors(registry: Registry, client_id: str, model_id: str) -> tuple[StoredPrior, ...]:
    """What a client believes now, over all sessions, by the name of the quantity."""
    with registry.transaction("reading") as session:
        rows = session.scalars(
            select(ClientPrior)
            .join(SessionRow)
            .where(SessionRow.client_id == client_id, SessionRow.model_id == model_id, is_current())
        )
        priors = map(StoredPrior.model_validate, rows)
        return tuple(sorted(priors, key=lambda prior: prior.quantity))


def history(
    registry: Registry, client_id: str, model_id: str, quantity: str
) -> tuple[StoredPrior, ...]:
    """All that a client has believed of a quantity, oldest first; the last one is current."""
    with registry.transaction("reading") as session:
        rows = session.scalars(
            select(ClientPrior)
            .join(SessionRow)
            .where(
                SessionRow.client_id == client_id,
                SessionRow.model_id == model_id,
                ClientPrior.quantity == quantity,
            )
            .order_by(ClientPrior.id)
        )
        return tuple(map(StoredPrior.model_validate, rows))
