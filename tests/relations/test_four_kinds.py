"""The same tables as CSV, Parquet, SQLite, DuckDB and PostgreSQL give the same, byte for byte."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tasks.contract import load_contract
from tasks.domain import Column, DemoSource, Domain, FolderSource, SqlSource, Table
from tasks.relations.features import build_features
from tasks.relations.gate import check_tables
from tasks.relations.location import find_location, refuse_block
from tasks.relations.profiling.database import open_database
from tasks.relations.profiling.profile import profile_database
from tasks.relations.sources import TableData, read_tables

from .sql_databases import fill

Tables = dict[str, TableData]
KINDS = ["csv", "parquet", "sqlite", "duckdb", "postgresql"]


@pytest.fixture(scope="module")
def demo() -> tuple[Domain, Tables]:
    contract = load_contract("demo")
    contract = contract.model_copy(update={"source": DemoSource(kind="demo", documents=1500)})
    return contract, read_tables(contract)


@pytest.fixture(scope="module", params=KINDS)
def place(
    request: pytest.FixtureRequest,
    demo: tuple[Domain, Tables],
    new_database: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> str:
    """Where the demo's tables lie, in one of the kinds."""
    kind, frames = request.param, {name: data.frame for name, data in demo[1].items()}
    if kind in ("csv", "parquet"):
        folder = tmp_path_factory.mktemp(kind)
        for name, frame in frames.items():
            path = folder / f"{name}.{kind}"
            frame.write_csv(path) if kind == "csv" else frame.write_parquet(path)
        return str(folder)
    url = new_database(kind)
    fill(url, frames)
    return url


def test_tables_faults_and_features_are_the_same(place: str, demo: tuple[Domain, Tables]) -> None:
    contract, expected = demo
    given = contract.model_copy(update={"source": FolderSource(kind="csv")})
    tables = read_tables(given, find_location(place, refuse_block))
    for name, data in expected.items():
        assert_frame_equal(tables[name].frame, data.frame)
        assert not any(tables[name].unreadable.sum().row(0))
    assert check_tables(given, tables).checks == check_tables(contract, expected).checks
    task = next(iter(contract.tasks.values()))
    found, meant = (
        build_features(contract, {name: data.frame for name, data in read.items()}, task)
        for read in (tables, expected)
    )
    assert_frame_equal(found.rows, meant.rows)
    assert_frame_equal(found.features, meant.features)


def test_keys_are_found_without_a_catalogue(
    place: str, demo: tuple[Domain, Tables], tmp_path: Path
) -> None:
    contract, _ = demo
    found = profile_database(open_database(place, refuse_block, tmp_path))
    keys = {(key.table, key.column): key.parent for key in found.foreign_keys}
    assert keys == {
        (name, column): parent
        for name, table in contract.tables.items()
        for column, parent in table.foreign_keys.items()
    }


TABLES = {
    '가게 "A"; DROP TABLE orders': pl.DataFrame({"no": [7, 3, 5], "도시": ["서울", "부산", None]}),
    "orders": pl.DataFrame(
        {
            "nr": [1, 2, 3, 4],
            "seller": [7, 5, None, 7],
            "buyer": [3, 3, 5, 7],
            "50% off:x": [1.5, None, 2.25, 1e-300],
        }
    ),
}
SHOP = '가게 "A"; DROP TABLE orders'


@pytest.mark.parametrize("kind", ["sqlite", "duckdb", "postgresql"])
def test_the_catalogue_tells_keys_that_no_name_tells(
    kind: str, new_database: Callable[[str], str], tmp_path: Path
) -> None:
    """Names of any kind, SQL among them, are names and nothing else."""
    url = new_database(kind)
    keys = {SHOP: "no", "orders": "nr"}
    fill(url, TABLES, keys, {"orders": {"seller": SHOP, "buyer": SHOP}})
    database = open_database(url, refuse_block, tmp_path)
    assert isinstance(database.source, SqlSource)
    for name, frame in TABLES.items():
        assert_frame_equal(pl.read_parquet(database.files[name]), frame)
    found = profile_database(database)
    assert found.primary_keys == {name: (key,) for name, key in keys.items()}
    assert {(key.column, key.parent) for key in found.foreign_keys} == {
        ("seller", SHOP),
        ("buyer", SHOP),
    }


def test_of_a_database_with_keys_only_what_they_connect_is_read(
    new_database: Callable[[str], str], tmp_path: Path
) -> None:
    url = new_database("sqlite")
    tables = TABLES | {"logs": pl.DataFrame({"at": [1]}), "notes": pl.DataFrame({"id": [1]})}
    fill(url, tables, {SHOP: "no", "orders": "nr"}, {"orders": {"seller": SHOP}})
    for target, names in (
        ("orders.nr", {SHOP, "orders"}),
        (f"{SHOP}.도시", {SHOP, "orders"}),
        ("logs.at", {"logs"}),
        (None, set(tables)),
    ):
        database = open_database(url, refuse_block, tmp_path, target)
        assert set(database.files) == names
        left = set(tables) - names
        assert all(any(name in note for note in database.catalogue.notes) for name in left)


def test_without_that_catalogue_no_name_tells_them(tmp_path: Path) -> None:
    for name, frame in TABLES.items():
        frame.write_parquet(tmp_path / f"{name}.parquet")
    assert not profile_database(open_database(str(tmp_path), refuse_block, tmp_path)).foreign_keys


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_number_that_stands_for_a_missing_value_is_so_in_every_kind(
    kind: str, tmp_path: Path
) -> None:
    frame = pl.DataFrame({"id": [1, 2, 3], "n": [4, -1, 6], "x": [0.5, -999.0, float("nan")]})
    path = tmp_path / f"t.{kind}"
    frame.write_csv(path) if kind == "csv" else frame.write_parquet(path)
    markers = {"n": ("-1", "none"), "x": ("-999",)}
    columns = {
        "id": Column(type="integer"),
        "n": Column(type="integer", missing=markers["n"]),
        "x": Column(type="number", missing=markers["x"]),
    }
    contract = Domain(
        name="t",
        title="t",
        source=FolderSource(kind="csv", location=str(tmp_path)),
        tables={"t": Table(columns=columns, missing=("NaN",))},
        tasks={},
    )
    data = read_tables(contract)["t"]
    assert data.frame["n"].to_list() == [4, None, 6]
    assert data.frame["x"].to_list() == [0.5, None, None]
    assert not any(data.unreadable.sum().row(0))
