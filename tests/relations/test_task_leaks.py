"""Columns that one task must not see and another may."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from tasks.contract import check_contract
from tasks.domain import Domain
from tasks.intervention.faulty_database import FaultyDatabase
from tasks.intervention.predictors import known_columns
from tasks.relations.feature_values import usable_columns
from tasks.relations.features import build_features
from tests.contract_parts import column_task, window_task

SPLIT = {"validation": "2020-05-01", "test": "2020-06-01"}
LATE = {"column": "late", "compare": "==", "value": 1}


def domain(leaks: dict[str, list[str]]) -> Domain:
    """Shops and their sales, of which `copy` is what was paid once more."""
    integer, number = {"type": "integer"}, {"type": "number"}
    tasks: dict[str, Any] = {
        "amount": column_task("amount", "regression", SPLIT),
        "rebate": column_task("rebate", "regression", SPLIT),
        "late": window_task(
            "shops",
            "shop",
            10,
            SPLIT,
            output="classification",
            aggregate="any",
            condition=LATE,
            start="2020-01-01",
        ),
    }
    for name, columns in leaks.items():
        tasks[name]["leaks"] = columns
    contract = Domain.model_validate(
        {
            "name": "shops",
            "title": "Shops",
            "source": {"kind": "csv"},
            "tables": {
                "shops": {"primary_key": "id", "columns": {"id": integer, "size": number}},
                "sales": {
                    "foreign_keys": {"shop": "shops"},
                    "time": "day",
                    "columns": {
                        "shop": integer,
                        "day": {"type": "time"},
                        **dict.fromkeys(("amount", "copy", "rebate", "late"), number),
                    },
                },
            },
            "tasks": tasks,
        }
    )
    assert list(check_contract(contract)) == []
    return contract


def tables() -> dict[str, pl.DataFrame]:
    rng = np.random.default_rng(1)
    days = np.sort(rng.integers(0, 180, 120))
    amount = rng.gamma(2.0, 10.0, 120)
    sales = {
        "shop": rng.integers(0, 6, 120),
        "day": [datetime(2020, 1, 1) + timedelta(days=int(day)) for day in days],
        "amount": amount,
        "copy": amount,
        "rebate": rng.normal(size=120),
        "late": rng.integers(0, 2, 120).astype(float),
    }
    return {
        "shops": pl.DataFrame({"id": np.arange(6), "size": rng.normal(size=6)}),
        "sales": pl.DataFrame(sales, schema_overrides={"day": pl.Datetime("us")}),
    }


def features(contract: Domain, task: str) -> set[tuple[str, str, str]]:
    table = build_features(contract, tables(), contract.tasks[task])
    return {("".join(of.path), of.column, of.condition) for of in table.nodes}


def test_a_leak_of_one_task_is_a_feature_of_another() -> None:
    contract = domain({"amount": ["sales.copy"]})
    assert not [of for of in features(contract, "amount") if of[1] == "copy"]
    assert ("", "copy", "") in features(contract, "rebate")
    assert ("<-sales.shop", "copy", "") in features(contract, "late")
    # Without the list the copy of the target is a feature, beside all that is one with it.
    lost = features(domain({}), "amount") - features(contract, "amount")
    assert lost == {("", "copy", ""), ("->shop<-sales.shop", "copy", "")}


def test_the_past_of_a_target_is_a_feature_unless_it_leaks() -> None:
    past = ("->shop<-sales.shop", "amount", "")
    assert past in features(domain({}), "amount")
    assert features(domain({"amount": ["sales.amount"]}), "amount") == (
        features(domain({}), "amount") - {past}
    )


def test_the_past_of_a_condition_is_a_feature_unless_it_leaks() -> None:
    met = ("<-sales.shop", "late", "== 1.0")
    assert met in features(domain({}), "late")
    lost = features(domain({}), "late") - features(domain({"late": ["sales.late"]}), "late")
    assert lost == {met, ("<-sales.shop", "late", "")}


def test_the_leaks_of_the_contract_hold_beside_those_of_the_task() -> None:
    contract = domain({"amount": ["sales.copy"]}).model_copy(update={"leaks": ("sales.rebate",)})
    assert set(usable_columns(contract, contract.tasks["amount"], "sales")) == {
        "day",
        "amount",
        "late",
    }
    assert set(usable_columns(contract, contract.tasks["late"], "sales")) == {
        "day",
        "amount",
        "copy",
        "late",
    }


def test_what_leaks_in_a_task_is_neither_mended_nor_a_predictor_there() -> None:
    contract = domain({"amount": ["sales.copy"]})
    frames = tables()
    faults = {
        name: frame.select(pl.lit(False).alias(column) for column in [*frame.columns, "(row)"])
        for name, frame in frames.items()
    }
    one, other = (
        FaultyDatabase(contract, frames, faults, contract.tasks[task])
        for task in ("amount", "rebate")
    )
    assert set(one.mendable("sales")) == {"rebate", "late"}
    assert set(other.mendable("sales")) == {"amount", "copy", "late"}
    rows = pl.Series([0, 1], dtype=pl.UInt32)
    told = [
        {values.name for _, values in known_columns(database, "sales", rows)}
        for database in (one, other)
    ]
    assert told[0] == {"day", "rebate", "late", "size"}
    assert told[1] == {"day", "amount", "copy", "late", "size"}
