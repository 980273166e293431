"""How often `whence diff` tells an effect as changed: where only the seed did, and where data did.

Run: python -m tests.benchmarks.changed_effects FOLDER [SEEDS, default 10]

One generated database is run under several seeds as it is, with most of the missing weights filled
in (``mended``), with far more weights missing and distances wrong (``worn``), and with one per cent
more sales (``grown``). Runs are kept in FOLDER; what is there is taken from its cache. What really
changed is told by the means over all seeds.
"""

import itertools
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from flows.environment import quiet_environment
from flows.parameters import AnalysisParameters
from tasks.calibration.coverage.database import (
    WRONG_DISTANCE,
    Law,
    Tables,
    draw_items,
    draw_sales,
)
from tasks.locations import resource
from tasks.report.across_runs.changed_effects import ChangedEffect, changed_effects
from tasks.report.across_runs.changed_shares import changed_shares
from tasks.report.across_runs.load_run import load_run
from tasks.report.across_runs.run_record import RunRecord
from tasks.run_store import RunStore

LAW = Law(
    work=1.5,
    way=0.8,
    kind=(0.0, 1.0, -1.0, 0.5),
    segment=(0.0, 1.0, -1.0),
    noise_sd=1.0,
    missing_weights=0.35,
    missing_prices=0.1,
    wrong_distances=0.12,
    missing_segments=0.15,
    orphans=0.05,
    price_noise=0.4,
)
ROWS = (900, 1000)
FILLED, LOST, WRONG, MORE = 0.8, 0.7, 0.4, 20
SIZES: dict[str, object] = {
    "members": 16,
    "replicates": 8,
    "top_columns": 4,
    "ranges": 2,
    "retrain": 2,
    "retrain_rows": 1000,
}
VARIANTS = ("as it is", "mended", "worn", "grown")
TOLD = (0.5, 0.8, 0.95)
CLEAR = 3.0
"""Standard errors of the means over all seeds beyond which an effect has really changed."""


def databases() -> dict[str, Tables]:
    """The variants of one database."""
    rng = np.random.default_rng(1)
    pair = draw_sales(LAW, draw_items(LAW, rng), rng, (ROWS[0] + MORE, ROWS[1]), 0, 400)
    grown = pair.faulty
    whole = grown | {"sales": grown["sales"].filter(pl.col("sale") >= MORE)}
    items, true = whole["items"], pair.clean["items"]["weight"]
    filled = pl.Series(rng.random(items.height) < FILLED)
    mended = items.with_columns(
        pl.when(filled).then(true).otherwise(pl.col("weight")).alias("weight")
    )
    lost = items["weight"].set(pl.Series(rng.random(items.height) < LOST), None)
    customers = whole["customers"]
    wrong = pl.Series(rng.random(customers.height) < WRONG)
    worn = {
        "items": items.with_columns(lost),
        "customers": customers.with_columns(customers["distance"].set(wrong, WRONG_DISTANCE)),
    }
    return {
        "as it is": whole,
        "mended": whole | {"items": mended},
        "worn": whole | worn,
        "grown": grown,
    }


def analyse(folder: Path, seeds: Sequence[int]) -> dict[str, list[RunRecord]]:
    """Runs of each variant, one a seed."""
    os.environ.update(WHENCE_RUNS=str(folder / "runs"), WHENCE_DATA=str(folder / "data"))
    os.environ["PREFECT_HOME"] = str(folder / "prefect")
    quiet_environment(debug=False)
    from flows.intervention_analysis import intervention_analysis
    from flows.local_run import run_locally

    found: dict[str, list[RunRecord]] = {}
    for variant, tables in databases().items():
        source = folder / "sources" / variant.replace(" ", "-")
        source.mkdir(parents=True, exist_ok=True)
        for name, frame in tables.items():
            frame.write_csv(source / f"{name}.csv")
        runs = []
        for seed in seeds:
            values = SIZES | {
                "domain": str(resource("data_contracts", "examples", "coverage_study.yaml")),
                "source": str(source),
                "seed": seed,
            }
            parameters = AnalysisParameters.model_validate(values)
            run = run_locally(intervention_analysis, parameters)
            runs.append(load_run(RunStore.current(), run))
            print(variant, seed, run, flush=True)
        found[variant] = runs
    return found


def really_changed(before: Iterable[RunRecord], after: Iterable[RunRecord]) -> dict[str, float]:
    """By re-scored action, z-score of the change of its mean over all seeds."""

    def means(runs: Iterable[RunRecord]) -> dict[str, list[float]]:
        found: dict[str, list[float]] = {}
        for run in runs:
            for effect in run.report.effects:
                found.setdefault(f"{effect.intervention} {effect.node}", []).append(
                    effect.effect.mean
                )
        return found

    old, new = means(before), means(after)
    return {
        name: (np.mean(new[name]) - np.mean(old[name]))
        / np.hypot(*(np.std(of[name], ddof=1) / np.sqrt(len(of[name])) for of in (old, new)))
        for name in old.keys() & new.keys()
        if min(len(old[name]), len(new[name])) > 2
    }


def describe(title: str, pairs: Sequence[tuple[RunRecord, RunRecord]]) -> list[list[ChangedEffect]]:
    """Print how often effects of pairs of runs are told as changed."""
    found = [changed_effects(*pair) for pair in pairs]
    probabilities = [[one.probability for one in of] for of in found]
    every = np.concatenate(probabilities)
    z = np.array([one.difference / one.error for of in found for one in of])
    any_told = [np.mean([max(of) > told for of in probabilities]) for told in TOLD]
    print(
        f"{title:28} {len(pairs):4} pairs {len(every):5} effects  sd of z {z.std():.2f}  "
        + "  ".join(
            f"P > {told}: {np.mean(every > told):.4f} of effects, in {some:.3f} of pairs"
            for told, some in zip(TOLD, any_told, strict=True)
        )
    )
    shares = [
        [of.probability for of in changed_shares(*pair) if of.probability is not None]
        for pair in pairs
    ]
    any_share = np.mean([max(of) > TOLD[-1] for of in shares])
    print(f"{'':28} shares: {TOLD[-1]} is passed in {any_share:.3f} of pairs")
    return found


def main() -> None:
    folder = Path(sys.argv[1]).absolute()
    runs = analyse(folder, range(1, int(sys.argv[2]) + 1 if len(sys.argv) > 2 else 11))
    as_it_is = runs["as it is"]
    for variant in VARIANTS:
        describe(f"{variant}, other seed", list(itertools.combinations(runs[variant], 2)))
    for variant in VARIANTS[1:]:
        same = list(zip(as_it_is, runs[variant], strict=True))
        others = [
            (one, other)
            for one, other in itertools.product(as_it_is, runs[variant])
            if one.report.settings["seed"] != other.report.settings["seed"]
        ]
        describe(f"{variant}, same seed", same)
        found = [one for of in describe(f"{variant}, other seed too", others) for one in of]
        for name, z in sorted(really_changed(as_it_is, runs[variant]).items()):
            told = [one.probability > TOLD[-1] for one in found if one.name == name]
            mark = "changed" if abs(z) > CLEAR else ""
            print(f"    {name:50} z over all seeds {z:6.1f} {mark:8} told {np.mean(told):.2f}")


if __name__ == "__main__":
    main()
