"""Labels of entities with nothing in the window, counted by hand and by brute force."""

from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.contract import check_contract
from tasks.domain import Domain, WindowTask
from tasks.errors import InputError
from tasks.relations.events import LABEL, TIME, window_rows
from tasks.relations.features import build_features

from .window_parts import reaches_over

START = datetime(2024, 1, 1)
SPLIT = {"validation": "2024-02-01", "test": "2024-03-01"}
CUSTOMERS = ["가", "나", "다", "라"]
LARGE = {"column": "amount", "compare": ">=", "value": 5}
Labels = dict[tuple[str, int], float]
"""By the customer and the day of the time t."""


def shop(task: dict[str, Any]) -> tuple[Domain, WindowTask]:
    common = {"kind": "window", "entity": "customers", "events": "orders", "key": "customer"}
    classes = task["aggregate"] in ("any", "none")
    contract = Domain.model_validate(
        {
            "name": "shop",
            "title": "Shop",
            "source": {"kind": "csv"},
            "tables": {
                "customers": {"primary_key": "id", "columns": {"id": {"type": "category"}}},
                "orders": {
                    "foreign_keys": {"customer": "customers"},
                    "time": "day",
                    "columns": {
                        "customer": {"type": "category"},
                        "day": {"type": "time"},
                        "amount": {"type": "number"},
                        "note": {"type": "text"},
                    },
                },
            },
            "tasks": {
                "t": common
                | {"output": "classification" if classes else "regression"}
                | {"start": START.date(), "split": SPLIT}
                | task
            },
        }
    )
    assert list(check_contract(contract)) == []
    (found,) = contract.tasks.values()
    assert isinstance(found, WindowTask)
    return contract, found


def database(
    orders: list[tuple[str | None, float | None, float | None]],
) -> dict[str, pl.DataFrame]:
    """Orders as customer, day after the start, and amount."""
    customers, days, amounts = zip(*orders, strict=True)
    times = [None if day is None else START + timedelta(days=day) for day in days]
    return {
        "customers": pl.DataFrame({"id": CUSTOMERS}),
        "orders": pl.DataFrame(
            {"customer": customers, "day": times, "amount": amounts, "note": ["" for _ in orders]},
            schema={
                "customer": pl.String,
                "day": pl.Datetime("us"),
                "amount": pl.Float64,
                "note": pl.String,
            },
        ),
    }


def labels(tables: dict[str, pl.DataFrame], **task: Any) -> Labels:
    contract, found = shop({"window_days": 10, "step_days": 10, "active_days": 20} | task)
    rows = window_rows(contract, tables, found)
    assert rows.columns == ["customer", TIME, LABEL]
    assert rows.schema[LABEL] == pl.Float64
    assert rows.equals(rows.sort(TIME, "customer"))
    got = {(who, (t - START).days): label for who, t, label in rows.iter_rows()}
    assert len(got) == rows.height
    return got


# Times t are day 0, 10 and 20; the window of day 30 is not complete, as the last order is of
# day 33. 가 orders all the time, 나 stays away after day 0 and is active until day 19, 다 orders
# for the first time on day 5 and for an unknown amount then, 라 comes too late for any t, and
# 마 is no customer.
ORDERS = [
    ("가", 0.0, 1.0),
    ("나", 0.0, 9.0),
    ("다", 5.0, 2.0),
    ("가", 10.0, 4.0),  # in the window of day 0, whose end it is
    ("가", 10.5, 5.0),
    ("다", 12.0, None),
    ("가", 11.0, 7.0),
    ("가", 33.0, 3.0),
    ("라", 33.0, 3.0),
    ("마", 5.0, 3.0),
]
ACTIVE = {("가", 0), ("나", 0), ("가", 10), ("나", 10), ("다", 10), ("가", 20), ("다", 20)}


@pytest.mark.parametrize(
    ("task", "known"),
    [
        (
            {"aggregate": "sum", "column": "amount"},
            {("가", 0): 4, ("가", 10): 12},
        ),
        ({"aggregate": "count"}, {("가", 0): 1, ("가", 10): 2, ("다", 10): 1}),
        ({"aggregate": "count", "condition": LARGE}, {("가", 10): 2}),
        ({"aggregate": "any"}, {("가", 0): 1, ("가", 10): 1, ("다", 10): 1}),
        ({"aggregate": "any", "condition": LARGE}, {("가", 10): 1}),
    ],
)
def test_an_active_entity_without_an_event_has_the_label_0(
    task: dict[str, Any], known: Labels
) -> None:
    assert labels(database(ORDERS), idle="zero", **task) == dict.fromkeys(ACTIVE, 0) | known


