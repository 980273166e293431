"""Columns and check constraints that the registry's tables share."""

from datetime import UTC, datetime
from typing import Any, get_args

from sqlalchemy import JSON, CheckConstraint, DateTime, Dialect, MetaData, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from tasks.beliefs.registry_types import LARGEST

NAMES = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """A moment, read and kept in UTC; SQLite itself knows no time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """In UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """With its time zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Base of all tables.

    JSON is kept as text: a binary form would turn 1e300 into an integer of 301 digits.
    """

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {  # noqa: RUF012 (read by SQLAlchemy, and changed by nobody)
        str: Text,
        datetime: UtcDateTime,
        dict[str, Any]: JSON(none_as_null=True),
    }


class OfRun:
    """Columns that say which run a row comes from."""

    run: Mapped[str] = mapped_column(sort_order=1)
    run_digest: Mapped[str] = mapped_column(sort_order=1)
    created_at: Mapped[datetime] = mapped_column(sort_order=1, default=lambda: datetime.now(UTC))


def of_run() -> tuple[CheckConstraint, ...]:
    """Checks of the columns of `OfRun`."""
    return named("run"), digest("run_digest")


def named(column: str) -> CheckConstraint:
    """A text that is not blank."""
    return CheckConstraint(f"trim({column}) <> ''", name=column)


def digest(column: str) -> CheckConstraint:
    """64 hexadecimal digits; nothing is left when these are trimmed away."""
    return CheckConstraint(
        f"length({column}) = 64 AND ltrim({column}, '0123456789abcdef') = ''", name=column
    )


def one_of(column: str, literal: object) -> CheckConstraint:
    """One of the words of a Literal type."""
    words = ", ".join(f"'{word}'" for word in get_args(literal))
    return CheckConstraint(f"{column} IN ({words})", name=column)


def between(column: str, low: float = -LARGEST, high: float = LARGEST) -> CheckConstraint:
    """A number in a closed interval, in any case a finite one."""
    return CheckConstraint(f"{column} BETWEEN {low} AND {high}", name=column)


def inside(column: str) -> CheckConstraint:
    """A number strictly between 0 and 1."""
    return CheckConstraint(f"{column} > 0 AND {column} < 1", name=column)
