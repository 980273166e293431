"""Learning curves of value ranges against rows that were really held back.

Run: python tests/benchmarks/acquisition_truth.py RESULTS.jsonl DOMAIN SEED...

DOMAIN is demo or f1 (whose folder ../shared/data/f1 must be there). For each seed half of the
training rows of some ranges are held back, one range at a time; the curve is fitted to the rest and
predicts what all rows bring; then other members, many more, are fitted without and with them. Each
case is added to RESULTS.jsonl as it ends; what is there is not done again; the table is of all.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar

from tasks.attribution.cells import cell_means, row_blocks
from tasks.attribution.database import column_ranges, database_hierarchy, range_node
from tasks.attribution.members import split_members
from tasks.bayes.conjugate import variance_reduction
from tasks.contract import load_contract
from tasks.inference.acquisition_curve import fit_acquisition
from tasks.intervention.acquisition_cells import AcquisitionCells, acquisition_cells
from tasks.intervention.refitting import SCORES, Recipe, refit
from tasks.intervention.replicate_cells import FloatArray
from tasks.relations.features import add_placebo, build_features
from tasks.relations.sources import read_tables
from tasks.seeds import generator
from tasks.uncertainty.boosting import BoostingSettings
from tasks.uncertainty.model_data import ModelData, TrainingRows, evaluation_rows, model_data

DOCUMENTS, ROWS, BLOCKS, RANGES, RANGES_A_SEED = 6000, 600, 8, 4, 3
MEMBERS, SUB_ENSEMBLES, MANY = 24, 8, 96
LEAST_IN_RANGE, MOST_OF_ALL = 160, 0.6
SETTINGS = BoostingSettings(iterations=50)
F1 = Path(__file__).parents[3] / "shared" / "data" / "f1"


def read_data(domain: str, seed: int) -> ModelData:
    contract = load_contract(domain)
    if domain == "demo":
        source = contract.source.model_copy(update={"documents": DOCUMENTS, "seed": seed})
        contract = contract.model_copy(update={"source": source})
    read = read_tables(contract, *([F1] if domain == "f1" else []))
    task = next(iter(contract.tasks.values()))
    tables = {name: table.frame for name, table in read.items()}
    return model_data(add_placebo(build_features(contract, tables, task), seed), task)


def ranges_of(data: ModelData, rng: np.random.Generator) -> dict[str, npt.NDArray[np.bool_]]:
    """Some ranges that hold enough of the training rows, and which rows."""
    hierarchy, x = database_hierarchy(data.encoder.nodes), data.x[data.train]
    found = {}
    columns = column_ranges(data.encoder, hierarchy, x, x, RANGES)
    for column, ranges in zip(hierarchy.columns, columns, strict=True):
        for code, label in enumerate(ranges.labels):
            inside = ranges.codes == code
            if LEAST_IN_RANGE <= inside.sum() <= MOST_OF_ALL * len(x):
                found[str(range_node(column, label))] = inside
    names = rng.choice(sorted(found), RANGES_A_SEED, replace=False)
    return {str(name): found[str(name)] for name in names}


def u_cells(
    recipe: Recipe, training: TrainingRows, x: FloatArray, y: Any, blocks: npt.NDArray[np.intp]
) -> FloatArray:
    u = refit(recipe, [training]).scores(x, y)[SCORES.index("u")]
    return cell_means(u.T, blocks)


def case(
    data: ModelData, name: str, in_range: npt.NDArray[np.bool_], seed: int, u_full: FloatArray
) -> dict[str, Any]:
    rows = evaluation_rows(data.test, data.entities, ROWS, generator(seed, "evaluation rows"))
    blocks = row_blocks(data.entities[rows], BLOCKS, generator(seed, "blocks"))
    x, y, training = data.x[rows], data.y[rows], data.training
    inside = np.flatnonzero(in_range)
    held = generator(seed, f"held back {name}").permutation(inside)[: len(inside) // 2]
    stays = np.ones(len(in_range), dtype=bool)
    stays[held] = False
    base = training.take(stays)
    recipe = Recipe("boosting", seed, split_members(MEMBERS, SUB_ENSEMBLES), 2, SETTINGS)
    before = u_cells(recipe, base, x, y, blocks)
    cells = acquisition_cells(base, in_range[stays], before, x, y, blocks, recipe, seed=seed)
    curve = fit_acquisition(cells, seed=seed)
    more = len(held)
    effect = curve.effect(more)
    low, high = np.quantile(effect, [0.025, 0.975])
    u_base = u_cells(many(seed), base, x, y, blocks)
    kept = np.array([cells.n_now])
    real = AcquisitionCells(cells.n_now + more, kept, 2, u_base, u_full[None]).effects[0]
    of_groups = real.mean(axis=1)
    return {
        "range": name,
        "rows": len(stays),
        "n_now": cells.n_now,
        "more": more,
        "changes": cells.effects.mean(axis=(1, 2)).tolist(),
        "changes_of_single_cells": (100 * (cells.u_kept / before - 1)).mean(axis=(1, 2)).tolist(),
        "phi": float(curve.phi.mean()),
        "lambda": float(np.median(curve.lam)),
        "effect": float(effect.mean()),
        "low": float(low),
        "high": float(high),
        "theorem_1": theorem_1(cells, more),
        "observed": float(of_groups.mean()),
        "error_of_observed": float(of_groups.std(ddof=1) / np.sqrt(len(of_groups))),
        "adapt_delta": curve.adapt_delta,
    }


def theorem_1(cells: AcquisitionCells, more: int) -> float:
    """Prediction of a curve with the floor 0, whose lambda fits the mean changes best."""
    changes = cells.effects.mean(axis=(1, 2))

    def misfit(log_lambda: float) -> float:
        lam = np.exp(log_lambda)
        curve = 100 * (cells.n_now - cells.kept) / (cells.kept + lam)
        return float(np.square(changes - curve).sum())

    around = np.log(cells.n_now)
    best = minimize_scalar(misfit, bounds=(around - 10, around + 10), method="bounded")
    return -100 * float(variance_reduction(cells.n_now, more, float(np.exp(best.x))))


def many(seed: int) -> Recipe:
    return Recipe("boosting", 1000 + seed, split_members(MANY, SUB_ENSEMBLES), 2, SETTINGS)


def run(results: Path, domain: str, seed: int, done: set[tuple[str, int, str]]) -> None:
    data = read_data(domain, seed)
    ranges = ranges_of(data, generator(seed, "ranges"))
    ranges = {name: rows for name, rows in ranges.items() if (domain, seed, name) not in done}
    if not ranges:
        return
    rows = evaluation_rows(data.test, data.entities, ROWS, generator(seed, "evaluation rows"))
    blocks = row_blocks(data.entities[rows], BLOCKS, generator(seed, "blocks"))
    u_full = u_cells(many(seed), data.training, data.x[rows], data.y[rows], blocks)
    for name, in_range in ranges.items():
        found = {"domain": domain, "seed": seed} | case(data, name, in_range, seed, u_full)
        with results.open("a", encoding="utf-8") as file:
            file.write(json.dumps(found) + "\n")
        print(describe(found), flush=True)


def describe(found: dict[str, Any]) -> str:
    interval = f"[{found['low']:.1f}, {found['high']:.1f}]"
    return (
        f"{found['domain']:<5}{found['seed']:>3} {found['range'][:34]:<35}{found['n_now']:>6}"
        f"{found['phi']:7.2f}{found['effect']:8.1f}{interval:>17}{found['theorem_1']:8.1f}"
        f"{found['observed']:8.1f} +- {found['error_of_observed']:.1f}"
        f"  {'holds' if found['low'] <= found['observed'] <= found['high'] else 'no'}"
    )


def summarize(found: list[dict[str, Any]]) -> str:
    observed = np.array([one["observed"] for one in found])
    low, high = (np.array([one[name] for one in found]) for name in ("low", "high"))
    holds = (low <= observed) & (observed <= high)
    error_of_observed = np.mean([one["error_of_observed"] for one in found])
    lines = [
        f"{len(found)} cases; 95 % intervals hold {holds.mean():.0%}, mean width "
        f"{np.mean(high - low):.1f}; mean error of the observed {error_of_observed:.1f} points"
    ]
    for label, predicted in (
        ("curve", [one["effect"] for one in found]),
        ("no change", [0.0] * len(found)),
        ("Theorem 1", [one["theorem_1"] for one in found]),
    ):
        error = np.array(predicted) - observed
        lines.append(
            f"{label:<10} mean error {error.mean():6.2f}, absolute {abs(error).mean():.2f}"
        )
    return "\n".join(lines)


def main() -> None:
    results, domain, seeds = Path(sys.argv[1]), sys.argv[2], [int(seed) for seed in sys.argv[3:]]
    results.touch()

    def known() -> list[dict[str, Any]]:
        return [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]

    done = {(one["domain"], one["seed"], one["range"]) for one in known()}
    for seed in seeds:
        run(results, domain, seed, done)
    found = known()
    print("\n".join(describe(one) for one in found))
    for name in sorted({one["domain"] for one in found}):
        print(f"{name}: {summarize([one for one in found if one['domain'] == name])}")


if __name__ == "__main__":
    main()
