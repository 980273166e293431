"""A small domain whose every fault is planted by the test itself."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

CONTRACT: dict[str, Any] = {
    "name": "shops",
    "title": "Shops",
    "source": {"kind": "csv", "location": "data"},
    "tables": {
        "shops": {
            "primary_key": "id",
            "columns": {
                "id": {"type": "integer"},
                "city": {"type": "category", "values": ["서울", "부산"]},
                "size": {"type": "number", "range": [0, 1000], "required": True},
            },
        },
        "sales": {
            "primary_key": "sale",
            "foreign_keys": {"shop": "shops"},
            "most_orphans": 0.3,
            "time": "day",
            "missing": ["\\N"],
            "columns": {
                "sale": {"type": "integer"},
                "shop": {"type": "integer"},
                "day": {"type": "time", "required": True, "severity": "block"},
                "amount": {"type": "number", "missing": ["-999"]},
                "paid": {"type": "boolean"},
            },
        },
    },
    "tasks": {
        "amount": {
            "kind": "column",
            "output": "regression",
            "table": "sales",
            "column": "amount",
            "split": {"validation": "2020-01-01", "test": "2021-01-01"},
        }
    },
}
SHOPS = {"id": ["1", "2", "3"], "city": ["서울", "부산", "서울"], "size": ["10", "20.5", "30"]}
SALES = {
    "sale": ["1", "2", "3", "4"],
    "shop": ["1", "2", "3", "1"],
    "day": ["2020-01-01", "2020-01-02 10:30:00", "2020-01-03", "2020-01-04"],
    "amount": ["1.5", "2", "\\N", "4e2"],
    "paid": ["true", "0", "Yes", ""],
}


class Database:
    """Files of the small domain; a test changes them before it reads them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "data").mkdir()
        self.contract = folder / "shops.yaml"
        self.contract.write_text(
            yaml.safe_dump(CONTRACT, allow_unicode=True, sort_keys=False), encoding="utf-8"
        )
        self.write("shops", SHOPS)
        self.write("sales", SALES)

    def path(self, table: str) -> Path:
        return self.folder / "data" / f"{table}.csv"

    def write(self, table: str, columns: dict[str, list[str]]) -> None:
        pl.DataFrame(columns).write_csv(self.path(table))

    def demand(self, path: str, value: object) -> None:
        """Set one entry of the contract."""
        contract = yaml.safe_load(self.contract.read_text(encoding="utf-8"))
        *parents, last = path.split("/")
        place = contract
        for parent in parents:
            place = place[parent]
        place[last] = value
        self.contract.write_text(
            yaml.safe_dump(contract, allow_unicode=True, sort_keys=False), encoding="utf-8"
        )

    def change(self, table: str, column: str, values: list[str]) -> None:
        self.write(
            table,
            pl.read_csv(self.path(table), infer_schema=False).to_dict(as_series=False)
            | {column: values},
        )


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path)
