"""Inputs that are not as one would like are read rightly and told, or refused in a sentence."""

import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows.cli import main
from tasks.contract import contract_text, load_contract
from tasks.contract_checks import check_contract
from tasks.errors import InputError
from tasks.relations.gate import check_tables
from tasks.relations.location import refuse_block
from tasks.relations.profiling.database import open_database
from tasks.relations.profiling.draft import draft_contract
from tasks.relations.profiling.profile import DatabaseProfile, profile_database
from tasks.relations.sources import read_tables

N = 120
DAYS = [datetime(2024, 1, 1) + timedelta(days=k) for k in range(N)]
ORDERS: dict[str, list[Any]] = {
    "order_id": list(range(1, N + 1)),
    "shop_id": [1 + k % 9 for k in range(N)],
    "day": [f"{day:%Y-%m-%d}" for day in DAYS],
    "amount": [f"{k * 12.5:.2f}" for k in range(N)],
}
SHOPS: dict[str, list[Any]] = {
    "shop_id": list(range(1, 10)),
    "city": ["서울", "부산", "대구"] * 3,
    "size": [10.5 * k for k in range(9)],
}


@dataclass(frozen=True)
class Case:
    """An input, and what is said of it."""

    write: Callable[[Path], str | None]
    said: str = ""
    changed: dict[str, Any] = field(default_factory=dict)


def csv_text(columns: dict[str, list[Any]], delimiter: str = ",") -> str:
    lines = [columns, *zip(*columns.values(), strict=True)]
    return "".join(
        delimiter.join("" if field is None else str(field) for field in line) + "\n"
        for line in lines
    )


def files(
    orders: dict[str, Any] | bytes | None = None,
    shops: dict[str, Any] | bytes | None = None,
    delimiter: str = ",",
    encoding: str = "utf-8",
    **others: bytes,
) -> Callable[[Path], None]:
    """Writes both tables as CSV files, with columns changed, or of these bytes."""

    def write(folder: Path) -> None:
        for name, usual, given in (("orders", ORDERS, orders), ("shops", SHOPS, shops)):
            content = given
            if not isinstance(content, bytes):
                text = csv_text(usual | (content or {}), delimiter)
                content = text.encode(encoding)
            (folder / f"{name}.csv").write_bytes(content)
        for name, content in others.items():
            (folder / f"{name}.csv").write_bytes(content)

    return write


def comma(values: list[str], thousands: bool = False) -> list[str]:
    told = [f"{float(value):,.2f}" if thousands else value for value in values]
    return [one.replace(",", "_").replace(".", ",").replace("_", ".") for one in told]


def dates(form: str) -> list[str]:
    return [day.strftime(form) for day in DAYS]


def parquet(orders: bytes | dict[str, Any]) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        pl.DataFrame(SHOPS).write_parquet(folder / "shops.parquet")
        path = folder / "orders.parquet"
        if isinstance(orders, bytes):
            path.write_bytes(orders)
        else:
            pl.DataFrame(ORDERS | orders, strict=False).write_parquet(path)

    return write


def truncated(folder: Path) -> None:
    parquet({})(folder)
    path = folder / "orders.parquet"
    path.write_bytes(path.read_bytes()[:-200])


def sqlite(*statements: str, orders: str = "") -> Callable[[Path], str]:
    """Writes both tables, then carries out the statements."""

    def write(folder: Path) -> str:
        path = folder / "가게.db"
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE shops (shop_id INTEGER PRIMARY KEY, city, size)")
            connection.execute(
                f"CREATE TABLE orders (order_id INTEGER PRIMARY KEY, shop_id, day, amount{orders})"
            )
            connection.executemany(
                "INSERT INTO shops VALUES (?, ?, ?)", zip(*SHOPS.values(), strict=True)
            )
            connection.executemany(
                "INSERT INTO orders (order_id, shop_id, day, amount) VALUES (?, ?, ?, ?)",
                zip(*ORDERS.values(), strict=True),
            )
            for statement in statements:
                connection.execute(statement)
        connection.close()
        return f"sqlite:///{path}"

    return write


def no_database(folder: Path) -> str:
    (folder / "x.db").write_bytes(b"no database at all, whatever it is called" * 40)
    return f"sqlite:///{folder / 'x.db'}"


def profile(case: Case, folder: Path) -> DatabaseProfile:
    (folder / "data").mkdir()
    (folder / "copied").mkdir()
    place = case.write(folder / "data") or str(folder / "data")
    return profile_database(open_database(place, refuse_block, folder / "copied"))


