"""How Prefect's server uses its database: in turns where it is SQLite, and with SQLAlchemy 2.1."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from prefect.server.database.configurations import AioSqliteConfiguration
from prefect.server.database.dependencies import temporary_database_config
from prefect.server.database.orm_models import FlowRun
from prefect.settings import get_current_settings
from sqlalchemy import inspect, make_url
from sqlalchemy.ext.asyncio import AsyncSession, AsyncSessionTransaction


class TakingTurns(AioSqliteConfiguration):
    """SQLite whose transactions are made to write from their beginning.

    Prefect's own read first. Where another has written by the time that they write, SQLite refuses
    them at once ("database is locked"), and the request fails with 503.
    """

    @asynccontextmanager
    async def begin_transaction(
        self, session: AsyncSession, with_for_update: bool = False
    ) -> AsyncGenerator[AsyncSessionTransaction, None]:
        """A transaction that waits, for a minute at most, until no other writes."""
        async with super().begin_transaction(session, with_for_update=True) as transaction:
            yield transaction


@contextmanager
def taking_turns() -> Iterator[None]:
    """Have Prefect's server use `TakingTurns` inside the block, where its database is SQLite."""
    url = get_current_settings().server.database.connection_url
    is_sqlite = url is not None and make_url(url.get_secret_value()).get_backend_name() == "sqlite"
    if url is None or not is_sqlite:
        yield
        return
    with temporary_database_config(TakingTurns(connection_url=url.get_secret_value())):
        yield


def let_schedules_fire() -> None:
    """Have SQLAlchemy 2.1 take what Prefect's scheduler inserts, as 2.0 does.

    Prefect 3.8.8 hands over a value for the property ``state`` of a flow run too. Of that 2.0 takes
    no notice; 2.1 refuses the run, so that no schedule ever fires.
    """
    state: Any = inspect(FlowRun).all_orm_descriptors["state"]
    if hasattr(state, "bulk_dml"):
        state.inplace.bulk_dml(lambda *_: None)
