"""Types, markers and values of columns that nobody has described."""

from datetime import datetime
from typing import Any

import polars as pl
import pytest

from tasks.relations.profiling.columns import profile_column


def column(values: list[Any], name: str = "x") -> pl.Series:
    return pl.Series(name, values)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "2", " 3 ", None], "integer"),
        (["1", "2.5", "3"], "number"),
        (["1"] * 60 + ["2.5"], "number"),
        (["007", "012", "100"], "category"),  # zeros in front would be lost
        (["true", "false", "True"], "boolean"),
        (["Y", "n", "y"], "boolean"),
        (["0", "1", "1"], "integer"),
        (["yes", "false", "yes"], "category"),  # no pair
        (["yes", "yes", "yes"], "category"),
        (["2024-01-02", "2024-01-03 10:00:00"], "time"),
        (["서울", "부산", "서울"], "category"),
        ([f"{k} a long remark on what happened here at that time" for k in range(300)], "text"),
        (["1", "2"] * 200 + ["A"], "category"),  # codes
        ([str(k) for k in range(400)] + ["none of them"], "integer"),
        ([None, None], "category"),
        ([1, 2], "integer"),
        ([1.5, float("nan")], "number"),
        ([True, None], "boolean"),
        ([datetime(2024, 1, 2)], "time"),
    ],
)
def test_the_type_is_that_of_nearly_all_values(values: list[Any], kind: str) -> None:
    raw = column(values)
    before = raw.clone()
    assert profile_column(raw).type == kind
    assert raw.equals(before)


def test_what_is_not_of_the_type_is_counted_and_null() -> None:
    found = profile_column(column([str(k) for k in range(200)] + ["?", "x"]))
    assert found.type == "integer"
    assert found.markers == ("?",)
    assert (found.missing, found.unreadable, found.distinct) == (1, 1, 200)
    assert found.values[-2:].to_list() == [None, None]
    assert not found.is_unique


@pytest.mark.parametrize(
    ("values", "markers", "missing"),
    [
        (["1", "NA", "-", "2"], ("NA", "-"), 2),
        (["NA", "DE", "FR"], (), 0),  # Namibia
        (["DE", r"\N", "NULL"], (r"\N", "NULL"), 2),
        (["2024-01-02", "null"], ("null",), 1),
        (["", " ", "a"], (), 2),
    ],
)
def test_markers_of_missing_values_depend_on_the_others(
    values: list[str], markers: tuple[str, ...], missing: int
) -> None:
    found = profile_column(column(values))
    assert found.markers == markers
    assert found.missing == missing


def test_a_name_of_a_key_is_no_text() -> None:
    codes = [f"{k} a long remark on what happened here at that time" for k in range(300)]
    assert profile_column(column(codes, "remark")).type == "text"
    assert profile_column(column(codes, "remark_id")).type == "category"
