"""Keys, faults and contracts of real databases, found without a contract."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from flows.cli import main
from tasks.contract import load_contract
from tasks.relations.features import build_features
from tasks.relations.gate import check_tables
from tasks.relations.location import refuse_block
from tasks.relations.profiling.database import open_database
from tasks.relations.profiling.profile import DatabaseProfile, profile_database
from tasks.relations.sources import read_tables

TARGETS = {
    "f1": "results.points",
    "stack": "Posts.Score",
    "retail": "transactions.sales_value",
    "erp_adventureworks": "PurchaseOrderDetail.RejectedQty",
}
NOT_LISTED = {
    # Its twin SizeUnitMeasureCode is listed; all of its 205 values are keys of UnitMeasure.
    "erp_adventureworks": {"Product.WeightUnitMeasureCode>UnitMeasure.UnitMeasureCode"},
}


@pytest.fixture(scope="module", params=list(TARGETS))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def folder(name: str, shared: Callable[[str], Path]) -> Path:
    return shared(name)


@pytest.fixture(scope="module")
def profile(folder: Path) -> DatabaseProfile:
    return profile_database(open_database(str(folder), refuse_block, folder))


@pytest.fixture(scope="module")
def verified(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "verified_schema.json").read_text("utf-8"))
    return content


def test_foreign_keys_and_their_orphans_are_those_that_were_counted(
    name: str, profile: DatabaseProfile, verified: dict[str, Any]
) -> None:
    """Precision and recall of 1, where columns that point to their own table are counted, too."""
    left_out = {note.split()[3] for note in profile.notes if note.startswith("The foreign key")}
    found = {
        f"{key.table}.{key.column}>{key.parent}.{profile.primary_keys[key.parent][0]}": key.orphans
        for key in profile.foreign_keys
    }
    counted = {
        entry["fk"]: entry["orphans"]
        for entry in verified["foreign_keys"]
        if entry["fk"].partition(">")[0] not in left_out
    }
    assert {key: found[key] for key in found if key not in NOT_LISTED.get(name, set())} == counted


def test_single_primary_keys_are_those_that_were_counted(
    profile: DatabaseProfile, verified: dict[str, Any]
) -> None:
    for table, counted in verified["tables"].items():
        assert profile.rows_of(table) == counted["rows"]
        if len(counted["primary_key"]) == 1:
            assert list(profile.primary_keys[table]) == counted["primary_key"]


def test_missing_values_are_those_that_were_counted(
    profile: DatabaseProfile, verified: dict[str, Any]
) -> None:
    for table, counted in verified["tables"].items():
        rows = profile.rows_of(table)
        for column, found in profile.tables[table].items():
            share = counted["missing_share"].get(column, 0)
            assert found.missing / rows == pytest.approx(share, abs=6e-4), f"{table}.{column}"


def test_the_draft_is_a_contract_that_the_data_meet(
    name: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    draft = tmp_path / "초안.yaml"
    arguments = ["profile", str(folder), "--target", TARGETS[name], "-o", str(draft)]
    assert main(arguments) == 0
    said = capsys.readouterr().out
    assert f"Predicted is {TARGETS[name]} (" in said
    contract = load_contract(draft)
    assert yaml.safe_load(draft.read_text(encoding="utf-8"))["name"] == "초안"
    tables = read_tables(contract)
    assert not check_tables(contract, tables).blocking
    (task,) = contract.tasks.values()
    frames = {table: data.frame for table, data in tables.items()}
    assert build_features(contract, frames, task).rows.height > 1000
    assert main(arguments) == 2
    assert "exists already" in capsys.readouterr().err