UNREADABLE = {"orders.amount": 2}
READ = {
    "a byte order mark": Case(files(shops=b"\xef\xbb\xbf" + csv_text(SHOPS).encode())),
    "semicolons": Case(files(delimiter=";"), "with ';' between fields"),
    "tabs": Case(files(delimiter="\t"), r"with '\\t' between fields"),
    "bars": Case(files(delimiter="|"), r"with '\|' between fields"),
    "a decimal comma": Case(
        files(
            {"amount": comma(ORDERS["amount"])}, {"size": comma(list(map(str, SHOPS["size"])))}, ";"
        ),
        "with ';' between fields, with a comma before fractions",
    ),
    "points between thousands": Case(
        files(
            {"amount": comma(ORDERS["amount"], thousands=True)},
            {"size": comma(list(map(str, SHOPS["size"])))},
            ";",
        ),
        "with a comma before fractions",
    ),
    "Korean of Windows": Case(files(encoding="cp949"), "read in CP949"),
    "UTF-16": Case(files(encoding="utf-16"), "read in UTF-16"),
    "a line that lacks fields": Case(
        files(csv_text(ORDERS).encode() + b"121,3\n"), changed={"rows": N + 1}
    ),
    "lines of Windows": Case(files(csv_text(ORDERS).replace("\n", "\r\n").encode())),
    "blanks around keys": Case(files({"shop_id": [f"  {key} " for key in ORDERS["shop_id"]]})),
    "keys padded with zeros": Case(
        files({"shop_id": [f"{key:04d}" for key in ORDERS["shop_id"]]}),
        "orders.shop_id is read as whole numbers without the zeros in front, as shops.shop_id",
    ),
    "parents padded with zeros": Case(
        files(None, {"shop_id": [f"{key:03d}" for key in SHOPS["shop_id"]]}),
        "shops.shop_id is read as whole numbers without the zeros in front",
    ),
    "days before months": Case(files({"day": dates("%d.%m.%Y")})),
    "months before days": Case(files({"day": dates("%m/%d/%Y")})),
    "days by the clock": Case(files({"day": dates("%d/%m/%Y %H:%M")})),
    "days with a zone": Case(files({"day": dates("%Y-%m-%dT%H:%M:%SZ")})),
    "days in Korean": Case(files({"day": dates("%Y년 %m월 %d일")})),
    "words among numbers": Case(
        files({"amount": ["many", *ORDERS["amount"][1:-1], "x"]}), changed=UNREADABLE
    ),
    "numbers that are none": Case(
        files({"amount": ["inf", *ORDERS["amount"][1:-1], "1e999"]}), changed=UNREADABLE
    ),
    "the same in SQLite": Case(
        sqlite("UPDATE orders SET amount = 'many' WHERE order_id IN (60, 61)"), changed=UNREADABLE
    ),
    "bytes in SQLite": Case(
        sqlite("UPDATE orders SET amount = x'00ff' WHERE order_id IN (60, 61)"), changed=UNREADABLE
    ),
    "text that is not in UTF-8": Case(
        sqlite("UPDATE shops SET city = CAST(x'ff41' AS TEXT) WHERE shop_id = 3")
    ),
    "a key to its own table": Case(
        files({"parent_order_id": [max(1, k - 3) for k in range(N)]}),
        "orders.parent_order_id to orders is left out: it would lead in a circle",
    ),
    "keys in a circle": Case(
        files(None, {"first_order_id": [9 * k + 1 for k in range(9)]}), "lead in a circle"
    ),
    "two keys to one parent": Case(
        files({"buyer_shop_id": [1 + k % 7 for k in range(N)]}), changed={"keys": 2}
    ),
    "a table without rows": Case(files(returns=b"return_id,order_id\n"), "returns has no row"),
    "a table named with a dot": Case(files(**{"a.b": b"id,x\n1,2\n"}), "Table 'a.b' is left out"),
    "a name of our own": Case(files({"(row)": [1] * N}), r"Column '\(row\)' of orders is left out"),
    "a column without a name": Case(files({"": [1] * N}), "Column '' of orders is left out"),
    "two columns of one name": Case(
        files(
            csv_text(ORDERS | {"x": [1] * N})
            .replace("day,amount,x", "day,amount,city,city")
            .replace(",1\n", ",1,2\n")
            .encode()
        ),
        "Column 'city' of orders is left out: 2 bear that name",
    ),
    "two thousand columns": Case(
        files({f"열 {k}": [k % 7] * N for k in range(2000)}), changed={"columns": 2004}
    ),
    "a key of two columns": Case(
        sqlite(
            "CREATE TABLE stock (shop_id INTEGER, shelf INTEGER, PRIMARY KEY (shop_id, shelf))",
            "CREATE TABLE moves (id INTEGER PRIMARY KEY, shop_id INTEGER, shelf INTEGER, FOREIGN "
            "KEY (shop_id, shelf) REFERENCES stock (shop_id, shelf))",
            "INSERT INTO stock VALUES (1, 1)",
            "INSERT INTO moves VALUES (1, 1, 1)",
        ),
        "foreign key moves.shop_id, shelf to stock is left out",
    ),
    "lists and records in Parquet": Case(
        parquet({"tags": [["a", "나"]] * N, "who": [{"x": 1}] * N, "amount": list(range(N))})
    ),
    "a whole number beyond all": Case(
        files({"amount": [str(10**25), *ORDERS["amount"][1:]]}), changed={}
    ),
}


