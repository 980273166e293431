"""Locations of tables, and what becomes of passwords; databases that go away; RelBench's files."""

import json
import sqlite3
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import polars as pl
import psycopg
import pytest
from sqlalchemy import URL, make_url

from tasks.domain import FolderSource
from tasks.errors import InputError, RunError
from tasks.progress import Progress, listening
from tasks.relations.location import find_location, refuse_block, refuse_password, shown
from tasks.relations.profiling.database import open_database
from tasks.relations.profiling.profile import profile_database
from tasks.relations.sql_tables import copy_tables, read_catalogue

from .sql_databases import fill


def reveals(error: pytest.ExceptionInfo[InputError]) -> bool:
    return any(part in str(error.value) for part in ("geheim", "wort", "db.example"))


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://ann:geheim@db.example/shop",
        "postgresql://ann:geheim%2Fwort@db.example/shop",
        "postgresql://ann:geheim/wort@db.example/shop",
        "postgresql://ann@db.example/shop?password=geheim",
        "postgresql://ann@db.example/shop?sslpassword=geheim",
    ],
)
def test_a_password_is_refused_and_not_repeated(text: str) -> None:
    for refuse in (refuse_password, lambda one: find_location(one, refuse_block)):
        with pytest.raises(InputError) as error:
            refuse(text)
        assert not reveals(error)


def test_what_holds_a_url_may_hold_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    held = "postgresql://ann:geheim%2Fwort@db.example/shop?sslmode=require&sslpassword=wort"
    monkeypatch.setenv("WAREHOUSE", held)
    blocks = {"warehouse": held}
    for text in ("env:WAREHOUSE", "block:warehouse"):
        url = find_location(text, blocks.__getitem__)
        assert isinstance(url, URL)
        assert (url.password, url.drivername) == ("geheim/wort", "postgresql+psycopg")
        assert shown(url) == "postgresql+psycopg://ann:***@db.example/shop"
    monkeypatch.setenv("WAREHOUSE", "geheim")
    with pytest.raises(InputError, match="variable 'WAREHOUSE' cannot be read as a URL") as error:
        find_location("env:WAREHOUSE", refuse_block)
    assert not reveals(error)


def test_no_message_of_a_database_holds_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAREHOUSE", "postgresql://ann:geheim@127.0.0.1:9/shop")
    url = find_location("env:WAREHOUSE", refuse_block)
    assert isinstance(url, URL)
    with pytest.raises(InputError, match="cannot be opened") as error:
        read_catalogue(url)
    assert not reveals(error)


def test_a_folder_is_a_folder(tmp_path: Path) -> None:
    assert find_location(str(tmp_path), refuse_block) == tmp_path


class Disturbed(dict[str, tuple[str, ...]]):
    """Wanted columns; something happens before those of each table are asked for."""

    def __init__(self, wanted: dict[str, tuple[str, ...]], happens: Callable[[str], None]) -> None:
        super().__init__(wanted)
        self.happens = happens

    def __getitem__(self, name: str) -> tuple[str, ...]:
        self.happens(name)
        return super().__getitem__(name)


def test_a_database_that_goes_away_is_told(
    new_database: Callable[[str], str], tmp_path: Path
) -> None:
    text = new_database("postgresql")
    names = [f"t{k}" for k in range(4)]
    fill(text, {name: pl.DataFrame({"id": [1, 2]}) for name in names})
    url = find_location(text, refuse_block)
    assert isinstance(url, URL)

    def cut(name: str) -> None:
        if name == "t2":
            with psycopg.connect(text, autocommit=True) as other:
                other.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
                    "current_database() AND pid <> pg_backend_pid()"
                )

    wanted = dict.fromkeys(names, ("id",))
    with pytest.raises(RunError, match="could not be read to the end"):
        copy_tables(url, Disturbed(wanted, cut), tmp_path)
    assert set(copy_tables(url, wanted, tmp_path)) == set(names)


def test_all_tables_are_of_one_moment(new_database: Callable[[str], str], tmp_path: Path) -> None:
    text = new_database("postgresql")
    fill(text, {name: pl.DataFrame({"id": [1, 2]}) for name in ("a", "b")})
    url = find_location(text, refuse_block)
    assert isinstance(url, URL)

    def change(name: str) -> None:
        if name == "b":
            with psycopg.connect(text, autocommit=True) as other:
                other.execute("INSERT INTO b VALUES (3)")

    wanted = Disturbed({"a": ("id",), "b": ("id",)}, change)
    files = copy_tables(url, wanted, tmp_path)
    assert pl.read_parquet(files["b"])["id"].to_list() == [1, 2]
    with pytest.raises(InputError, match="must hold the table 'c': it holds a, b"):
        copy_tables(url, {"c": ("id",)}, tmp_path)
    with pytest.raises(InputError, match=r"must have the column\(s\) x; it has id"):
        copy_tables(url, {"a": ("id", "x")}, tmp_path)


