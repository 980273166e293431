"""Profiles of folders: circles, times, leaks, names that cannot stand, and the draft."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from tasks.contract import contract_text
from tasks.contract_checks import check_contract
from tasks.errors import InputError
from tasks.relations.location import refuse_block
from tasks.relations.profiling.database import open_database
from tasks.relations.profiling.draft import draft_contract
from tasks.relations.profiling.profile import DatabaseProfile, profile_database
from tasks.relations.profiling.row_times import later_times
from tasks.relations.profiling.summary import summarise_draft, summarise_profile
from tasks.relations.profiling.targets import target_candidates, target_leaks

RNG = np.random.default_rng(1)
N = 400
DAYS = [date(2024, 1, 1) + timedelta(days=k // 2) for k in range(N)]
STAFF = np.sort(RNG.choice(300, 100, replace=False)) + 1
WEIGHT, FEE = RNG.gamma(2.0, size=(2, N))

TABLES: dict[str, dict[str, Any]] = {
    "고객": {"id": np.arange(1, 51), "도시": ["서울", "부산"] * 25},
    "staff": {
        "staff_id": STAFF,
        "manager_id": RNG.choice(STAFF, 100),
        "born": [date(1970, 1, 1)] * 100,
    },
    "orders": {
        "order_id": np.arange(1, N + 1),
        "고객_id": RNG.integers(1, 51, N),
        "staff_id": RNG.choice(STAFF, N),
        "ordered": DAYS,
        "shipped": [day + timedelta(days=3) for day in DAYS],
        "modified_date": [date(2023, 1, 1)] * N,
        "weight": WEIGHT,
        "fee": FEE,
        "total": 2 * WEIGHT + FEE + 1,
        "grade": np.digitize(WEIGHT, [1, 2, 3]),
        "always": ["x"] * N,
    },
    "lines": {"line_id": np.arange(1, 2 * N + 1), "order_id": np.repeat(np.arange(1, N + 1), 2)},
}


def write(folder: Path, tables: dict[str, dict[str, Any]], kind: str = "csv") -> Path:
    folder.mkdir()
    for name, columns in tables.items():
        frame = pl.DataFrame(columns)
        path = folder / f"{name}.{kind}"
        frame.write_csv(path) if kind == "csv" else frame.write_parquet(path)
    return folder


def profile_folder(folder: Path) -> DatabaseProfile:
    return profile_database(open_database(str(folder), refuse_block, folder))


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> DatabaseProfile:
    return profile_folder(write(tmp_path_factory.mktemp("가게") / "data", TABLES))


def test_keys_and_times(profile: DatabaseProfile) -> None:
    keys = {f"{key.table}.{key.column}": key.parent for key in profile.foreign_keys}
    assert keys == {
        "orders.고객_id": "고객",
        "orders.staff_id": "staff",
        "lines.order_id": "orders",
    }
    assert profile.times == {"orders": "ordered", "lines": "order_id.ordered"}


def test_a_key_to_its_own_table_is_left_out_and_told(profile: DatabaseProfile) -> None:
    assert profile.notes == (
        "The foreign key staff.manager_id to staff is left out: it would lead in a circle.",
    )


def test_of_a_circle_of_tables_the_key_of_fewest_rows_is_left_out(tmp_path: Path) -> None:
    tables = {
        "teams": {"team_id": np.arange(1, 11), "captain_player_id": np.arange(1, 11)},
        "players": {"player_id": np.arange(1, 101), "team_id": np.arange(100) % 10 + 1},
    }
    found = profile_folder(write(tmp_path / "data", tables))
    assert [key.column for key in found.foreign_keys] == ["team_id"]
    assert "teams.captain_player_id to players is left out" in found.notes[0]


def test_parquet_gives_the_same(profile: DatabaseProfile, tmp_path: Path) -> None:
    other = profile_folder(write(tmp_path / "data", TABLES, "parquet"))
    assert other.source.kind == "parquet"
    assert other.foreign_keys == profile.foreign_keys
    assert (other.times, other.primary_keys) == (profile.times, profile.primary_keys)
    for name, columns in profile.tables.items():
        types = {column: found.type for column, found in other.tables[name].items()}
        assert types == {column: found.type for column, found in columns.items()}


def test_a_sum_and_a_column_that_tells_alone_are_leaks(profile: DatabaseProfile) -> None:
    (leak,) = target_leaks(profile, "orders.total")
    assert set(leak.columns) == {"weight", "fee"}
    assert leak.share == pytest.approx(1)
    assert [leak.columns for leak in target_leaks(profile, "orders.grade")] == [("weight",)]
    assert target_leaks(profile, "orders.fee") != []  # total less weight
    (told,) = target_leaks(profile, "orders.fee")
    assert set(told.columns) == {"total", "weight"}


def test_noise_is_no_leak(tmp_path: Path) -> None:
    noise = {f"x{k}": RNG.normal(size=N) for k in range(6)}
    tables = {"orders": {"order_id": np.arange(N), "day": DAYS, "y": RNG.normal(size=N), **noise}}
    assert target_leaks(profile_folder(write(tmp_path / "data", tables)), "orders.y") == []


def test_targets_are_numbers_of_tables_with_a_time_and_parents(profile: DatabaseProfile) -> None:
    assert target_candidates(profile) == [
        f"orders.{column}" for column in ("weight", "fee", "total", "grade")
    ]


def test_the_draft_says_what_it_assumes(profile: DatabaseProfile) -> None:
    draft = draft_contract(profile, "가게", "orders.total")
    contract = draft.contract
    assert list(check_contract(contract)) == []
    assert "always" not in contract.tables["orders"].columns  # it never varies
    assert set(contract.leaks) == {"orders.weight", "orders.fee", "orders.shipped"}
    split = contract.tasks["total"].split
    assert (split.validation, split.test) == (date(2024, 5, 1), date(2024, 6, 10))
    city = contract.tables["고객"].columns["도시"]
    assert city.values == ("부산", "서울")
    assert contract.tables["orders"].columns["order_id"].severity == "block"
    assert contract.tables["orders"].columns["weight"].range == (0, None)
    assert "고객_id: 고객" in contract_text(contract)
    said = summarise_draft(profile, draft)
    assert "Kept from the model: " in said
    assert "by which 100.0 % of orders.total is told" in said
    assert "after their row's own time in so many rows: orders.shipped (100 %)" in said
    assert "orders: 400 rows, key order_id, known since ordered" in summarise_profile(profile)


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("orders", r"must be TABLE\.COLUMN of this database, got 'orders'; its tables are "),
        ("orders.price", "must be TABLE.COLUMN"),
        ("고객.도시", "Nothing tells when the rows of 고객 became known"),
        ("orders.shipped", "at least 2 values, orders.shipped is of type time"),
        ("orders.always", "is of type category with 1"),
        ("orders.staff_id", "must be no key, which orders.staff_id is"),
    ],
)
def test_what_cannot_be_predicted_is_refused(
    target: str, said: str, profile: DatabaseProfile
) -> None:
    with pytest.raises(InputError, match=said):
        draft_contract(profile, "가게", target)


def test_rows_of_one_day_cannot_be_split(tmp_path: Path) -> None:
    tables = {"orders": {"order_id": np.arange(N), "day": DAYS[:1] * N, "y": RNG.normal(size=N)}}
    found = profile_folder(write(tmp_path / "data", tables))
    with pytest.raises(InputError, match="cannot be split by time: they lie between 2024-01-01"):
        draft_contract(found, "x", "orders.y")


def test_times_that_lie_after_their_rows_are_told_with_their_share(tmp_path: Path) -> None:
    """Also where the row's own time is its parent's; a day more or less is none."""
    seen = [day + timedelta(days=30 if k % 4 else -5) for k, day in enumerate(DAYS)]
    entered = [day + timedelta(days=1) for day in DAYS]
    tables = {
        "orders": {"order_id": np.arange(N), "day": DAYS, "entered": entered},
        "lines": {"line_id": np.arange(N), "order_id": np.arange(N), "last_seen": seen},
    }
    found = profile_folder(write(tmp_path / "data", tables))
    assert found.times["lines"] == "order_id.day"
    (later,) = later_times(found)
    assert (later.table, later.column, later.share) == ("lines", "last_seen", 0.75)


def test_the_first_target_is_of_a_table_that_can_be_split(tmp_path: Path) -> None:
    tables = {
        "shops": {"shop_id": np.arange(9), "size": np.arange(9)},
        "a": {
            "a_id": np.arange(N),
            "shop_id": np.arange(N) % 9,
            "day": DAYS[:1] * N,
            "y": np.arange(N),
        },
        "b": {
            "b_id": np.arange(50),
            "shop_id": np.arange(50) % 9,
            "day": DAYS[:50],
            "z": np.arange(50),
        },
    }
    found = profile_folder(write(tmp_path / "data", tables))
    assert target_candidates(found) == ["b.z"]


def test_a_time_that_never_varies_stays_in_the_draft(tmp_path: Path) -> None:
    tables = {
        "orders": {"order_id": np.arange(N), "day": DAYS, "y": RNG.normal(size=N)},
        "loads": {"load_id": np.arange(9), "day": DAYS[:1] * 9, "size": np.arange(9)},
    }
    found = profile_folder(write(tmp_path / "data", tables))
    contract = draft_contract(found, "x", "orders.y").contract
    assert contract.tables["loads"].time == "day"
    assert list(check_contract(contract)) == []


def test_a_key_is_of_the_type_of_what_it_points_to(tmp_path: Path) -> None:
    """Long texts are text where no name says that they are keys."""
    names = [
        f"{k} is the long name of a town that lies somewhere in the country" for k in range(99)
    ]
    tables = {
        "town": {"town_code": names, "size": np.arange(99)},
        "shops": {"shop_id": np.arange(99), "town": names},
    }
    found = profile_folder(write(tmp_path / "data", tables))
    assert [(key.column, key.parent) for key in found.foreign_keys] == [("town", "town")]
    assert found.tables["shops"]["town"].type == found.tables["town"]["town_code"].type


def test_tables_and_columns_that_cannot_stand_are_told(tmp_path: Path) -> None:
    tables = {
        "orders": {"order_id": [1, 2], "(row)": [1, 2], "size": [1, 2]},
        "empty": {"id": []},
        "a.b": {"id": [1]},
    }
    found = profile_folder(write(tmp_path / "data", tables))
    assert set(found.tables) == {"orders"}
    assert set(found.tables["orders"]) == {"order_id", "size"}
    assert found.notes == (
        "Table 'a.b' is left out: no dot, and no round brackets around a name.",
        "Table empty has no row: it is left out.",
        "Column '(row)' of orders is left out: its name is not allowed.",
    )


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda folder: folder / "nowhere", "must be a folder or a database, got '.*nowhere'"),
        (lambda folder: folder, "must hold CSV or Parquet files, it has none"),
        (
            lambda folder: write(folder / "a", {"x": {"id": []}}),
            "No table in .* Table x has no row",
        ),
    ],
)
def test_a_folder_without_tables_is_refused(make: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=said):
        profile_folder(make(tmp_path))