@pytest.mark.parametrize("name", READ)
def test_it_is_read_and_told(name: str, tmp_path: Path) -> None:
    case = READ[name]
    found = profile(case, tmp_path)
    if case.said:
        assert len([note for note in found.notes if re.search(case.said, note)]) == 1, found.notes
    orders = found.tables["orders"]
    changed = dict(case.changed)
    assert found.rows_of("orders") == changed.pop("rows", N)
    assert len(orders) == changed.pop("columns", len(orders))
    keys = [key for key in found.foreign_keys if (key.table, key.parent) == ("orders", "shops")]
    if name != "keys in a circle":
        assert len(keys) == changed.pop("keys", 1)
        assert not any(key.orphans for key in keys)
    assert found.primary_keys["orders"] == ("order_id",)
    assert found.times["orders"] == "day"
    assert orders["day"].values[:N].to_list() == DAYS
    draft = draft_contract(found, "가게", "orders.amount").contract
    assert not list(check_contract(draft))
    path = tmp_path / "draft.yaml"
    path.write_text(contract_text(draft), encoding="utf-8")
    tables = read_tables(load_contract(path))
    result = check_tables(draft, tables)
    assert not result.blocking
    unreadable = {
        f"{check.table}.{check.column}": check.failing
        for check in result.broken
        if check.rule == "readable"
    }
    assert unreadable == changed
    if name not in OTHER_AMOUNTS:
        amounts = tables["orders"].frame["amount"][:N]
        expected = pl.Series(ORDERS["amount"]).cast(pl.Float64)
        assert amounts.null_count() == sum(changed.values())
        assert ((amounts - expected).drop_nulls() == 0).all()


OTHER_AMOUNTS = ("lists and records in Parquet", "a whole number beyond all")


