"""Beliefs against data: time and memory of the streamed statistics, time of verdicts and updates.

Each scan runs in a process of its own, so that its peak memory is its own too.

Run: python tests/benchmarks/belief_speed.py
"""

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

from tasks.beliefs.belief import Belief
from tasks.beliefs.conflict import conflict
from tasks.beliefs.conflict_record import Decision, Strategy, Update
from tasks.beliefs.cut_law import Floats
from tasks.beliefs.data_side import DataSide, from_draws, from_log_likelihood
from tasks.beliefs.statistics import sufficient_statistics
from tasks.beliefs.update import update

ROWS = 10_000_000
PART = 1_000_000
COLUMNS = ("weight", "price", "sold")
SCANS: dict[str, Callable[[Path], pl.LazyFrame]] = {
    ".parquet": pl.scan_parquet,
    ".csv": pl.scan_csv,
}
ESTIMATES = (0.10, 0.15, 0.25, 0.30, 0.20)
SE = 0.05
FLAT = Belief.of("uniform", {"low": 0.0, "high": 1.0}, 0, 1)
CLIENT = Belief.of("normal", {"mean": 0.4, "sd": 0.1}, 0, 1)
DECISION = Decision(threshold=0.2, worth=1e6)
STRATEGIES: tuple[Strategy, ...] = ("evidence_weighted", "power_prior", "replace", "keep")


def write_tables(folder: Path) -> dict[str, Path]:
    """Ten million rows of two numbers (one far from 0) and a boolean, as Parquet and CSV."""
    rng = np.random.default_rng(1)
    parts = []
    for place in range(ROWS // PART):
        part = pl.DataFrame(
            {
                "weight": rng.normal(1e9, 1.0, PART),
                "price": rng.lognormal(3, 1, PART),
                "sold": rng.random(PART) < 0.3,
            }
        )
        parts.append(folder / f"{place}.parquet")
        part.write_parquet(parts[-1])
    whole = pl.scan_parquet(parts)
    paths = {suffix: folder / f"table{suffix}" for suffix in SCANS}
    whole.sink_parquet(paths[".parquet"])
    whole.sink_csv(paths[".csv"])
    return paths


def scan(path: Path) -> None:
    """Print seconds, peak memory in MB, and the variance of the column that is far from 0."""
    started = time.perf_counter()
    found = sufficient_statistics(SCANS[path.suffix](path), COLUMNS)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{seconds:>10.2f}{peak:>12.0f}{found['weight'].variance:>14.6f}")


def sides(is_exact: bool) -> list[DataSide]:
    rng = np.random.default_rng(2)
    found = []
    for estimate in ESTIMATES:
        log_likelihood = partial(normal_log_likelihood, estimate)
        if is_exact:
            found.append(from_log_likelihood(log_likelihood, FLAT, [CLIENT]))
            continue
        draws = np.clip(rng.normal(estimate, SE, size=(4, 1000)), 1e-9, 1)
        found.append(from_draws(draws, log_likelihood(draws), FLAT))
    return found


def normal_log_likelihood(estimate: float, x: Floats) -> Floats:
    return np.asarray(-0.5 * ((x - estimate) / SE) ** 2)


def recommend(strategy: Strategy, side: DataSide) -> Update:
    return update("share", side, CLIENT, 0.7, strategy, 1.0, decision=DECISION)


def seconds_of(run: Callable[[DataSide], object], over: list[DataSide]) -> float:
    run(over[0])
    started = time.perf_counter()
    for side in over:
        run(side)
    return time.perf_counter() - started


def main() -> None:
    print(f"{ROWS:,} rows of {len(COLUMNS)} columns")
    print(f"{'':<20}{'seconds':>10}{'peak MB':>12}{'variance':>14}")
    with tempfile.TemporaryDirectory() as folder:
        for suffix, path in write_tables(Path(folder)).items():
            command = [sys.executable, __file__, str(path)]
            line = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            print(f"{suffix:<20}{line}", end="")
    runs: dict[str, Callable[[DataSide], object]] = {
        "conflict": lambda side: conflict("share", side, CLIENT, 0.7, decision=DECISION)
    }
    runs |= {strategy: partial(recommend, strategy) for strategy in STRATEGIES}
    exact, drawn = sides(is_exact=True), sides(is_exact=False)
    print(f"\nseconds for {len(ESTIMATES)} quantities")
    print(f"{'':<20}{'quadrature':>12}{'4000 draws':>12}")
    for name, run in runs.items():
        print(f"{name:<20}{seconds_of(run, exact):>12.3f}{seconds_of(run, drawn):>12.3f}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        scan(Path(sys.argv[1]))
    else:
        main()
