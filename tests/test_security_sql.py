"""Names of tables and columns are no SQL, and a database is only read."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl
import pytest
import sqlalchemy as sa
from sqlalchemy import URL

from tasks.errors import InputError, RunError
from tasks.relations.duckdb_tables import _opened
from tasks.relations.location import find_location, refuse_block
from tasks.relations.sql_tables import _connected, copy_tables, read_catalogue
from tests.relations.sql_databases import fill

HOSTILE = (
    'x"; DROP TABLE victim; --',
    "x'); DROP TABLE victim; --",
    "x`]; DROP TABLE victim; /*",
    "../../../x",
    "%s %(x)s :x ? {x} $1",
    "select",
    "x\ny",
    "表; \\' \\\" \\",
)
VICTIM = pl.DataFrame({"id": [1, 2]})
TABLES = {
    "victim": VICTIM,
    **{
        name: pl.DataFrame({"id": [1], HOSTILE[-1 - k]: [f"'; DROP TABLE victim; -- {name}"]})
        for k, name in enumerate(HOSTILE)
    },
}
NewDatabase = Callable[[str], str]
EVERY_KIND = pytest.mark.parametrize("kind", ["sqlite", "postgresql", "duckdb"])


def opened(url: str) -> URL:
    found = find_location(url, refuse_block)
    assert isinstance(found, URL)
    return found


@EVERY_KIND
def test_hostile_names_and_values_are_read_and_nothing_is_dropped(
    kind: str, new_database: NewDatabase, tmp_path: Path
) -> None:
    text = new_database(kind)
    # A driver's own parameters in a column's name break SQLAlchemy's INSERT, not what is read.
    fill(text, {name: frame.rename(escaped(frame, kind)) for name, frame in TABLES.items()})
    restore(text, kind)
    url = opened(text)
    before = Path(str(url.database)).read_bytes() if kind != "postgresql" else b""
    catalogue = read_catalogue(url)
    assert set(catalogue.columns) == set(TABLES)
    files = copy_tables(url, catalogue.columns, tmp_path)
    assert {file.parent for file in files.values()} == {tmp_path}
    for name, frame in TABLES.items():
        found = pl.read_parquet(files[name], glob=False)
        assert found.columns == frame.columns
        assert found.rows() == frame.rows()
    assert set(read_catalogue(url).columns) == set(TABLES)
    if kind != "postgresql":
        assert Path(str(url.database)).read_bytes() == before


def escaped(frame: pl.DataFrame, kind: str) -> dict[str, str]:
    """Names under which a driver lets a test write; only those of one driver are difficult."""
    return {name: "plain" for name in frame.columns if kind != "duckdb" and "%s" in name}


def restore(text: str, kind: str) -> None:
    """Give the column its own name."""
    if kind == "duckdb":
        return
    hostile = next(name for name in HOSTILE if "%s" in name)
    table = next(name for name, frame in TABLES.items() if hostile in frame.columns)
    engine = sa.create_engine(text.replace("postgresql:", "postgresql+psycopg:"))
    table, column = (name.replace('"', '""').replace("%", "%%") for name in (table, hostile))
    if kind == "sqlite":
        table, column = table.replace("%%", "%"), column.replace("%%", "%")
    with engine.begin() as connection:
        connection.exec_driver_sql(f'ALTER TABLE "{table}" RENAME COLUMN plain TO "{column}"')
    engine.dispose()


@EVERY_KIND
def test_a_name_that_is_not_there_is_refused_not_obeyed(
    kind: str, new_database: NewDatabase, tmp_path: Path
) -> None:
    text = new_database(kind)
    fill(text, {"victim": VICTIM})
    url = opened(text)
    for name in HOSTILE:
        with pytest.raises(InputError, match="must hold the table"):
            copy_tables(url, {name: ("id",)}, tmp_path)
        with pytest.raises(InputError, match="must have the column"):
            copy_tables(url, {"victim": (name,)}, tmp_path)
    assert set(read_catalogue(url).columns) == {"victim"}


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@pytest.mark.parametrize(
    "statement", ["DROP TABLE victim", "INSERT INTO victim VALUES (3)", "CREATE TABLE y (a int)"]
)
def test_the_connection_writes_nothing(
    statement: str, kind: str, new_database: NewDatabase
) -> None:
    text = new_database(kind)
    fill(text, {"victim": VICTIM})
    url = opened(text)
    with pytest.raises(RunError, match=r"read-?only"), _connected(url) as connection:
        connection.exec_driver_sql(statement)
    with _connected(url) as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM victim").scalar_one() == 2


def test_a_duckdb_file_is_not_written_and_reaches_for_nothing(
    new_database: NewDatabase,
) -> None:
    text = new_database("duckdb")
    fill(text, {"victim": VICTIM})
    url = opened(text)
    with pytest.raises(RunError, match="read-only"), _opened(url) as connection:
        connection.execute("DROP TABLE victim")
    with pytest.raises(RunError), _opened(url) as connection:
        connection.execute("SELECT * FROM 'https://127.0.0.1:1/x.parquet'")


@EVERY_KIND
def test_views_are_not_read(kind: str, new_database: NewDatabase, tmp_path: Path) -> None:
    """A view runs what its maker wrote: of a stranger's file, that may read other files."""
    text = new_database(kind)
    fill(text, {"victim": VICTIM})
    (tmp_path / "secret.csv").write_text("a\n1\n", encoding="utf-8")
    reads = f"SELECT * FROM '{tmp_path}/secret.csv'" if kind == "duckdb" else "SELECT 1 AS a"  # noqa: S608
    if kind == "duckdb":
        with duckdb.connect(text.removeprefix("duckdb:///")) as connection:
            connection.execute(f"CREATE VIEW spy AS {reads}")
    else:
        engine = sa.create_engine(text.replace("postgresql:", "postgresql+psycopg:"))
        with engine.begin() as connection:
            connection.exec_driver_sql(f"CREATE VIEW spy AS {reads}")
        engine.dispose()
    url = opened(text)
    assert set(read_catalogue(url).columns) == {"victim"}
    with pytest.raises(InputError, match="must hold the table 'spy'"):
        copy_tables(url, {"spy": ("a",)}, tmp_path)