REFUSED = {
    "no folder": Case(lambda folder: str(folder / "nowhere"), "must be a folder or a database"),
    "an empty folder": Case(lambda folder: None, "must hold CSV or Parquet files"),
    "a file without a byte": Case(files(b""), r"orders\.csv is empty"),
    "a line with too many fields": Case(
        files(csv_text(ORDERS).encode() + b"121,3,2024-01-01,5,6\n"),
        "line 122 has 5 fields, its header 4",
    ),
    "a quote that nobody closes": Case(
        files(csv_text(ORDERS).encode() + b'121,3,2024-01-01,"5\n'), r"orders\.csv cannot be read"
    ),
    "lines of an old Macintosh": Case(
        files(csv_text(ORDERS).replace("\n", "\r").encode()), "its first line is no header"
    ),
    "two encodings": Case(
        files(csv_text(ORDERS | {"x": ["값"] * N}).encode("cp949"), csv_text(SHOPS).encode()),
        "must have one encoding",
    ),
    "two delimiters": Case(
        files(csv_text(ORDERS, ";").encode(), csv_text(SHOPS).encode()), "must have one delimiter"
    ),
    "Parquet cut short": Case(truncated, r"orders\.parquet cannot be read as parquet"),
    "Parquet that is none": Case(parquet(b"a,b\n1,2\n"), r"orders\.parquet cannot be read"),
    "no file of SQLite": Case(lambda folder: "sqlite:///nowhere.db", "no database in the file"),
    "a file that is no database": Case(no_database, "file is not a database"),
    "no file of DuckDB": Case(lambda folder: "duckdb:///nowhere.db", "no database in the file"),
    "SQLite for DuckDB": Case(
        lambda folder: sqlite()(folder).replace("sqlite", "duckdb"), "is no database of DuckDB"
    ),
    "a database without tables": Case(
        sqlite("DROP TABLE shops", "DROP TABLE orders"), "holds no table"
    ),
    "a server that is not there": Case(
        lambda folder: "postgresql://ann@127.0.0.1:9/shop", "cannot be opened: .*refused"
    ),
    "a kind that nobody knows": Case(lambda folder: "fox://host/shop", "No driver for fox"),
    "a location that is none": Case(lambda folder: "://", "cannot be read as a URL"),
    "a variable that is not set": Case(lambda folder: "env:NO_SUCH", "'NO_SUCH' must hold the URL"),
    "a password": Case(
        lambda folder: "postgresql://ann:geheim@db/shop", "must hold no password, as it is shown"
    ),
    "times that nobody reads": Case(
        files({"day": ["gestern", "2024-13-45", "5", "vor langer Zeit"] * (N // 4)}),
        "Nothing tells when the rows of orders became known",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_in_a_sentence(name: str, tmp_path: Path) -> None:
    case = REFUSED[name]
    with pytest.raises(InputError, match=case.said) as caught:
        draft_contract(profile(case, tmp_path), "가게", "orders.amount")
    assert len(str(caught.value).splitlines()) == 1
    assert "geheim" not in str(caught.value)


def test_three_formats_of_one_column_are_faults_where_a_contract_says_one(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    mixed = dates("%Y-%m-%d")[:40] + dates("%d.%m.%Y")[40:80] + dates("%m/%d/%Y")[80:]
    files()(tmp_path / "data")
    usual = profile_database(open_database(str(tmp_path / "data"), refuse_block, tmp_path))
    contract = draft_contract(usual, "가게", "orders.amount").contract
    files({"day": mixed})(tmp_path / "data")
    (day,) = (
        check
        for check in check_tables(contract, read_tables(contract)).broken
        if (check.column, check.rule) == ("day", "readable")
    )
    assert (day.failing, day.blocks) == (80, True)


def test_months_and_days_that_could_be_exchanged_are_told(tmp_path: Path) -> None:
    some = [f"{1 + k % 12:02d}/{1 + k % 11:02d}/2024" for k in range(N)]
    found = profile(Case(files({"day": some})), tmp_path)
    assert any("orders.day is read as %d/%m/%Y: no day after the twelfth" in n for n in found.notes)


def test_a_dialect_that_the_contract_does_not_know_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    files()(tmp_path / "data")
    usual = profile_database(open_database(str(tmp_path / "data"), refuse_block, tmp_path))
    contract = draft_contract(usual, "가게", "orders.amount").contract
    for write, said in (
        (files(delimiter=";"), "where ';' stands between fields, give it as source.dialect"),
        (files(encoding="cp949"), "`whence profile` says which encoding"),
    ):
        write(tmp_path / "data")
        with pytest.raises(InputError, match=said):
            read_tables(contract)


def test_a_database_is_only_read(tmp_path: Path) -> None:
    """Names and values that would do harm as SQL, YAML or paths do none."""
    bad = "x'); DROP TABLE orders; --"
    write = sqlite(
        f'ALTER TABLE shops ADD COLUMN "{bad}" TEXT',
        f'UPDATE shops SET "{bad}" = \'!!python/object/apply:os.system ["touch harm"]\'',  # noqa: S608
        f"UPDATE shops SET \"{bad}\" = '*' WHERE shop_id < 4",  # noqa: S608
        f'CREATE TABLE "../../{bad}" (id INTEGER PRIMARY KEY, "=cmd()" TEXT)',
        f"INSERT INTO \"../../{bad}\" VALUES (1, '{{{{ 7 * 7 }}}}')",  # noqa: S608
    )
    path = Path(write(tmp_path).removeprefix("sqlite:///"))
    before = path.read_bytes()
    (tmp_path / "copied").mkdir()
    database = open_database(f"sqlite:///{path}", refuse_block, tmp_path / "copied")
    assert {file.parent for file in database.files.values()} == {tmp_path / "copied"}
    found = profile_database(database)
    assert bad in found.tables["shops"]
    draft = tmp_path / "draft.yaml"
    draft.write_text(contract_text(draft_contract(found, "x", "orders.amount").contract), "utf-8")
    assert bad in load_contract(draft).tables["shops"].columns
    assert path.read_bytes() == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["copied", "draft.yaml", "가게.db"]


def test_the_command_says_what_it_cannot_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truncated(tmp_path)
    assert main(["profile", str(tmp_path)]) == 2
    assert "orders.parquet cannot be read as parquet" in capsys.readouterr().err
