"""Time and memory from the tables to the features, and how they grow with the number of rows.

A generated database: facts with five parents, two of which have child tables of their own events.
Each size runs in a process of its own, whose peak memory is that of the whole process.

Run: python -m tests.benchmarks.relation_scale [--rows 100000 1000000 10000000] [--kind parquet]
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import polars as pl

from tasks.domain import Column, ColumnTask, Domain, FolderSource, Split, Table

T = TypeVar("T")
PARENTS = {"customers": 20, "products": 200, "stores": 10_000, "staff": 5_000, "carriers": 100_000}
"""How many facts there are to a row of each parent."""
CHILDREN = {"visits": ("customers", 2), "deliveries": ("products", 4)}
"""Parent of each child table, and how many facts there are to one of its rows."""
START = np.datetime64("2020-01-01")
DAYS = 1400


def write_database(folder: Path, rows: int, kind: str, seed: int = 1) -> None:
    """Write all tables with so many facts."""
    rng = np.random.default_rng(seed)
    counts = {name: max(10, rows // per) for name, per in PARENTS.items()}

    def save(name: str, frame: pl.DataFrame) -> None:
        path = folder / f"{name}.{kind}"
        frame.write_parquet(path) if kind == "parquet" else frame.write_csv(path)

    def days(n: int) -> pl.Series:
        return pl.Series(START + np.sort(rng.integers(0, DAYS, n)))

    sizes = {}
    for name, count in counts.items():
        sizes[name] = rng.gamma(2.0, 10.0, count)
        kinds = pl.Series(rng.integers(0, 8, count)).cast(pl.String)
        save(name, pl.DataFrame({"id": np.arange(count), "size": sizes[name], "kind": "k" + kinds}))
    for name, (parent, per) in CHILDREN.items():
        n = max(10, rows // per)
        keys = rng.integers(0, counts[parent], n)
        child = {"id": np.arange(n), parent: keys, "day": days(n), "minutes": rng.gamma(2, 5, n)}
        save(name, pl.DataFrame(child))
    keys = {name: rng.integers(0, count, rows) for name, count in counts.items()}
    weight = rng.gamma(2.0, 3.0, rows)
    y = weight + 0.1 * sizes["customers"][keys["customers"]] + rng.normal(0, 1, rows)
    seen = pl.Series(weight).set(pl.Series(rng.random(rows) < 0.05), None)
    facts = {"id": np.arange(rows), **keys, "day": days(rows), "weight": seen, "y": y}
    save("facts", pl.DataFrame(facts))


def contract(folder: Path, kind: str) -> Domain:
    """What the tables hold."""
    number, category = Column(type="number"), Column(type="category")
    key, day = Column(type="integer", required=True), Column(type="time", required=True)
    tables = {
        name: Table(columns={"id": key, "size": number, "kind": category}, primary_key=("id",))
        for name in PARENTS
    }
    for name, (parent, _) in CHILDREN.items():
        columns = {"id": key, parent: key, "day": day, "minutes": number}
        tables[name] = Table(
            columns=columns, primary_key=("id",), foreign_keys={parent: parent}, time="day"
        )
    columns = {"id": key, **dict.fromkeys(PARENTS, key), "day": day, "weight": number, "y": number}
    tables["facts"] = Table(
        columns=columns,
        primary_key=("id",),
        foreign_keys={name: name for name in PARENTS},
        time="day",
    )
    task = ColumnTask.model_validate(
        {
            "kind": "column",
            "output": "regression",
            "table": "facts",
            "column": "y",
            "split": Split.model_validate({"validation": "2022-06-01", "test": "2023-01-01"}),
        }
    )
    source = FolderSource.model_validate({"kind": kind, "location": str(folder)})
    return Domain(name="scale", title="scale", source=source, tables=tables, tasks={"y": task})


def measure(folder: Path, kind: str) -> dict[str, float]:
    """Seconds of each step, and the peak memory of this process after it, in GiB."""
    from tasks.relations.features import build_features
    from tasks.relations.gate import check_tables
    from tasks.relations.sources import read_tables

    domain = contract(folder, kind)
    found: dict[str, float] = {}

    def timed(name: str, run: Callable[[], T]) -> T:
        began = time.perf_counter()
        result = run()
        found[f"{name}, s"] = time.perf_counter() - began
        found[f"{name}, GiB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        return result

    tables = timed("read", lambda: read_tables(domain))
    timed("gate", lambda: check_tables(domain, tables))
    frames = {name: data.frame for name, data in tables.items()}
    features = timed("features", lambda: build_features(domain, frames, domain.tasks["y"]))
    found["columns"] = features.features.width
    return found


def main() -> None:
    """Measure every size, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000, 10_000_000])
    parser.add_argument("--kind", choices=["csv", "parquet"], default="parquet")
    parser.add_argument("--measure", type=Path)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure, options.kind)))
        return
    for rows in options.rows:
        with tempfile.TemporaryDirectory() as place:
            write_database(Path(place), rows, options.kind)
            command = [sys.executable, "-m", "tests.benchmarks.relation_scale", "--measure", place]
            done = subprocess.run(
                [*command, "--kind", options.kind], stdout=subprocess.PIPE, text=True, check=False
            )
        if done.returncode:
            print(f"{rows:>10,} rows: ended with {done.returncode}", flush=True)
            continue
        found = json.loads(done.stdout)
        print(
            f"{rows:>10,} rows: "
            + "; ".join(f"{name} {value:.2f}" for name, value in found.items()),
            flush=True,
        )


if __name__ == "__main__":
    main()
