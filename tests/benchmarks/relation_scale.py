"""Time and memory from the tables to the features, or of whole runs, as the rows grow.

A generated database: facts with five parents, two of which have child tables of their own events.
Each size runs in a process of its own. Without --whole its steps are reading, the gate, and the
features of at most 100,000 rows of each part of the split, and their peaks are those of the process
until then. With --whole they are the steps of ``whence run``, and their peaks those of the process
with all that it started. Sizes follow one another in one call: growth is told as the ratio to the
size before.

Run: python -m tests.benchmarks.relation_scale [--rows 100000 1000000 10000000] [--kind parquet]
     [--whole] [--folder FOLDER]
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import numpy as np
import polars as pl

from tasks.contract import contract_text
from tasks.domain import Column, ColumnTask, Domain, FolderSource, Split, Table
from tests.benchmarks.process_memory import run_watched

T = TypeVar("T")
Found = dict[str, tuple[float, float]]
"""Seconds and peak memory in GiB of each step."""
PARENTS = {"customers": 20, "products": 200, "stores": 10_000, "staff": 5_000, "carriers": 100_000}
"""How many facts there are to a row of each parent."""
CHILDREN = {"visits": ("customers", 2), "deliveries": ("products", 4)}
"""Parent of each child table, and how many facts there are to one of its rows."""
START = np.datetime64("2020-01-01")
DAYS = 1400
MOST_ROWS = 100_000
SETTINGS = ("members=8", "replicates=4", "retrain=4")
"""Of whole runs."""


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


def measure(folder: Path, kind: str) -> Found:
    """Each step in this process, and its peak memory so far."""
    from tasks.relations.features import build_features
    from tasks.relations.gate import check_tables
    from tasks.relations.row_sample import sample_rows
    from tasks.relations.sources import read_tables
    from tasks.relations.task_rows import task_rows

    domain = contract(folder, kind)
    task, found = domain.tasks["y"], {}

    def timed(name: str, run: Callable[[], T]) -> T:
        began = time.perf_counter()
        result = run()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        found[name] = (time.perf_counter() - began, peak)
        return result

    tables = timed("read", lambda: read_tables(domain))
    timed("gate", lambda: check_tables(domain, tables))
    frames = {name: data.frame for name, data in tables.items()}
    rows = timed("rows", lambda: task_rows(domain, frames, task))
    rows, _ = sample_rows(rows, task.split, MOST_ROWS, 1, "")
    features = timed("features", lambda: build_features(domain, frames, task, rows))
    print(f"{features.rows.height:,} rows, {features.features.width} columns", file=sys.stderr)
    return found


def measure_whole(folder: Path, kind: str) -> Found:
    """Each step of ``whence run``, and the peak memory of all its processes during it."""
    path = folder / "scale.yaml"
    path.write_text(contract_text(contract(folder, kind)), encoding="utf-8")
    settings = [word for setting in SETTINGS for word in ("--set", setting)]
    command = [sys.executable, "-m", "flows.cli", "run", str(path), *settings]
    environment = os.environ | {"WHENCE_RUNS": str(folder / "runs")}
    status, seconds, looks = run_watched(command, folder / "output.txt", environment)
    if status:
        raise SystemExit((folder / "output.txt").read_text(encoding="utf-8")[-2000:])
    (manifest,) = (folder / "runs" / "scale").glob("*/manifest.json")
    record = json.loads(manifest.read_text(encoding="utf-8"))
    began = datetime.fromisoformat(record["began"]).timestamp()
    found: Found = {}
    for title, step in record["steps"].items():
        end = began + step["seconds"]
        during = [memory for moment, memory in looks if began <= moment <= end + 1]
        found[title], began = (step["seconds"], max(during, default=0.0)), end
    return found | {"whole run": (seconds, max(memory for _, memory in looks))}


def measure_apart(folder: Path, kind: str) -> Found:
    """What `measure` finds in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.relation_scale", "--measure", str(folder)]
    done = subprocess.run([*command, "--kind", kind], stdout=subprocess.PIPE, text=True, check=True)
    return {name: (pair[0], pair[1]) for name, pair in json.loads(done.stdout).items()}


def tell(rows: int, found: Found, before: Found) -> None:
    """Print a line a step: seconds, peak, and both as multiples of the size before."""
    print(f"{rows:,} facts", flush=True)
    for name, (seconds, peak) in found.items():
        line = f"  {name:<40}{seconds:>8.1f} s {peak:>6.2f} GiB"
        if before.get(name):
            line += f"   x {seconds / before[name][0]:.1f}, x {peak / before[name][1]:.1f}"
        print(line, flush=True)


def main() -> None:
    """Measure every size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000, 10_000_000])
    parser.add_argument("--kind", choices=["csv", "parquet"], default="parquet")
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--folder", type=Path, help="of the temporary files")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure, options.kind)))
        return
    before: Found = {}
    for rows in options.rows:
        with tempfile.TemporaryDirectory(dir=options.folder) as place:
            write_database(Path(place), rows, options.kind)
            run = measure_whole if options.whole else measure_apart
            found = run(Path(place), options.kind)
        tell(rows, found, before)
        before = found


if __name__ == "__main__":
    main()
