"""Where alembic enters: it migrates the connection that it is given, else the current registry."""

from alembic import context
from sqlalchemy import Connection

from tasks.beliefs.registry_engine import make_engine, plain_errors
from tasks.beliefs.registry_schema import migrating
from tasks.beliefs.registry_url import database_url
from tasks.beliefs.tables import Base


def migrate(connection: Connection) -> None:
    """Run what alembic was asked for, in the transaction that the connection is in."""
    context.configure(connection=connection, target_metadata=Base.metadata)
    with context.begin_transaction():
        context.run_migrations()


def migrate_current() -> None:
    """As `migrate`, in the registry that ``WHENCE_DATABASE`` names."""
    url = database_url()
    with plain_errors(url), migrating(make_engine(url)) as connection:
        migrate(connection)


if hasattr(context, "config"):  # alembic runs this file
    given = context.config.attributes.get("connection")
    if given is None:
        migrate_current()
    else:
        migrate(given)
