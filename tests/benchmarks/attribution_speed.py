"""Attribution of boosted trees: predictions of hybrid rows by masks of leaves against scikit-learn.

One run, one ensemble, the same coalitions. Scikit-learn predicts on all cores: by its own threads,
and, since these wait for each other, also one member a core. Some of its steps and members are
timed, and their time is scaled up to all.

Run: python tests/benchmarks/attribution_speed.py
"""

import argparse
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from sklearn.inspection import permutation_importance

from tasks.attribution.baseline import baseline_of
from tasks.attribution.hierarchy import single_columns
from tasks.attribution.members import split_members
from tasks.attribution.owen import Precision, owen_shares
from tasks.compiled import compiled
from tasks.cores import one_thread, usable_cores
from tasks.uncertainty.bagging import fit_bagged
from tasks.uncertainty.boosting import BoostingSettings
from tasks.uncertainty.hybrids import TreeHybrids
from tasks.uncertainty.masked_trees import MaskedTrees, Masks
from tasks.uncertainty.protocol import FloatArray, IntArray
from tasks.uncertainty.tree_ensemble import TreeEnsemble
from tasks.uncertainty.value_codes import Codes

CHUNK = 2**21  # predictions that are held at a time
REPETITIONS = 3
COPIED = 2**25  # doubles (256 MiB)
UPDATED = 1024  # masks and codes of 6 KiB
UPDATES = 200_000
OPERATIONS = {"node": 4, "table": 2, "change": 5, "first leaf": 3}
"""Subtract, compare, select, AND; look up, AND; AND, count zeros, look up, subtract, add; ..."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, value in {
        "rows": 50_000,
        "fit-rows": 5_000,
        "columns": 30,
        "members": 20,
        "trees": 100,
        "leaves": 31,
        "timed-steps": 5,
        "timed-members": 4,
    }.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    return parser.parse_args()


def seconds(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def sample(n_rows: int, n_columns: int) -> tuple[FloatArray, FloatArray]:
    """Numbers with gaps, every fifth column a category of 12 codes; all of them matter."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(n_rows, n_columns))
    x[:, ::5] = rng.integers(0, 12, size=x[:, ::5].shape)
    effects = np.where(np.arange(n_columns) % 5 == 0, np.sin(2 * x), np.tanh(x))
    y = effects @ np.linspace(0.3, 1, n_columns) + x[:, 1] * x[:, 2] + rng.normal(size=n_rows)
    x[rng.random(x.shape) < 0.03] = np.nan
    return x, y