@pytest.mark.parametrize(
    ("condition", "some"),
    [(None, {("가", 0), ("가", 10), ("다", 10)}), (LARGE, {("가", 10)})],
)
def test_none_is_1_where_no_event_meets_the_condition(
    condition: dict[str, Any] | None, some: set[tuple[str, int]]
) -> None:
    got = labels(database(ORDERS), aggregate="none", condition=condition, idle="zero")
    assert got == dict.fromkeys(ACTIVE, 1) | dict.fromkeys(some, 0)


def test_left_out_is_left_out() -> None:
    """The negative control: the same entities are gone where the contract does not count them."""
    assert labels(database(ORDERS), aggregate="sum", column="amount") == {
        ("가", 0): 4,
        ("가", 10): 12,
        ("다", 10): 0,  # an order of an unknown amount is an event
    }


def brute_force(tables: dict[str, pl.DataFrame], task: WindowTask) -> Labels:
    day = timedelta(days=1)
    orders = [o for o in tables["orders"].to_dicts() if o["customer"] in CUSTOMERS and o["day"]]
    found: Labels = {}
    last = max((order["day"] for order in orders), default=START - day)
    t = START
    while t + task.window_days * day <= last:
        if reaches_over(t, task):
            t += task.step_days * day
            continue
        for who in {order["customer"] for order in orders}:
            own = [order for order in orders if order["customer"] == who]
            if not any(t - task.active_days * day < order["day"] <= t for order in own):
                continue
            ahead = [order for order in own if t < order["day"] <= t + task.window_days * day]
            if task.idle == "left_out" and not ahead:
                continue
            met = [o for o in ahead if task.condition is None or (o["amount"] or -1) >= 5]
            found[who, (t - START).days] = {
                "sum": sum(order["amount"] or 0 for order in ahead),
                "count": len(met),
                "any": float(len(met) > 0),
                "none": float(len(met) == 0),
            }[task.aggregate]
        t += task.step_days * day
    return found


ORDER = st.tuples(
    st.sampled_from(["가", "나", "다", "마", None]),
    st.none() | st.integers(-40, 240).map(lambda quarter: quarter / 4),
    st.none() | st.integers(0, 9).map(float),
)


@settings(max_examples=60, deadline=None)
@given(
    orders=st.lists(ORDER, min_size=1, max_size=40),
    widths=st.tuples(*[st.integers(1, 25)] * 3),
    aggregate=st.sampled_from(["sum", "count", "any", "none"]),
    conditional=st.booleans(),
    zero=st.booleans(),
)
def test_labels_are_those_of_brute_force(
    orders: list[tuple[str | None, float | None, float | None]],
    widths: tuple[int, int, int],
    aggregate: str,
    conditional: bool,
    zero: bool,
) -> None:
    tables = database(orders)
    before = tables["orders"].clone()
    window, step, active = widths
    needed = aggregate == "none" or (aggregate == "any" and not conditional)
    contract, task = shop(
        {"window_days": window, "step_days": step, "active_days": active}
        | {"aggregate": aggregate, "idle": "zero" if zero or needed else "left_out"}
        | {"column": "amount" if aggregate == "sum" else None}
        | {"condition": LARGE if conditional and aggregate != "sum" else None}
    )
    expected = brute_force(tables, task)
    if not expected:
        ahead = "" if task.idle == "zero" else f" and {window} days after"
        with pytest.raises(InputError, match=f"{active} days before{ahead} any time from"):
            window_rows(contract, tables, task)
        return
    rows = window_rows(contract, tables, task)
    got = {(who, (t - START).days): label for who, t, label in rows.iter_rows()}
    assert got == expected
    assert tables["orders"].equals(before)


def test_the_past_of_an_idle_entity_is_its_features() -> None:
    contract, task = shop(
        {"aggregate": "none", "idle": "zero"}
        | {"window_days": 10, "step_days": 10, "active_days": 20}
    )
    table = build_features(contract, database(ORDERS), task)
    days = table.features["<-orders.customer orders.* days since"]
    known = dict(zip(table.rows.select("customer", TIME).iter_rows(), days, strict=True))
    assert known["나", START + timedelta(days=10)] == 10
    assert known["가", START + timedelta(days=20)] == 9
