"""Rows that must be there, and which priors are current."""

from collections.abc import Iterable
from typing import TypeVar

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session, aliased

from tasks.beliefs.registry_columns import Base
from tasks.beliefs.tables import ClientPrior
from tasks.errors import InputError

Row = TypeVar("Row", bound=Base)
SHOWN = 5
"""So many of the rows that there are."""


def known(session: Session, table: type[Row], key: int | str) -> Row:
    """The row with this ``id``.

    Raises
    ------
    InputError
        If there is none; the message names the latest that there are.
    """
    row = session.get(table, key)
    if row is None:
        raise _unknown(session, table, key)
    return row


def check_known(session: Session, table: type[Base], keys: Iterable[int]) -> None:
    """As `known`, of many rows that themselves are not needed."""
    asked, column = set(keys), table.__table__.c.id
    missing = asked - set(session.scalars(select(column).where(column.in_(asked))))
    if missing:
        raise _unknown(session, table, min(missing))


def _unknown(session: Session, table: type[Base], key: int | str) -> InputError:
    columns = table.__table__.c
    newest_first = select(columns.id).order_by(columns.created_at.desc()).limit(SHOWN)
    latest = ", ".join(map(str, session.scalars(newest_first))) or "none"
    return InputError(
        f"The registry's table {table.__tablename__} has no row {key!r}; the latest: {latest}."
    )


def is_current() -> ColumnElement[bool]:
    """Of a row of `ClientPrior`: no other prior supersedes it."""
    newer = aliased(ClientPrior)
    return ~exists(select(newer.id).where(newer.supersedes_id == ClientPrior.id))
