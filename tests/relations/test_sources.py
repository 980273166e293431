"""Tables are read as the contract types them; nothing is lost without a mark."""

from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from tasks.contract import load_contract
from tasks.errors import InputError
from tasks.relations.sources import TableData, read_tables

from .conftest import CONTRACT, Database


def read(database: Database) -> dict[str, TableData]:
    return read_tables(load_contract(database.contract))


def test_types_and_missing_markers_come_from_the_contract(database: Database) -> None:
    frame = read(database)["sales"].frame
    assert frame.schema == {
        "sale": pl.Int64,
        "shop": pl.Int64,
        "day": pl.Datetime("us"),
        "amount": pl.Float64,
        "paid": pl.Boolean,
    }
    assert frame["amount"].to_list() == [1.5, 2.0, None, 400.0]
    assert frame["paid"].to_list() == [True, False, True, None]
    assert frame["day"].to_list()[:2] == [datetime(2020, 1, 1), datetime(2020, 1, 2, 10, 30)]


def test_a_column_s_own_marker_is_missing_there_alone(database: Database) -> None:
    database.change("sales", "amount", ["-999", "1", " -999 ", "2"])
    database.change("sales", "shop", ["-999", "1", "2", "3"])
    data = read(database)["sales"]
    assert data.frame["amount"].to_list() == [None, 1.0, None, 2.0]
    assert data.frame["shop"].to_list() == [-999, 1, 2, 3]
    assert not any(data.unreadable.sum().row(0))


@pytest.mark.parametrize(
    ("column", "texts", "values"),
    [
        ("sale", ["1", "2.0", "2.5", "x"], [1, 2, None, None]),
        ("sale", ["9007199254740993", "1", "2", "3"], [9007199254740993, 1, 2, 3]),
        ("amount", ["1", "inf", "a", "1,5"], [1.0, None, None, None]),
        ("paid", ["T", "no", "maybe", "2"], [True, False, None, None]),
        ("day", ["2020-01-01T00:00:00.5", "2020-13-01", "yesterday", "2020-1-1"], None),
    ],
)
def test_what_is_not_of_the_type_is_missing_and_marked(
    column: str, texts: list[str], values: list[Any] | None, database: Database
) -> None:
    database.change("sales", column, texts)
    data = read(database)["sales"]
    got = data.frame[column]
    if values is not None:
        assert got.to_list() == values
    assert data.unreadable[column].to_list() == got.is_null().to_list()
    assert got.is_not_null()[0]
    assert data.unreadable.drop(column).sum().row(0) == (0,) * (data.frame.width - 1)


def test_parquet_is_read_as_csv_is(database: Database, tmp_path: Path) -> None:
    expected = read(database)
    contract = CONTRACT | {"source": {"kind": "parquet", "location": "parquet"}}
    (tmp_path / "parquet").mkdir()
    for name, data in expected.items():
        data.frame.write_parquet(tmp_path / "parquet" / f"{name}.parquet")
    path = tmp_path / "parquet.yaml"
    path.write_text(yaml.safe_dump(contract, allow_unicode=True, sort_keys=False), encoding="utf-8")
    got = read_tables(load_contract(path))
    for name, data in expected.items():
        assert got[name].frame.equals(data.frame)


def test_a_fraction_in_an_integer_column_of_parquet_is_marked(tmp_path: Path) -> None:
    contract = CONTRACT | {"source": {"kind": "parquet", "location": "."}}
    path = tmp_path / "parquet.yaml"
    path.write_text(yaml.safe_dump(contract, allow_unicode=True, sort_keys=False), encoding="utf-8")
    shops = {"id": [1.0, 2.5, float("nan")], "city": ["서울"] * 3, "size": [1, 2, 3]}
    pl.DataFrame(shops).write_parquet(tmp_path / "shops.parquet")
    sales = {"sale": [1], "shop": [1], "day": [datetime(2020, 1, 1)], "amount": [1], "paid": [True]}
    pl.DataFrame(sales).write_parquet(tmp_path / "sales.parquet")
    data = read_tables(load_contract(path))["shops"]
    assert data.frame["id"].to_list() == [1, None, None]
    assert data.unreadable["id"].to_list() == [False, True, False]


def test_broken_files_are_refused_by_name(database: Database) -> None:
    path = database.path("sales")
    good = path.read_bytes()
    for content, said in (
        (None, r"Table sales must be the file .*sales\.csv', which is missing"),
        (b"", r"sales\.csv is empty"),
        (good.splitlines()[0] + b"\n", r"sales\.csv must hold at least one row"),
        (good.replace(b"amount", b"sum", 1), r"must have the column\(s\) amount; it has sale"),
        (good.replace(b"1.5", b"\xff\xfe"), r"sales\.csv cannot be read as csv in UTF-8"),
    ):
        if content is None:
            path.unlink()
        else:
            path.write_bytes(content)
        with pytest.raises(InputError, match=said):
            read(database)


def test_a_folder_must_be_given_and_be_there(database: Database, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="give one with --source"):
        read_tables(load_contract("f1"))
    with pytest.raises(InputError, match="must be a folder, got"):
        read_tables(load_contract("f1"), tmp_path / "nowhere")


def test_formula_1_is_read_whole(f1_data: Path) -> None:
    tables = read_tables(load_contract("f1"), f1_data)
    assert tables["results"].frame.height == 27178
    assert tables["driver_standings"].frame.height == 35298
    assert all(not any(data.unreadable.sum().row(0)) for data in tables.values())
    assert tables["results"].frame["milliseconds"].null_count() / 27178 == pytest.approx(
        0.706, abs=5e-4
    )
