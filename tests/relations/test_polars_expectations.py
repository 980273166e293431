"""Both engines of the gate find the same rows, whatever the table and the rules."""

from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.contract import load_contract
from tasks.relations import expectations, gate, polars_expectations
from tasks.relations.rules import Rule, RuleName
from tasks.relations.sources import TableData, read_tables

from .conftest import SALES, SHOPS, Database

START = datetime(2020, 1, 1)
TEXTS = ["", "a", "B7", "서울", "1", "2.5"]
VALUES = {
    "i": (st.integers(-2, 4), pl.Int64),
    "j": (st.integers(-2, 4), pl.Int64),
    "x": (st.sampled_from([-1.5, -0.0, 0.0, 1.0, 2.5, 1e300]), pl.Float64),
    "y": (st.sampled_from([-1.5, 0.0, 2.5]), pl.Float64),
    "s": (st.sampled_from(TEXTS), pl.String),
    "b": (st.booleans(), pl.Boolean),
    "t": (st.integers(0, 9).map(lambda day: START + timedelta(days=day)), pl.Datetime("us")),
    "u": (st.integers(0, 9).map(lambda day: START + timedelta(days=day)), pl.Datetime("us")),
}
NAMES = st.sampled_from(sorted(VALUES))
NUMBERS = st.sampled_from(["i", "x"])
BOUND = st.one_of(st.none(), st.sampled_from([-2.0, -1.0, 0.0, 1.0, 2.5, 3.0]))
ALLOWED = st.lists(st.sampled_from([*TEXTS, 0, 1, 2, 2.5, -0.0, 3.0]), min_size=1, max_size=5)
SOME = st.lists(NAMES, min_size=1, max_size=3, unique=True).map(tuple)
LIMITS = st.tuples(st.integers(0, 9), st.none() | st.integers(0, 9)).filter(
    lambda limits: limits[1] is None or limits[0] <= limits[1]
)
RANGES = st.tuples(BOUND, BOUND).filter(
    lambda ends: any(end is not None for end in ends) and (None in ends or ends[0] <= ends[1])
)


def rule(name: RuleName, columns: tuple[str, ...], **more: Any) -> Rule:
    return Rule(name, columns, "repairable", **more)


RULES = st.one_of(
    SOME.map(lambda names: rule("primary key", names)),
    SOME.map(lambda names: rule("unique", names)),
    NAMES.map(lambda name: rule("readable", (name,))),
    NAMES.map(lambda name: rule("has values", (name,))),
    NAMES.map(lambda name: rule("required", (name,))),
    st.builds(lambda name, ends: rule("range", (name,), bounds=ends), NUMBERS, RANGES),
    st.builds(lambda name, of: rule("values", (name,), allowed=tuple(of)), NAMES, ALLOWED),
    st.builds(lambda name, days: rule("fresh", (name,), measured="t", most_days=days),
              st.sampled_from("ixs"), st.integers(0, 8)),
    st.just(rule("foreign key", ("i",), parent="parents")),
    st.sampled_from([("i", "j"), ("x", "y"), ("t", "u")]).map(lambda pair: rule("ordered", pair)),
    st.sampled_from([r"[A-Z]\d", "", r"\d.*", "서."]).map(
        lambda regex: rule("pattern", ("s",), regex=regex)
    ),
    LIMITS.map(lambda limits: rule("rows", (), bounds=limits)),
)  # fmt: skip
EVERY_NAME = (
    "primary key", "unique", "readable", "has values", "required", "range", "values", "fresh",
    "foreign key", "ordered", "pattern", "rows",
)  # fmt: skip


@st.composite
def tables(draw: st.DrawFn) -> tuple[TableData, pl.Series, dict[str, pl.Series]]:
    """A table with missing, unreadable and repeated cells, and the primary key it points to."""
    n = draw(st.integers(1, 9))
    columns, unreadable = {}, {}
    for name, (values, dtype) in VALUES.items():
        cells = draw(st.lists(st.none() | values, min_size=n, max_size=n))
        columns[name] = pl.Series(name, cells, dtype=dtype)
        strange = draw(st.lists(st.booleans(), min_size=n, max_size=n))
        unreadable[name] = columns[name].is_null() & pl.Series(strange)
    kept = draw(st.lists(st.booleans(), min_size=n, max_size=n).filter(any))
    parents = draw(st.lists(st.none() | st.integers(-2, 4), min_size=1, max_size=4))
    data = TableData(pl.DataFrame(columns), pl.DataFrame(unreadable))
    return data, pl.Series(kept), {"i": pl.Series(parents, dtype=pl.Int64)}


def found(engine: Any, rules: list[Rule], table: Any) -> list[tuple[Rule, list[bool]]]:
    data, kept, parents = table
    return [
        (rule, failing.to_list())
        for rule, failing in engine.failing_rows(rules, data, kept, parents)
    ]


@given(rules=st.lists(RULES, min_size=20, max_size=30, unique=True), table=tables())
@settings(max_examples=60, deadline=None)
def test_both_engines_find_the_same_rows(rules: list[Rule], table: Any) -> None:
    before = table[0].frame.clone()
    assert found(polars_expectations, rules, table) == found(expectations, rules, table)
    assert table[0].frame.equals(before)


@pytest.mark.parametrize("name", EVERY_NAME)
def test_no_rule_is_without_an_engine(name: RuleName) -> None:
    frame = pl.DataFrame({"i": [1, 1], "s": ["a", None]})
    data = TableData(frame, frame.select(pl.all().is_null()))
    columns = {"ordered": ("i", "i"), "pattern": ("s",), "rows": ()}.get(name, ("i",))
    asked = rule(name, columns, most=0.5, bounds=(3, None), allowed=(2,), regex="b", measured="i")
    table = data, pl.Series([True, True]), {"i": pl.Series([1])}
    rules = [rule("readable", ("i",)), asked]
    if name != "fresh":  # whose time must be one
        assert found(polars_expectations, rules, table) == found(expectations, rules, table)


def test_the_gate_finds_the_same_in_a_table_with_many_rows(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted faults of most rules; what counts as many rows is set to two."""
    database.write("shops", SHOPS | {"id": ["1", "1", "3"], "size": ["-5", "", "big"]})
    sales = {name: [*values, values[1]] for name, values in SALES.items()}
    database.write("sales", sales | {"shop": ["1", "9", "3", "8", "9"]})
    database.demand("tables/sales/expectations", [{"kind": "rows", "least": 9}])
    contract = load_contract(database.contract)
    data = read_tables(contract)
    one = gate.check_tables(contract, data)
    monkeypatch.setattr(gate, "MOST_ROWS", 2)
    other = gate.check_tables(contract, data)
    assert len(one.broken) > 5
    assert one.checks == other.checks
    for name, faults in one.faults.items():
        assert faults.equals(other.faults[name])
