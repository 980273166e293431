"""Priors that were held against data, with the evidence."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import func, insert, select

from tasks.beliefs.registry import Registry
from tasks.beliefs.registry_engine import RefusedRowError
from tasks.beliefs.registry_findings import Conflict, StoredConflict, bayes_factor_of
from tasks.beliefs.registry_lookup import check_known, is_current, known
from tasks.beliefs.tables import (
    ClientPrior,
    ConflictEvidence,
    ModelMetadata,
    PriorDataConflict,
    SessionRow,
)


def record_conflicts(registry: Registry, conflicts: Sequence[Conflict]) -> tuple[int, ...]:
    """Keep conflicts with their evidence, all or none of them.

    Returns
    -------
    tuple of int
        Their identifiers, in order.

    Raises
    ------
    InputError
        If the registry does not know a prior or a model.
    """
    if not conflicts:
        return ()
    rows = [_row(conflict) for conflict in conflicts]
    with_ids = insert(PriorDataConflict).returning(
        PriorDataConflict.id, sort_by_parameter_order=True
    )
    try:
        with registry.transaction("adding") as session:
            connection = session.connection()
            ids = tuple(connection.scalars(with_ids, rows))
            evidence = list(_evidence(conflicts, ids))
            if evidence:
                connection.execute(insert(ConflictEvidence), evidence)
            return ids
    except RefusedRowError:
        with registry.transaction("reading") as session:
            check_known(session, ClientPrior, (conflict.prior_id for conflict in conflicts))
            check_known(session, ModelMetadata, (conflict.model_key for conflict in conflicts))
        raise


def latest_conflicts(registry: Registry, session_id: str) -> tuple[StoredConflict, ...]:
    """The newest conflict of each prior of a session that is still current.

    A prior that an update made belongs to the session of the one that it supersedes. Priors that
    were not held against data since they were stated are left out.

    Returns
    -------
    tuple of StoredConflict
        By the name of the quantity.

    Raises
    ------
    InputError
        If there is no such session.
    """
    with registry.transaction("reading") as session:
        known(session, SessionRow, session_id)
        newest = (
            select(func.max(PriorDataConflict.id))
            .join(ClientPrior)
            .where(ClientPrior.session_id == session_id, is_current())
            .group_by(PriorDataConflict.prior_id)
        )
        found = session.execute(
            select(ClientPrior.quantity, PriorDataConflict)
            .join_from(PriorDataConflict, ClientPrior)
            .where(PriorDataConflict.id.in_(newest))
        )
        by_quantity = sorted(found, key=lambda row: row.quantity)
        return tuple(StoredConflict.model_validate(row.PriorDataConflict) for row in by_quantity)


def _row(conflict: Conflict) -> dict[str, Any]:
    bayes_factor = bayes_factor_of(conflict.log_bayes_factor)
    return conflict.model_dump(exclude={"evidence"}) | {"bayes_factor": bayes_factor}


def _evidence(conflicts: Iterable[Conflict], ids: Iterable[int]) -> Iterator[dict[str, Any]]:
    for conflict, conflict_id in zip(conflicts, ids, strict=True):
        common = {"conflict_id": conflict_id} | conflict.model_dump(include={"run", "run_digest"})
        yield from (found.model_dump() | common for found in conflict.evidence)
