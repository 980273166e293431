"""Keys of databases that nobody has described, where names, values, or both tell them."""

import numpy as np
import polars as pl
import pytest

from tasks.relations.profiling.columns import ColumnProfile, profile_column
from tasks.relations.profiling.foreign_keys import ForeignKey, foreign_keys
from tasks.relations.profiling.names import name_match, singular, words_of
from tasks.relations.profiling.primary_keys import primary_key

Columns = dict[str, ColumnProfile]
RNG = np.random.default_rng(1)
GAPS = np.sort(RNG.choice(1000, 500, replace=False)) + 1
"""Keys of a table half of whose rows were deleted."""


def table(**columns: list[object] | np.ndarray) -> Columns:
    return {name: profile_column(pl.Series(name, list(values))) for name, values in columns.items()}


def found(**tables: Columns) -> dict[str, ForeignKey]:
    keys = {name: primary_key(name, columns) for name, columns in tables.items()}
    return {f"{key.table}.{key.column}": key for key in foreign_keys(tables, keys)}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("LastEditorUserId", ("last", "editor", "user", "id")),
        ("PurchasingWebServiceURL", ("purchasing", "web", "service", "url")),
        ("coupon_match_disc", ("coupon", "match", "disc")),
        ("q1", ("q", "1")),
        ("고객 번호", ("고객", "번호")),
        ('a"; DROP TABLE x', ("a", "drop", "table", "x")),
        ("--", ()),
    ],
)
def test_names_fall_into_words(name: str, words: tuple[str, ...]) -> None:
    assert words_of(name) == words


def test_singulars() -> None:
    assert [
        singular(word) for word in ("stores", "status", "bus", "taxes", "cities", "series")
    ] == [
        "store",
        "status",
        "bus",
        "tax",
        "city",
        "series",
    ]


@pytest.mark.parametrize(
    ("column", "parent", "key", "words"),
    [
        ("customer_id", "customers", "id", 1),
        ("CustomerID", "dim_customers", "customer_id", 2),
        ("VendorID", "Vendor", "BusinessEntityID", 1),
        ("ship_to_city", "cities", "id", 1),
        ("city_size", "cities", "id", 0),
        ("Id", "Users", "Id", 0),  # every table has one
        ("year", "seasons", "year", 1),
        ("고객", "고객", "id", 1),
    ],
)
def test_names_that_agree(column: str, parent: str, key: str, words: int) -> None:
    assert name_match(column, parent, key) == words


@pytest.mark.parametrize(
    ("name", "columns", "key"),
    [
        ("users", table(name=["a", "b"], user_id=[1, 2], post_id=[3, 4]), ("user_id",)),
        ("users", table(code=["x", "y"], id=[1, 2]), ("code",)),
        ("seasons", table(year=[1950, 1951], url=["a", "b"]), ("year",)),
        ("stops", table(race_id=[1, 1, 2], driver_id=[1, 2, 1]), ("race_id", "driver_id")),
        ("prices", table(item_id=[1, 1, 2], day=["2024-01-01", "2024-01-02", "2024-01-01"]),
         ("item_id", "day")),
        ("log", table(level=["a", "a"], size=[1.5, 1.5]), ()),
        ("users", table(user_id=[1, None, 2], mail=["a", "b", "c"]), ()),
    ],
)  # fmt: skip
def test_primary_keys(name: str, columns: Columns, key: tuple[str, ...]) -> None:
    assert primary_key(name, columns) == key


def test_a_key_is_found_by_its_name_with_its_orphans() -> None:
    keys = found(
        customers=table(id=np.arange(1, 51)),
        orders=table(order_id=np.arange(100), customer_id=np.arange(100) % 55 + 1),
    )
    assert set(keys) == {"orders.customer_id"}
    key = keys["orders.customer_id"]
    assert (key.parent, key.rows, key.orphans, key.words) == ("customers", 100, 5, 1)
    assert key.orphan_share == 0.05


def test_a_name_alone_is_not_enough() -> None:
    keys = found(
        customers=table(id=np.arange(1, 51)),
        orders=table(order_id=np.arange(100), customer_id=np.arange(100) + 40),
    )
    assert keys == {}


def test_numbers_tell_where_no_name_does_if_the_keys_have_gaps() -> None:
    """Every table counts from 1 on; only the one with gaps can be told from the others."""
    chosen = RNG.choice(GAPS, 40)
    answers = table(id=GAPS, accepted_id=RNG.choice(GAPS, 500))
    keys = found(
        posts=answers,
        users=table(id=np.arange(1, 2000)),
        votes=table(id=np.arange(1, 41), of_id=chosen),
    )
    assert {name: key.parent for name, key in keys.items()} == {
        "posts.accepted_id": "posts",
        "votes.of_id": "posts",
    }
    assert keys["votes.of_id"].words == 0
    assert keys["votes.of_id"].evidence == pytest.approx(len(set(chosen)) * np.log(2), rel=0.1)


def test_few_small_numbers_point_nowhere() -> None:
    """Kinds 1 to 5 are among any table's keys."""
    keys = found(
        posts=table(id=GAPS), votes=table(id=np.arange(100), kind_id=np.arange(100) % 5 + 1)
    )
    assert keys == {}


def test_a_primary_key_of_the_same_name_is_no_foreign_key_unless_its_values_say_so() -> None:
    counted = {
        "results": table(result_id=np.arange(1, 101)),
        "sprints": table(result_id=np.arange(1, 11)),
    }
    assert found(**counted) == {}
    parts = {"persons": table(person_id=GAPS), "employees": table(person_id=GAPS[::3])}
    assert found(**parts)["employees.person_id"].parent == "persons"


def test_texts_and_numbers_are_not_the_same_keys() -> None:
    assert found(cities=table(id=["1", "x", "7"]), shops=table(shop=[1, 2], city_id=[1, 7])) == {}


def test_two_keys_lead_to_one_parent() -> None:
    keys = found(
        stations=table(station_id=GAPS),
        rides=table(ride_id=np.arange(50), start_station_id=GAPS[:50], end_station_id=GAPS[50:100]),
    )
    assert {key.parent for key in keys.values()} == {"stations"}
    assert set(keys) == {"rides.start_station_id", "rides.end_station_id"}
