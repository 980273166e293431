"""Tables are read as the contract types them; nothing is lost without a mark."""

from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from tasks.contract import load_contract
from tasks.errors import InputError
from tasks.relations.sources import TableData, read_tables, source_files

from .conftest import CONTRACT, SALES, Database


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


def test_a_byte_order_mark_does_not_change_the_first_name(database: Database) -> None:
    before = read(database)["sales"].frame
    path = database.path("sales")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read(database)["sales"].frame.equals(before)


@pytest.mark.parametrize(
    "name", ["<b>m²", 'a "b"', "with, comma", "a b", " ", "amount_duplicated_0", "두 줄\n이름"]
)
def test_a_column_is_found_by_its_name_of_any_kind(name: str, database: Database) -> None:
    database.demand(f"tables/sales/columns/{name}", {"type": "number"})
    database.write("sales", SALES | {name: ["1", "2", "3", "4"]})
    data = read(database)["sales"]
    assert data.frame[name].to_list() == [1, 2, 3, 4]
    assert data.frame["amount"].to_list() == [1.5, 2, None, 400]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (b"5,1,2020-01-01,1,true,9\n", "line 7 has 6 fields, its header 5"),
        (b"5,1,2020-01-01,1,true,\n", "line 7 has 6 fields, its header 5"),
        (b'5,1,2020-01-01,1,"a,b","c\nd"\n', "line 8 has 6 fields, its header 5"),
    ],
)
def test_a_line_with_too_many_fields_is_named(row: bytes, said: str, database: Database) -> None:
    path = database.path("sales")
    path.write_bytes(path.read_bytes() + b'5,1,2020-01-01,1,"a,b"\n' + row)
    with pytest.raises(InputError) as caught:
        read(database)
    assert str(caught.value) == f"{path} cannot be read as csv in UTF-8: {said}."


def test_fields_that_a_line_lacks_are_missing(database: Database) -> None:
    path = database.path("sales")
    path.write_bytes(path.read_bytes() + b"5,1\n")
    data = read(database)["sales"]
    assert data.frame.row(4) == (5, 1, None, None, None)
    assert not any(data.unreadable.row(4))


def test_two_columns_of_one_name_are_refused_where_the_contract_reads_them(
    database: Database,
) -> None:
    path = database.path("sales")
    lines = path.read_text(encoding="utf-8").splitlines()
    wide = "\n".join([lines[0] + ",x,x,,", *(line + ",7,8,," for line in lines[1:])])
    path.write_text(wide, encoding="utf-8")
    assert read(database)["sales"].frame.height == 4
    path.write_text(wide.replace("paid,x", "paid,amount"), encoding="utf-8")
    with pytest.raises(
        InputError, match=r"sales\.csv must have each column once; it repeats amount"
    ):
        read(database)


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"amount", b"am\xf6unt"), (b"4e2", b"4\xe9"), (b"sale", b"\xff\xfesale")],
)
def test_bytes_that_are_not_utf_8_are_refused_in_one_line(
    old: bytes, new: bytes, database: Database
) -> None:
    path = database.path("sales")
    path.write_bytes(path.read_bytes().replace(old, new, 1))
    with pytest.raises(InputError, match=r"sales\.csv cannot be read as csv in UTF-8: ") as caught:
        read(database)
    assert len(str(caught.value).splitlines()) == 1


def test_a_quote_that_is_not_closed_is_refused_in_one_line(database: Database) -> None:
    path = database.path("sales")
    path.write_bytes(path.read_bytes() + b'5,1,2020-01-01,1,"tr\n')
    with pytest.raises(InputError, match=r"sales\.csv cannot be read as csv in UTF-8: ") as caught:
        read(database)
    assert len(str(caught.value).splitlines()) == 1
    assert "infer_schema_length" not in str(caught.value)


def test_a_first_line_that_is_no_header_is_refused(database: Database) -> None:
    database.path("sales").write_bytes(b"sale,shop,day\ramount,paid\r1,1\r")
    with pytest.raises(
        InputError, match=r"sales\.csv cannot be read .* its first line is no header"
    ):
        read(database)


def test_a_folder_must_be_given_and_be_there(database: Database, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="give a folder or a database with --source"):
        read_tables(load_contract("f1"))
    with pytest.raises(InputError, match="must be a folder or a database, got"):
        read_tables(load_contract("f1"), tmp_path / "nowhere")


def test_files_of_tables_are_told_without_reading_them(database: Database, tmp_path: Path) -> None:
    contract = load_contract(database.contract)
    files = {name: database.path(name) for name in ("shops", "sales")}
    assert source_files(contract, None, tmp_path) == files
    assert source_files(load_contract("demo"), None, tmp_path) == {}
    with pytest.raises(InputError, match="tables of demo are generated: give no --source"):
        source_files(load_contract("demo"), tmp_path, tmp_path)
    with pytest.raises(InputError, match="Table shops must be the file"):
        source_files(contract, tmp_path, tmp_path)


def test_formula_1_is_read_whole(f1_data: Path) -> None:
    tables = read_tables(load_contract("f1"), f1_data)
    assert tables["results"].frame.height == 27178
    assert tables["driver_standings"].frame.height == 35298
    assert all(not any(data.unreadable.sum().row(0)) for data in tables.values())
    assert tables["results"].frame["milliseconds"].null_count() / 27178 == pytest.approx(
        0.706, abs=5e-4
    )