def test_types_of_postgresql_are_numbers_times_and_texts(
    new_database: Callable[[str], str], tmp_path: Path
) -> None:
    text = new_database("postgresql")
    with psycopg.connect(text, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE t (price numeric(10, 2), at timestamptz, tags text[], doc jsonb, who uuid"
            ", raw bytea, took interval, ok boolean, day date, big bigint)"
        )
        connection.execute(
            "INSERT INTO t VALUES (12.30, '2024-03-01 09:00+09', '{a,나}', '{\"b\": 1}', "
            "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '\\x00ff', '1 day', true, '2024-02-29', "
            "9007199254740993), (%s, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
            [Decimal("0.1")],
        )
    url = find_location(text, refuse_block)
    assert isinstance(url, URL)
    catalogue = read_catalogue(url)
    (file,) = copy_tables(url, catalogue.columns, tmp_path).values()
    first, second = pl.read_parquet(file).rows()
    assert [str(value) for value in first] == [
        "12.3",
        "2024-03-01 00:00:00",
        '["a", "나"]',
        '{"b": 1}',
        "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        "0x00ff",
        "1 day, 0:00:00",
        "True",
        "2024-02-29",
        "9007199254740993",
    ]
    assert second == (0.1, *[None] * 9)


def test_a_table_of_many_batches_is_whole_and_in_order(
    new_database: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches whose columns look different become one column."""
    monkeypatch.setattr("tasks.relations.sql_tables.BATCH", 7)
    text = new_database("sqlite")
    n = 100
    frame = pl.DataFrame({"id": range(n, 0, -1), "x": [None] * 50 + [0.5] * 50})
    fill(text, {"t": frame})
    engine_url = make_url(text)
    with sqlite3.connect(str(engine_url.database)) as connection:
        connection.execute("UPDATE t SET id = 'drei' WHERE id = 3")
    connection.close()
    url = find_location(text, refuse_block)
    assert isinstance(url, URL)
    told: list[Progress] = []
    with listening(told.append):
        (file,) = copy_tables(url, {"t": ("id", "x")}, tmp_path).values()
    assert [(one.label, one.total) for one in told] == [("t, 100 rows", 15)] * 16
    assert told[-1].fraction == 1
    expected = [str(k) if k != 3 else "drei" for k in range(n, 0, -1)]
    assert pl.read_parquet(file)["id"].to_list() == expected
    assert pl.read_parquet(file)["x"].to_list() == frame["x"].to_list()


def relbench(folder: Path, name: str, frame: pl.DataFrame, **told: object) -> None:
    """A table as RelBench's package writes it: every entry is JSON in the file's metadata."""
    told = {"fkey_col_to_pkey_table": {}, "pkey_col": None, "time_col": None} | told
    metadata = {name: json.dumps(value) for name, value in told.items()}
    frame.write_parquet(folder / f"{name}.parquet", metadata=metadata)


def test_a_folder_of_relbench_tells_its_keys_and_times(tmp_path: Path) -> None:
    days = pl.datetime_range(
        pl.datetime(2024, 1, 1), pl.datetime(2024, 4, 9), "1d", eager=True, time_unit="ns"
    )
    relbench(tmp_path, "people", pl.DataFrame({"who": range(10)}), pkey_col="who")
    relbench(
        tmp_path,
        "visits",
        pl.DataFrame(
            {"nr": range(100), "a": [k % 10 for k in range(100)], "born": days, "t": days}
        ),
        pkey_col="nr",
        fkey_col_to_pkey_table={"a": "people", "b": "nobody"},
        time_col="born",
    )
    database = open_database(str(tmp_path), refuse_block, tmp_path)
    assert isinstance(database.source, FolderSource)
    found = profile_database(database)
    assert found.primary_keys == {"people": ("who",), "visits": ("nr",)}
    assert [(key.column, key.parent) for key in found.foreign_keys] == [("a", "people")]
    assert found.times == {"visits": "born"}


def test_without_that_metadata_names_and_values_tell_less(tmp_path: Path) -> None:
    pl.DataFrame({"who": range(10)}).write_parquet(tmp_path / "people.parquet")
    visits = pl.DataFrame({"nr": range(100), "a": [k % 10 for k in range(100)]})
    visits.write_parquet(tmp_path / "visits.parquet", metadata={"pkey_col": "no JSON"})
    found = profile_database(open_database(str(tmp_path), refuse_block, tmp_path))
    assert not found.foreign_keys
