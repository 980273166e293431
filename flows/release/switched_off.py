"""A copy of Prefect's database in which nothing begins by itself."""

import asyncio
from collections.abc import Sequence

from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

IDS = {"deployments": "deployment", "flow runs": "flow_run"}
SWITCHES = (
    "UPDATE deployment_schedule SET active = false",
    "UPDATE automation SET enabled = false",
    "UPDATE flow_run SET state_type = 'CANCELLED', state_name = 'Cancelled' WHERE state_type "
    "IS NULL OR state_type NOT IN ('COMPLETED', 'FAILED', 'CRASHED', 'CANCELLED')",
    "UPDATE concurrency_limit_v2 SET active_slots = 0",
    "UPDATE work_pool SET is_paused = false, concurrency_limit = NULL",
    "UPDATE work_queue SET is_paused = false, concurrency_limit = NULL",
)


def switch_off(url: URL) -> None:
    """Have no schedule, automation or run of a copy begin, and let a new run begin.

    Parameters
    ----------
    url
        Of the copy, for Prefect's own driver; no server uses it.
    """
    asyncio.run(_execute(url, SWITCHES))


def identifiers(url: URL) -> dict[str, frozenset[str]]:
    """Identifiers of the deployments and of the flow runs.

    Parameters
    ----------
    url
        Of Prefect's database, for its own driver.
    """
    asked = [f"SELECT id FROM {table}" for table in IDS.values()]  # noqa: S608 (names of ours)
    found = asyncio.run(_execute(url, asked))
    return {name: frozenset(map(str, ids)) for name, ids in zip(IDS, found, strict=True)}


async def _execute(url: URL, statements: Sequence[str]) -> list[list[object]]:
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            results = [await connection.execute(text(statement)) for statement in statements]
            return [list(of.scalars()) if of.returns_rows else [] for of in results]
    finally:
        await engine.dispose()
