"""Migrations make the tables that the code expects, in both kinds of database, and unmake them."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

from tasks.beliefs.registry import Registry
from tasks.beliefs.registry_engine import make_engine
from tasks.beliefs.registry_priors import sessions_of
from tasks.beliefs.registry_schema import upgrade_schema
from tasks.beliefs.registry_url import parse_url
from tasks.beliefs.tables import Base
from tasks.errors import InputError

ROOT = Path(__file__).parents[2]
EIGHT = {
    "prior_elicitation_sessions",
    "client_priors",
    "prior_data_conflicts",
    "conflict_evidence",
    "prior_update_recommendations",
    "sbc_validations",
    "sbc_results",
    "bayesian_model_metadata",
}
NewDatabase = Callable[[str], str]


@pytest.fixture
def url(database_kind: str, new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch) -> str:
    fresh = new_database(database_kind)
    monkeypatch.setenv("WHENCE_DATABASE", fresh)
    return fresh


@pytest.fixture
def engine(url: str) -> Engine:
    return make_engine(parse_url(url))


@pytest.fixture
def config() -> Config:
    return Config(ROOT / "alembic.ini")


def tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names())


def shape(engine: Engine) -> dict[str, Any]:
    """All that a database tells of its tables, types and rules as it words them."""
    seen = inspect(engine)

    def by_text(found: list[Any]) -> list[str]:
        return sorted(map(str, found))

    return {
        table: {
            "columns": by_text([column | {"type": str(column["type"])} for column in columns]),
            "primary key": seen.get_pk_constraint(table),
            "foreign keys": by_text(seen.get_foreign_keys(table)),
            "unique": by_text(seen.get_unique_constraints(table)),
            "checks": by_text(seen.get_check_constraints(table)),
            "indexes": by_text(seen.get_indexes(table)),
        }
        for table in sorted(EIGHT)
        for columns in [seen.get_columns(table)]
    }


def test_up_down_and_up_again_leaves_the_eight_tables(engine: Engine, config: Config) -> None:
    command.upgrade(config, "head")
    assert tables(engine) == EIGHT | {"alembic_version"}
    first = shape(engine)
    command.downgrade(config, "base")
    assert tables(engine) == {"alembic_version"}
    command.upgrade(config, "head")
    assert tables(engine) == EIGHT | {"alembic_version"}
    assert shape(engine) == first


def test_migrated_tables_are_those_of_the_code(
    engine: Engine, config: Config, database_kind: str, new_database: NewDatabase
) -> None:
    command.upgrade(config, "head")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    created = make_engine(parse_url(new_database(database_kind)))
    Base.metadata.create_all(created)
    assert shape(engine) == shape(created)


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE conflict_evidence DROP COLUMN mcse",
        "ALTER TABLE sbc_results ADD COLUMN more INTEGER",
        "DROP INDEX ix_client_priors_session_id",
    ],
)
def test_a_table_that_differs_would_be_seen(engine: Engine, config: Config, change: str) -> None:
    command.upgrade(config, "head")
    before = shape(engine)
    with engine.begin() as connection:
        if "mcse" in change and engine.dialect.name == "sqlite":
            change = "ALTER TABLE conflict_evidence RENAME COLUMN mcse TO error"
        connection.execute(text(change))
    assert shape(engine) != before
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata)


def test_a_migration_that_fails_leaves_the_database_as_it_was(
    engine: Engine, config: Config
) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE prior_data_conflicts (id INTEGER)"))
    with pytest.raises(Exception, match="prior_data_conflicts"):
        command.upgrade(config, "head")
    assert tables(engine) - {"alembic_version"} == {"prior_data_conflicts"}


def test_opening_an_empty_database_makes_its_tables(engine: Engine, url: str) -> None:
    assert sessions_of(Registry.at(url), "acme") == ()
    assert tables(engine) == EIGHT | {"alembic_version"}


def test_a_database_whose_migrations_were_all_undone_is_empty(
    engine: Engine, url: str, config: Config
) -> None:
    command.upgrade(config, "head")
    command.downgrade(config, "base")
    assert sessions_of(Registry.at(url), "acme") == ()
    assert tables(engine) >= EIGHT


def test_an_older_revision_is_refused_until_it_is_upgraded(
    engine: Engine, url: str, config: Config
) -> None:
    command.upgrade(config, "head")
    command.downgrade(config, "-1")
    said = r"is at revision 0002, .* run `whence beliefs upgrade` \(or `alembic upgrade head`\)\.$"
    with pytest.raises(InputError, match=said):
        sessions_of(Registry.at(url), "acme")
    upgrade_schema(engine)
    assert sessions_of(Registry.at(url), "acme") == ()


def test_an_unknown_revision_is_refused(engine: Engine, url: str, config: Config) -> None:
    command.upgrade(config, "head")
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(InputError, match="is at revision 9999, which this version"):
        sessions_of(Registry.at(url), "acme")


def test_a_database_of_something_else_is_refused_and_left_alone(engine: Engine, url: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE customers (id INTEGER)"))
    with pytest.raises(InputError, match="holds other tables"):
        sessions_of(Registry.at(url), "acme")
    assert tables(engine) == {"customers"}


def test_the_command_works_from_the_root_of_the_repository(
    new_database: NewDatabase,
) -> None:
    url = new_database("sqlite")
    environment = {**os.environ, "WHENCE_DATABASE": url}
    for arguments, expected in ((["upgrade", "head"], EIGHT), (["downgrade", "base"], set())):
        alembic = [sys.executable, "-m", "alembic", *arguments]
        subprocess.run(alembic, cwd=ROOT, env=environment, check=True, capture_output=True)
        assert tables(make_engine(parse_url(url))) - {"alembic_version"} == expected


def test_an_installed_copy_carries_the_migrations(
    tmp_path: Path, new_database: NewDatabase
) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("whence-*.whl")
    site = tmp_path / "50% site"
    zipfile.ZipFile(wheel).extractall(site)
    url = new_database("sqlite")
    script = (
        "import tasks; from tasks.beliefs.registry import Registry; print(tasks.__file__); "
        "print(Registry.current().engine.url)"
    )
    environment = {**os.environ, "PYTHONPATH": str(site), "WHENCE_DATABASE": url}
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.startswith(str(site))
    assert tables(make_engine(parse_url(url))) == EIGHT | {"alembic_version"}
