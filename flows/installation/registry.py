"""The registry of beliefs as this version sees it: ``python -m flows.installation.registry ...``.

``migrate REVISION`` brings it to a revision, ``rows`` tells as JSON how many rows its tables hold.
"""

import json
import sys

from alembic import command
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import URL, func, select

from tasks.beliefs.registry import Registry
from tasks.beliefs.registry_engine import make_engine, plain_errors
from tasks.beliefs.registry_schema import alembic_config, migrating
from tasks.beliefs.registry_url import database_url
from tasks.beliefs.tables import Base
from tasks.errors import InputError, RunError


def migrate(url: URL, revision: str) -> None:
    """Bring a registry to a revision, up or down, whole or not at all.

    Parameters
    ----------
    url
        As of `tasks.beliefs.registry_url.parse_url`.
    revision
        One that this version knows.

    Raises
    ------
    RunError
        If the database cannot be used.
    """
    engine = make_engine(url)
    with plain_errors(url), migrating(engine) as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        (found,) = MigrationContext.configure(connection).get_current_heads() or (None,)
        steps = ScriptDirectory.from_config(config).walk_revisions("base", found or "base")
        is_below = revision in {step.revision for step in steps}
        (command.downgrade if is_below else command.upgrade)(config, revision)
    engine.dispose()


def rows(url: URL) -> dict[str, int]:
    """Rows of each table of a registry.

    Parameters
    ----------
    url
        As of `migrate`.

    Raises
    ------
    InputError
        If it is at another revision than this version needs.
    """
    with Registry(url) as registry, registry.transaction("reading") as session:
        tables = Base.metadata.sorted_tables
        counts = {of.name: session.scalar(select(func.count()).select_from(of)) for of in tables}
    return {name: count or 0 for name, count in counts.items()}


def main() -> int:
    """Do what the command line asks for.

    Returns
    -------
    int
        0, or 1 where it is refused or fails; standard error says why.
    """
    url = database_url()
    try:
        match sys.argv[1:]:
            case ["migrate", revision]:
                migrate(url, revision)
            case ["rows"]:
                print(json.dumps(rows(url)))  # noqa: T201 (a release reads it)
            case words:
                raise InputError(f"migrate REVISION or rows, got {words}.")
    except (InputError, RunError, CommandError) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
