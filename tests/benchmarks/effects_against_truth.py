"""Effects of repairs on the demo, as a run tells them, against its twin without faults.

Run: python tests/benchmarks/effects_against_truth.py [seed, default 1]

The same members look at the same rows with the clean twin's values in the place of the faulty
ones: that is what the repair, if really done, changes.
"""

import sys

import numpy as np
import polars as pl

from tasks.attribution.members import split_members
from tasks.attribution.sharing import share_out
from tasks.contract import load_contract
from tasks.domain import PLACEBO
from tasks.inference.effects import fit_effects
from tasks.intervention.actions import choose_actions
from tasks.intervention.faulty_database import FaultyDatabase
from tasks.intervention.replicate_cells import FloatArray
from tasks.intervention.rescoring import Evaluation
from tasks.intervention.simulation import simulate
from tasks.relations.demo import generate_demo
from tasks.relations.features import add_placebo, build_features
from tasks.relations.gate import check_tables
from tasks.relations.sources import read_tables
from tasks.seeds import generator
from tasks.uncertainty.backbones import fit_members
from tasks.uncertainty.model_data import evaluation_rows, model_data

MEMBERS, REPLICATES, ROWS, RANGES, TOP_COLUMNS = 24, 8, 1000, 4, 6
REPAIRS = {
    ("correct", "customers", "distance"): ("distance",),
    ("impute_missing", "items", "weight"): ("weight",),
    ("improve_quality", "customers", ""): ("distance",),
    ("improve_quality", "items", ""): ("weight",),
    ("improve_quality", "documents", ""): ("item",),
    ("improve_quality", "plants", ""): ("capacity",),
}
"""Repairs, and the columns that the twin has right."""


def main() -> None:
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    contract = load_contract("demo")
    task, source = contract.tasks["lead-time"], contract.source
    demo = generate_demo(source.documents, source.seed)  # type: ignore[union-attr]
    read = read_tables(contract)
    tables = {name: data.frame for name, data in read.items()}
    table = add_placebo(build_features(contract, tables, task), seed)
    data = model_data(table, task)
    ensemble = fit_members(data.training, "boosting", seed=seed, members=MEMBERS, workers=2)
    rows = evaluation_rows(data.test, data.entities, ROWS, generator(seed, "evaluation rows"))
    shared = share_out(
        ensemble,
        data,
        rows,
        sub_ensembles=REPLICATES,
        n_blocks=REPLICATES,
        n_ranges=RANGES,
        seed=seed,
    )
    evaluation = Evaluation(
        rows=table.rows[rows],
        encoder=data.encoder,
        x=data.x[rows],
        y=data.y[rows],
        ensemble=ensemble,
        members=split_members(MEMBERS, REPLICATES),
        blocks=shared.blocks,
    )
    database = FaultyDatabase(contract, tables, check_tables(contract, read).faults, task)
    columns = shared.owen.columns
    shares = {
        (name, column): float(value)
        for (name, column), value in zip(columns.names, columns.values, strict=True)
        if name != PLACEBO and column in database.mendable(name)
    }
    cells, _ = simulate(
        database,
        evaluation,
        choose_actions(shares, contract, TOP_COLUMNS),
        dict(zip(shared.owen.hierarchy.columns, shared.ranges, strict=True)),
        seed=seed,
    )
    draws = fit_effects(cells, seed=seed).draws

    def true_effect(name: str, columns: tuple[str, ...]) -> float:
        """Per cent, over the cells."""
        clean, faulty = demo.clean[name], tables[name]
        rest = faulty.height - clean.height  # repeated rows, which no evaluation row is
        right = {
            column: pl.concat([clean[column], faulty[column].tail(rest)]) for column in columns
        }
        mended = tables | {name: faulty.with_columns(**right)}
        after = build_features(contract, mended, task, evaluation.rows)
        places, values = data.encoder.transform_some(after)
        x = evaluation.x.copy()
        x[:, places] = values
        every = np.arange(len(x))

        def mean_u(features: FloatArray) -> float:
            return float(
                np.mean([evaluation.score(j, every, features)[0] for j in range(REPLICATES)])
            )

        return 100 * (mean_u(x) / mean_u(evaluation.x) - 1)

    print(f"{'repair':<36}{'effect, %':>10}{'95 % interval':>18}{'cells':>8}{'truth':>8}  holds")
    for k, action in enumerate(cells.actions):
        known = (action.intervention, action.node.table, action.node.column)
        is_placebo = action.node.table == PLACEBO
        if action.node.range or not (known in REPAIRS or is_placebo):
            continue
        truth = true_effect(action.node.table, REPAIRS[known]) if known in REPAIRS else 0.0
        low, high = np.quantile(draws[:, k], [0.025, 0.975])
        raw = cells.effects[k].mean()
        print(
            f"{action!s:<36}{draws[:, k].mean():10.2f}{f'[{low:.2f}, {high:.2f}]':>18}"
            f"{raw:8.2f}{truth:8.2f}  {'yes' if low <= truth <= high else 'no'}"
        )


if __name__ == "__main__":
    main()
