"""How often the table with a fault is ranked first, by what is told of repairs, or of shares alone.

Run: python -m tests.benchmarks.fault_injection RESULTS.jsonl REPEATS [WORKERS, default 2]

In the manner of COMET (Mohammed, Naumann & Harmouch 2025, Step-by-step data cleaning
recommendations to improve ML prediction accuracy, EDBT): a fault of known kind and size is put into
one of three tables, beside the few faults that all have. Each case is added to RESULTS.jsonl as it
ends; what is there is not done again; the table is of all. ``true`` ranks by what mending each
table really does, as many more members and further rows tell: no ranking can be expected to do
better.
"""

import itertools
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed

from tasks.attribution.members import split_members
from tasks.attribution.sharing import share_out
from tasks.calibration.coverage.scene import Scene, set_scene
from tasks.calibration.coverage.told import posterior
from tasks.calibration.coverage.truth import Population
from tasks.domain import Node
from tasks.intervention.refitting import Recipe, Refitted
from tasks.intervention.replicate_cells import Action, ReplicateCells
from tasks.intervention.retraining import retrain
from tasks.intervention.simulation import simulate
from tasks.seeds import child_seed, generator
from tasks.uncertainty.boosting import BoostingSettings
from tasks.uncertainty.model_data import evaluation_rows
from tests.benchmarks.fault_databases import (
    KINDS,
    TABLES,
    Fault,
    contract,
    draw_orders,
    draw_parents,
    draw_world,
)

SHARES = (0.1, 0.3)
TRAIN_ROWS, TEST_ROWS, TRUE_ROWS = 900, 1000, 2000
MEMBERS, BLOCKS, TRUE_MEMBERS, RANGES = 16, 8, 60, 4
SETTINGS = BoostingSettings(iterations=30, learning_rate=0.15, max_leaf_nodes=8)
REPAIRS = tuple(Action(Node(table=name), "improve_quality") for name in TABLES)
READINGS = ("retrained", "rescored", "shares", "true")


def case(fault: Fault, repeat: int) -> dict[str, Any]:
    """Score of each table by each reading; the lowest is ranked first."""
    name = f"{fault.kind} {fault.table} {fault.share} {repeat}"
    rng = generator(repeat, name)
    world, parts = draw_world(rng), draw_parents(fault, rng)
    own = draw_orders(world, parts, fault, (TRAIN_ROWS, TEST_ROWS), 0, rng)
    more = draw_orders(world, parts, fault, (0, TRUE_ROWS), 1000, rng)
    seed = int(child_seed(repeat, f"fits of {name}").generate_state(1)[0])
    recipe = Recipe("boosting", seed, split_members(MEMBERS, BLOCKS), 1, SETTINGS)
    domain = contract()
    scene = set_scene(
        domain, own.faulty, domain.tasks["days"], recipe, most_rows=TEST_ROWS, blocks=BLOCKS
    )
    rescored, _ = simulate(scene.database, scene.evaluation, REPAIRS, {}, seed=seed)
    retrained, _ = retrain(
        scene.database,
        scene.known(scene.data.train),
        scene.known(scene.data.test),
        REPAIRS,
        recipe,
        blocks=BLOCKS,
        most_rows=TEST_ROWS,
        seed=seed,
        fitted=Refitted(recipe.members, (scene.evaluation.ensemble,)),
    )
    population = Population(scene, own, more, SETTINGS, TRUE_MEMBERS, seed + 1)
    untouched = ~np.any([population.touched(action) for action in REPAIRS], axis=0)
    return {
        "kind": fault.kind,
        "table": fault.table,
        "share": fault.share,
        "repeat": repeat,
        "retrained": _effects(retrained.cells, seed) if retrained else {},
        "rescored": _effects(rescored, seed),
        "shares": _shares(scene, seed),
        "true": {
            action.node.table: population.retrained(action, untouched).value for action in REPAIRS
        },
    }


def _effects(cells: ReplicateCells, seed: int) -> dict[str, float]:
    means = posterior(cells, seed).mean(axis=0)
    return {
        action.node.table: float(mean) for action, mean in zip(cells.actions, means, strict=True)
    }


def _shares(scene: Scene, seed: int) -> dict[str, float]:
    data = scene.data
    rows = evaluation_rows(data.test, data.entities, TEST_ROWS, generator(seed, "rows to share"))
    tables = share_out(
        scene.evaluation.ensemble,
        data,
        rows,
        sub_ensembles=BLOCKS,
        n_blocks=BLOCKS,
        n_ranges=RANGES,
        seed=seed,
    ).owen.tables
    shares = {
        name[0]: float(share) for name, share in zip(tables.names, tables.values, strict=True)
    }
    return {name: -shares[name] for name in TABLES}


def describe(found: Sequence[dict[str, Any]]) -> str:
    """How often the faulty table is first, in per cent with its standard error."""
    lines = [f"{'fault':<14}{'size':>6}{'cases':>7}" + "".join(f"{of:>14}" for of in READINGS)]
    groups = itertools.product((*KINDS, "all four seen"), SHARES)
    for kind, share in groups:
        cases = [
            one
            for one in found
            if one["share"] == share
            and (one["kind"] == kind or ("all" in kind and "unseen" not in one["kind"]))
        ]
        if not cases:
            continue
        line = f"{kind:<14.14}{share:>6.0%}{len(cases):>7}"
        for reading in READINGS:
            first = np.array([_is_first(one[reading], one["table"]) for one in cases])
            error = np.sqrt(first.mean() * (1 - first.mean()) / len(first))
            line += f"{100 * first.mean():8.0f} ± {100 * error:3.0f}"
        lines.append(line)
    return "\n".join([*lines, "A random order: 33."])


def _is_first(scores: dict[str, float], table: str) -> bool:
    return bool(scores) and min(scores, key=lambda name: scores[name]) == table


def main() -> None:
    results, repeats = Path(sys.argv[1]), int(sys.argv[2])
    results.touch()

    def known() -> list[dict[str, Any]]:
        return [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]

    done = {(one["kind"], one["table"], one["share"], one["repeat"]) for one in known()}
    wanted = [
        (Fault(kind, table, share), repeat)
        for repeat in range(repeats)
        for kind, table, share in itertools.product(KINDS, TABLES, SHARES)
        if (kind, table, share, repeat) not in done
    ]
    pool = Parallel(int(sys.argv[3]) if len(sys.argv) > 3 else 2, return_as="generator_unordered")
    for count, found in enumerate(pool(delayed(case)(*one) for one in wanted), start=1):
        with results.open("a", encoding="utf-8") as file:
            file.write(json.dumps(found) + "\n")
        print(f"{count} of {len(wanted)}", file=sys.stderr, flush=True)
    print(describe(known()))


if __name__ == "__main__":
    main()