def walk(hybrids: TreeHybrids, donors: IntArray, joins: IntArray, n_steps: int) -> None:
    """Predict all rows at all steps, some rows at a time, as attribution does."""
    at_once = max(1, CHUNK // (n_steps * hybrids.n_members))
    for first in range(0, len(donors), at_once):
        rows = slice(first, min(first + at_once, len(donors)))
        hybrids.predict_steps(rows, donors[rows], joins, n_steps)


def library_seconds(work: Callable[[Any], object], models: Sequence[Any]) -> tuple[float, float]:
    """Seconds a member on all cores: by the library's own threads, and one member a core."""

    def on_one_core(model: Any) -> None:
        with one_thread():
            work(model)

    with ThreadPoolExecutor(usable_cores()) as pool:
        own_threads = seconds(lambda: [work(model) for model in models])
        member_a_core = seconds(lambda: list(pool.map(on_one_core, models)))
    return own_threads / len(models), member_a_core / len(models)


def counts(trees: MaskedTrees, n_steps: int) -> tuple[float, float, dict[str, float]]:
    """Bytes loaded and stored, bytes from and to memory, operations; a row, tree and evaluation.

    A node and a table are passed twice, by the row and by its donor. A node loads a code (2) and
    loads and stores a mask; a table also loads an entry. A slot copies a mask and changes a leaf:
    two masks, a leaf value (8), the last value (8 and 8) and the change (8 and 8). A first leaf
    loads a mask and its value, and adds it to a sum. Steps end with a load of the change, a sum
    (8 and 8) and a store, once an output. From memory come the codes, once; sums go there.
    """
    width = trees.left_out.dtype.itemsize
    n_trees, n_outputs = trees.trees_of[-1], len(trees.trees_of) - 1
    slots, tables = len(trees.feature), int((trees.table >= 0).sum())
    nodes = trees.nodes_of[-1]
    passed = 2 * nodes * (2 + 2 * width) + 2 * tables * (2 + 3 * width)
    moved = passed + slots * (2 * width + 2 * width + 40) + n_trees * (width + 32)
    moved += 32 * n_steps * n_outputs
    far = 2 * 2 * (trees.feature.max() + 1) + 8 * n_steps * n_outputs
    found = {"node": 2 * nodes, "table": 2 * tables, "change": slots, "first leaf": n_trees}
    unit = n_trees * n_steps
    return moved / unit, far / unit, {name: n / unit for name, n in found.items()}


def copy_bandwidth() -> float:
    """Bytes a second that all cores read and write when they copy a large array."""
    source, target = np.ones((usable_cores(), COPIED)), np.zeros((usable_cores(), COPIED))
    elapsed = on_all_cores(lambda core: np.copyto(target[core], source[core]))
    return 2 * source.nbytes / elapsed


@compiled
def update_masks(masks: Masks, codes: Codes, updates: int) -> None:
    everything = ~masks.dtype.type(0)
    for update in range(updates):
        low, left_out = np.uint16(update), masks.dtype.type(~update)
        for i in range(len(masks)):
            goes_left = np.uint16(codes[i] - low) <= 9
            masks[i] &= everything if goes_left else left_out


def integer_throughput(dtype: np.dtype[Any]) -> float:
    """Operations of nodes a second on all cores, on arrays in the first-level cache."""
    masks = np.full((usable_cores(), UPDATED), 2**31, dtype=dtype)
    codes = np.arange(UPDATED, dtype=np.uint16)
    elapsed = on_all_cores(lambda core: update_masks(masks[core], codes, UPDATES))
    return OPERATIONS["node"] * UPDATES * masks.size / elapsed


def on_all_cores(work: Callable[[int], object]) -> float:
    """Fewest seconds of some tries in which every core does some work."""
    with ThreadPoolExecutor(usable_cores()) as pool:
        cores = range(usable_cores())
        return min(seconds(lambda: list(pool.map(work, cores))) for _ in range(1 + REPETITIONS))


def compare(ensemble: TreeEnsemble, x: FloatArray, y: FloatArray, size: argparse.Namespace) -> None:
    rng = np.random.default_rng(2)
    n_rows, n_columns = x.shape
    donors, joins = rng.permutation(n_rows), rng.permutation(n_columns)
    hybrids = ensemble.hybrids(x)
    assert isinstance(hybrids, TreeHybrids)
    assert isinstance(hybrids.trees, MaskedTrees)
    walk(hybrids, donors[:2000], joins, n_columns)
    setup = seconds(lambda: ensemble.hybrids(x))
    whole = min(
        seconds(lambda: walk(hybrids, donors, joins, n_columns)) for _ in range(REPETITIONS)
    )
    steps = np.unique(np.linspace(0, n_columns - 1, size.timed_steps, dtype=int)).tolist()
    edited = [np.where(joins <= step, x[donors], x) for step in steps]
    timed = ensemble.models[: size.timed_members]
    by_step = library_seconds(lambda model: [model.predict(rows) for rows in edited], timed)
    copies = [each * ensemble.n_members * n_columns / len(steps) for each in by_step]

    def single() -> None:
        for column in range(n_columns):
            walk(hybrids, donors, (np.arange(n_columns) != column).astype(np.int64), 1)

    singles = seconds(single)
    by_member = library_seconds(
        lambda model: permutation_importance(model, x, y, n_repeats=1, random_state=1),
        ensemble.models[: usable_cores()],
    )
    permuted = [each * ensemble.n_members for each in by_member]
    print(f"\n{'seconds':<18}{'masks':>9}{'own threads':>13}{'member a core':>15}{'ratio':>8}")
    for name, ours, theirs in (
        ("a whole order", whole, copies),
        ("single columns", singles, permuted),
    ):
        ratio = min(theirs) / ours
        print(f"{name:<18}{ours:>9.2f}{theirs[0]:>13.1f}{theirs[1]:>15.1f}{ratio:>8.1f}")
    print(f"library's times scaled up: predict from {len(steps)} of {n_columns} steps and")
    print(
        f"{len(timed)} of {ensemble.n_members} members; permutation_importance (n_repeats=1) from"
    )
    print(f"{usable_cores()} members. Masks and codes of all rows take {setup:.2f} s before that.")
    found = hybrids.predict_steps(slice(0, 1000), donors[:1000], joins, n_columns)[steps, :, 0]
    expected = np.stack([ensemble.predict_members(rows[:1000]) for rows in edited])
    largest = np.abs(found - expected).max() / np.abs(expected).max()
    print(f"largest difference of 1000 rows: {largest:.1e} of the largest prediction")
    evaluations = n_rows * hybrids.trees.trees_of[-1]
    print_throughput(hybrids.trees, n_columns, whole / evaluations / n_columns)
    print(f"in single columns: {singles / evaluations / n_columns * 1e9:.3f} ns")


def print_throughput(trees: MaskedTrees, n_steps: int, elapsed: float) -> None:
    """Of a whole order; `elapsed` is a row, tree and evaluation."""
    moved, far, found = counts(trees, n_steps)
    operations = sum(OPERATIONS[name] * n for name, n in found.items())
    bandwidth, peak = copy_bandwidth(), integer_throughput(trees.left_out.dtype)
    print(f"\na row, tree and evaluation: {elapsed * 1e9:.3f} ns")
    print(", ".join(f"{name} {n:.2f}" for name, n in found.items()))
    print(f"{'':<28}{'count':>8}{'G a second':>12}{'measured G':>12}{'share':>8}")
    for name, count, most in (
        ("bytes loaded and stored", moved, bandwidth),
        ("bytes from and to memory", far, bandwidth),
        ("operations", operations, peak),
    ):
        rate = count / elapsed
        print(f"{name:<28}{count:>8.2f}{rate / 1e9:>12.1f}{most / 1e9:>12.1f}{rate / most:>8.1%}")
    print("measured: a copy of large arrays; updates of masks in the first-level cache. The caches")
    print("serve nearly all loads and stores, so that these may exceed what memory gives.")


def owen_seconds(ensemble: TreeEnsemble, x: FloatArray, rounds: int) -> float:
    n_rows, n_columns = x.shape
    columns = single_columns({f"c{k}": (k,) for k in range(n_columns)})
    nothing, everyone = np.zeros(n_rows, dtype=int), np.arange(n_rows)
    codes = np.zeros((n_columns, n_rows), dtype=int)
    fixed = Precision(1e-9, rounds, rounds)

    def shares() -> None:
        base = baseline_of(ensemble.hybrids(x), x, split_members(ensemble.n_members))
        owen_shares(base, columns, codes, everyone, nothing, np.random.default_rng(3), fixed)

    return seconds(shares)


def print_costs(ensemble: TreeEnsemble, x: FloatArray) -> None:
    owen_seconds(ensemble, x[:2000], 2)
    n_rows, n_members = len(x), ensemble.n_members
    runs: dict[str, Sequence[tuple[int, int, int]]] = {
        "rows": [(n, n_members, 2) for n in (n_rows // 4, n_rows // 2, n_rows)],
        "members": [
            (n_rows, b, 2) for b in sorted({max(2, n_members // parts) for parts in (4, 2, 1)})
        ],
        "rounds": [(n_rows, n_members, rounds) for rounds in (2, 4, 8)],
    }
    print(f"\nOwen shares of {x.shape[1]} columns; a round is an order and its reverse")
    print(f"{'':<9}{'rows':>8}{'members':>9}{'rounds':>8}{'seconds':>9}{'ms a unit':>11}")
    for place, (name, sizes) in enumerate(runs.items()):
        for run in sizes:
            n, members, rounds = run
            elapsed = owen_seconds(ensemble.subset(range(members)), x[:n], rounds)
            unit = 1000 * elapsed / run[place]
            print(f"{name:<9}{n:>8}{members:>9}{rounds:>8}{elapsed:>9.2f}{unit:>11.4g}")


def main() -> None:
    size = arguments()
    x, y = sample(size.rows, size.columns)
    fit_rows = min(size.fit_rows, size.rows)
    settings = BoostingSettings(size.trees, 0.1, size.leaves)
    ensemble = fit_bagged(
        x[:fit_rows], y[:fit_rows], seed=1, categorical=range(0, size.columns, 5),
        members=size.members, settings=settings, workers=usable_cores(),
    )  # fmt: skip
    print(
        f"{size.rows:,} rows, {size.columns} columns, {size.members} members of {size.trees} trees "
        f"of up to {size.leaves} leaves, fitted to {fit_rows:,} rows; {usable_cores()} cores"
    )
    compare(ensemble, x, y, size)
    print_costs(ensemble, x)


if __name__ == "__main__":
    main()
