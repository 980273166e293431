"""The registry's tables are made by migrations; a database of another revision is refused."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from filelock import FileLock
from sqlalchemy import URL, Connection, Engine, inspect

from tasks.beliefs.registry_engine import PATIENCE, in_mode
from tasks.errors import InputError, RunError
from tasks.locations import private_folder

MIGRATIONS = Path(__file__).parent / "migrations"
VERSION_TABLE = "alembic_version"


def alembic_config() -> Config:
    """What alembic needs to find the migrations, in an installed copy as well."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def prepare_schema(engine: Engine) -> None:
    """Make the tables of an empty database; refuse one that holds anything but these tables.

    Parameters
    ----------
    engine
        As of `make_engine`. Any number of processes may prepare one database at once.

    Raises
    ------
    InputError
        If the database is at an older or unknown revision, or holds other tables.
    RunError
        If the folder of an SQLite file cannot be used.
    """
    with _opening(engine.url):
        with engine.begin() as connection:
            is_empty = _is_empty(connection)
        if is_empty:
            with _sole_writer(engine) as connection:
                _upgrade(connection)  # does nothing, if another process was faster
        with engine.begin() as connection:
            _check_revision(connection, engine.url)


def upgrade_schema(engine: Engine) -> None:
    """Bring a database of an older revision, or an empty one, to this version's revision.

    Parameters
    ----------
    engine
        As of `make_engine`.
    """
    with migrating(engine) as connection:
        _upgrade(connection)
        _check_revision(connection, engine.url)


def _upgrade(connection: Connection) -> None:
    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


@contextmanager
def migrating(engine: Engine) -> Iterator[Connection]:
    """A transaction in which no other process migrates, opens or writes the registry."""
    with _opening(engine.url), _sole_writer(engine) as connection:
        yield connection


@contextmanager
def _sole_writer(engine: Engine) -> Iterator[Connection]:
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            # Not allowed inside a transaction. The file remembers it.
            connection.connection.cursor().execute("PRAGMA journal_mode = WAL")
    with in_mode(engine, "deciding").begin() as connection:
        yield connection


@contextmanager
def _opening(url: URL) -> Iterator[None]:
    """While an SQLite file changes its journal, whoever opens it would find it locked."""
    if url.get_backend_name() != "sqlite":
        yield
        return
    lock = FileLock(f"{url.database}.lock", timeout=PATIENCE)
    try:
        private_folder(Path(str(url.database)).parent)
        lock.acquire()
    except OSError as error:
        raise RunError(f"The registry {url} cannot be opened: {error}.") from error
    try:
        yield
    finally:
        lock.release()


def _is_empty(connection: Connection) -> bool:
    tables = set(inspect(connection).get_table_names()) - {VERSION_TABLE}
    return not tables and not _revisions(connection)


def _revisions(connection: Connection) -> tuple[str, ...]:
    return MigrationContext.configure(connection).get_current_heads()


def _check_revision(connection: Connection, url: URL) -> None:
    script = ScriptDirectory.from_config(alembic_config())
    head, found = script.get_current_head(), _revisions(connection)
    if found == (head,):
        return
    if not found:
        raise InputError(f"{url} holds other tables than the registry's: name an empty database.")
    told = f"The registry {url} is at revision {', '.join(found)}"
    if set(found) <= {known.revision for known in script.walk_revisions()}:
        raise InputError(
            f"{told}, and {head} is needed: run `whence beliefs upgrade` "
            "(or `alembic upgrade head`)."
        )
    raise InputError(f"{told}, which this version of whence does not know: install a newer one.")
