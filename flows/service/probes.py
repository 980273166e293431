"""Looks at a service and its machine: what the checks judge."""

import asyncio
import shutil
import time
from dataclasses import replace
from pathlib import Path

from sqlalchemy import URL, NullPool, create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine

from flows.installation.plan import prefect_database
from flows.installation.processes import is_alive
from flows.installation.state import Running, running_service
from flows.service.checks import Facts
from flows.service.deployment_file import read_deployments
from flows.service.health import api_answers, ask, last_heartbeat, page_answers
from flows.service.programs import WORKER, worker_name
from tasks.bayes.stan_program import compiled_programs
from tasks.bayes.toolchain import find_toolchain
from tasks.beliefs.registry import Registry
from tasks.errors import InputError, RunError
from tasks.locations import resource

MIGRATIONS = ("server", "database", "_migrations")
SHOWN_TOGETHER = 200
REVISIONS = text("SELECT version_num FROM alembic_version")


def look(folder: Path, runs: str) -> Facts:
    """Find the facts of a service.

    Parameters
    ----------
    folder
        Of the service.
    runs
        Root of the run store, where no service runs.
    """
    running = running_service(folder)
    toolchain, not_compiled = stan_faults()
    facts = Facts(
        running=running,
        registry=registry_fault(),
        toolchain=toolchain,
        not_compiled=not_compiled,
        free=free_bytes(running.runs if running else runs),
    )
    if running is None:
        return facts
    facts = replace(
        facts,
        page=page_answers(running.page),
        worker=is_alive(running.pids[WORKER]),
        api=api_answers(running.api),
        prefect_database=prefect_fault(running.database, folder),
    )
    if not facts.page:
        return facts
    beat = last_heartbeat(running.page, worker_name(Path(running.environment)))
    return replace(
        facts,
        silence=None if beat is None else time.time() - beat,
        not_deployed=missing_deployments(running),
    )


def prefect_fault(database: str | None, folder: Path) -> str | None:
    """Why Prefect's database cannot be used as it is; None where it can.

    Parameters
    ----------
    database
        As of `prefect_database`.
    folder
        Of the service.
    """
    try:
        url = prefect_database(database, folder)
        found = _revisions(url)
    except InputError as error:
        return str(error)
    except (SQLAlchemyError, OSError) as error:
        return f"It cannot be read ({type(getattr(error, 'orig', None) or error).__name__})."
    heads = prefect_heads(url.get_backend_name())
    if found == heads:
        return None
    return f"It is at revision {', '.join(found) or 'none'}, and {', '.join(heads)} is needed."


def prefect_heads(backend: str) -> list[str]:
    """Revisions that this version of Prefect needs of a database."""
    import prefect
    from alembic.script import ScriptDirectory

    migrations = Path(prefect.__file__).parent.joinpath(*MIGRATIONS)
    versions = str(migrations / "versions" / backend)
    return ScriptDirectory(str(migrations), version_locations=[versions]).get_heads()


def _revisions(url: URL) -> list[str]:
    if url.get_backend_name() != "sqlite":
        return asyncio.run(_revisions_by_asyncpg(url))
    # aiosqlite leaves a thread behind, and its traceback, where it cannot connect.
    engine = create_engine(url.set(drivername="sqlite"), poolclass=NullPool)
    with engine.connect() as connection:
        return list(connection.scalars(REVISIONS))


async def _revisions_by_asyncpg(url: URL) -> list[str]:
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.connect() as connection:
        return list(await connection.scalars(REVISIONS))


def registry_fault() -> str | None:
    """Why the registry of beliefs cannot be used as it is; None where it can.

    Where there is none, it is made, as by its first use.
    """
    try:
        with Registry.current() as registry:
            _ = registry.engine
    except (InputError, RunError) as error:
        return str(error)
    return None


def stan_faults() -> tuple[str | None, tuple[str, ...]]:
    """Why Stan programs cannot be compiled, if so, and programs that are not compiled yet."""
    try:
        toolchain = find_toolchain()
    except (InputError, RunError) as error:
        return str(error), ()
    compiled = {program.name for program in compiled_programs()}
    missing = sorted({path.stem for path in resource("stan").glob("*.stan")} - compiled)
    return None if toolchain.is_built else "The toolchain is not built.", tuple(missing)


def free_bytes(root: str) -> int | None:
    """Bytes that are free where runs are kept; None where that is no folder of this machine."""
    if "://" in root:
        return None
    there = next(path for path in (Path(root), *Path(root).parents) if path.is_dir())
    return shutil.disk_usage(there).free


def missing_deployments(running: Running) -> tuple[str, ...]:
    """Deployments of the file that the server does not have."""
    content = read_deployments(Path(running.deployments))
    there: list[str] = []
    try:
        while page := ask(
            f"{running.page}/api/deployments/filter",
            {"limit": SHOWN_TOGETHER, "offset": len(there)},
        ):
            there += [deployment["name"] for deployment in page]
    except OSError:
        pass
    return tuple(of["name"] for of in content["deployments"] if of["name"] not in there)
