"""The demo's faults are planted where it says, and its twin has none of them."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tasks.contract import load_contract
from tasks.domain import DemoSource, FolderSource
from tasks.relations.demo import Demo, generate_demo
from tasks.relations.features import build_features
from tasks.relations.gate import ROW, check_tables
from tasks.relations.sources import read_tables


@pytest.fixture(scope="module")
def demo() -> Demo:
    return generate_demo(5000, seed=3)


def test_the_same_seed_gives_the_same_database(demo: Demo) -> None:
    again, other = generate_demo(5000, seed=3), generate_demo(5000, seed=4)
    assert all(again.tables[name].equals(frame) for name, frame in demo.tables.items())
    assert not other.tables["documents"].equals(demo.tables["documents"])


def test_faults_are_where_they_are_said_to_be_and_nowhere_else(demo: Demo) -> None:
    changed = {
        (fault.table, fault.column): set(fault.rows.tolist())
        for fault in demo.faults
        if fault.column
    }
    changed["plants", "surveyed"] = changed["plants", "capacity"]
    for name, clean in demo.clean.items():
        faulty = demo.tables[name].head(clean.height)
        for column in clean.columns:
            differs = ~clean[column].eq_missing(faulty[column])
            assert set(differs.arg_true()) <= changed.get((name, column), set())
            if (name, column) in changed and column != "efficiency":
                assert set(differs.arg_true()) == changed[name, column]
    (repeated,) = (fault for fault in demo.faults if fault.kind == "duplicate")
    extra = demo.tables["documents"][repeated.rows]
    assert extra.height == demo.tables["documents"].height - demo.clean["documents"].height == 100
    assert set(extra["document"]) <= set(demo.clean["documents"]["document"])


def test_the_error_of_the_noisy_column_is_of_the_size_it_has() -> None:
    errors = [
        generate_demo(100, seed=seed).tables["plants"]["efficiency"]
        - generate_demo(100, seed=seed).clean["plants"]["efficiency"]
        for seed in range(20)
    ]
    inside = pl.concat(errors).to_numpy()
    assert np.std(inside) == pytest.approx(0.08, rel=0.2)  # cut at an efficiency of 1


def test_the_lead_time_is_explained_by_the_clean_twin_and_not_by_the_lot(demo: Demo) -> None:
    documents = demo.clean["documents"]
    joined = documents.join(demo.clean["plants"], on="plant")
    joined = joined.join(demo.clean["items"], on="item").join(
        demo.clean["customers"], on="customer"
    )
    load = (
        joined["quantity"] * joined["weight"] / joined["capacity"] / joined["efficiency"]
    ).sqrt()
    known = np.column_stack(
        [np.ones(joined.height), load, joined["efficiency"], joined["distance"], joined["age"]]
        + [joined["category"] == kind for kind in ("castings", "gears", "shafts")]
    )
    y = joined["lead_time"].to_numpy()
    coefficients, *_ = np.linalg.lstsq(known, y, rcond=None)
    residuals = y - known @ coefficients
    expected = np.where(joined["segment"] == "public", 2.0, 0.8)
    assert np.sqrt(np.mean(residuals**2)) == pytest.approx(np.sqrt(np.mean(expected**2)), rel=0.03)
    correlation = np.corrcoef(documents["lot"], documents["lead_time"])[0, 1]
    assert abs(correlation) < 4 / np.sqrt(documents.height)


def test_the_gate_finds_what_a_contract_can_find() -> None:
    contract = load_contract("demo")
    assert isinstance(contract.source, DemoSource)
    demo = generate_demo(contract.source.documents, contract.source.seed)
    result = check_tables(contract, read_tables(contract))
    assert result.blocking == ()
    for kind, column in (
        ("missing", "weight"),
        ("out of range", "distance"),
        ("orphan", "item"),
        ("duplicate", ROW),
        ("stale", "capacity"),
    ):
        (fault,) = (fault for fault in demo.faults if fault.kind == kind)
        marked = result.faults[fault.table][column].arg_true().to_numpy()
        if kind == "orphan":  # a repeated row is dropped, not mended
            marked = marked[marked < contract.source.documents]
        np.testing.assert_array_equal(marked, fault.rows)


@pytest.mark.parametrize("seed", range(20))
def test_a_stale_capacity_was_surveyed_years_before_the_others(seed: int) -> None:
    contract = load_contract("demo")
    most = contract.tables["plants"].columns["capacity"].most_days
    assert most is not None
    demo = generate_demo(100, seed)
    (stale,) = (fault for fault in demo.faults if fault.kind == "stale")
    times, clean = (tables["plants"]["surveyed"] for tables in (demo.tables, demo.clean))
    days = (times.max() - times).dt.total_days()
    assert (days > most).arg_true().to_list() == stale.rows.tolist()
    assert (clean.max() - clean).dt.total_days().max() < 366
    assert clean.max() < demo.clean["documents"]["day"].min()


def test_the_gate_finds_nothing_in_the_clean_twin(tmp_path: Path) -> None:
    contract = load_contract("demo")
    contract = contract.model_copy(update={"source": FolderSource(kind="parquet")})
    for name, frame in generate_demo(1000, seed=2).clean.items():
        frame.write_parquet(tmp_path / f"{name}.parquet")
    result = check_tables(contract, read_tables(contract, tmp_path))
    assert result.broken == ()


def test_its_features_are_those_of_the_document_and_its_parents() -> None:
    contract = load_contract("demo")
    tables = {name: data.frame for name, data in read_tables(contract).items()}
    table = build_features(contract, tables, contract.tasks["lead-time"])
    names = set(table.features.columns)
    assert {"->plant plants.efficiency value", "->item items.weight value"} <= names
    assert {"documents.quantity value", "documents.lot value"} <= names
    assert "documents.lead_time value" not in names
    assert "->plant<-documents.plant documents.lead_time mean" in names
    assert not any("surveyed" in name for name in names)
