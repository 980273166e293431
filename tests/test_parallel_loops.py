"""Every loop that is spread gives what it gives in this thread alone, to the last bit."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from hashlib import sha256
from math import inf
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest

from tasks.attribution.database import ColumnRanges
from tasks.bayes.batch import BatchSettings
from tasks.bayes.stan_program import compile_program
from tasks.calibration.chunk_files import save_simulations
from tasks.calibration.coverage.run import run_study
from tasks.calibration.coverage.study import Settings
from tasks.calibration.runner import Calibration, run_calibration
from tasks.calibration.simulators.key_importance import KeyImportance
from tasks.domain import Node
from tasks.intervention.changes import PLACEBO_ACTIONS
from tasks.intervention.replicate_cells import Action
from tasks.intervention.retraining import retrain
from tasks.intervention.simulation import simulate
from tasks.intervention.structural.causal_graph import make_graph
from tasks.intervention.structural.replicates import Statistics, run_replicates
from tasks.intervention.structural.selection import make_races, run_races
from tasks.intervention.structural.traces import Kind
from tasks.locations import resource
from tasks.uncertainty.bagging import fit_bagged
from tasks.uncertainty.files import write_ensemble
from tests.intervention.friedman import SMALL, Friedman

Loop = Callable[[int, int, Path], bytes]
"""Of seed, number of workers and an empty folder; gives all that was found as bytes."""
FILL = Action(Node(table="rows", column="x4"), "impute_missing")
FLATTEN = Action(Node(table="rows", column="x1"), "impute_mean")
ACTIONS = (FILL, FLATTEN, *PLACEBO_ACTIONS)


@cache
def friedman() -> Friedman:
    return Friedman(missing=0.3)


def as_bytes(found: object) -> bytes:
    return joblib.hash(found, "sha1").encode()


def members(seed: int, workers: int, folder: Path) -> bytes:
    rows = friedman().data.training
    found = fit_bagged(
        rows.x, rows.y, seed=seed, groups=rows.entities, members=4, settings=SMALL, workers=workers
    )
    write_ensemble(found, folder / "ensemble")
    return (folder / "ensemble").read_bytes()


def interventions(seed: int, workers: int, folder: Path) -> bytes:
    of = friedman()
    codes = (np.arange(len(of.evaluation.x)) % 3).astype(np.intp)
    ranges = {("rows", "x4"): ColumnRanges(0, ("a", "나", "empty"), codes)}
    return as_bytes(
        simulate(of.database, of.evaluation, ACTIONS, ranges, seed=seed, workers=workers)
    )


def refits(seed: int, workers: int, folder: Path) -> bytes:
    of = friedman()
    recipe = replace(of.recipe, workers=workers)
    return as_bytes(
        retrain(
            of.database, of.train, of.held_out, ACTIONS, recipe, blocks=8, most_rows=200, seed=seed
        )
    )


def calibration(seed: int, workers: int, folder: Path) -> bytes:
    program = compile_program(resource("stan", "key_importance.stan"), many_fits=True)
    settings = BatchSettings(seed=seed, warmup=200, draws=200, kept=39, first_warmup=0)
    found, _ = run_calibration(
        Calibration(KeyImportance(), program, settings), 40, root=folder, workers=workers
    )
    save_simulations(folder / "simulations", found)
    return (folder / "simulations").read_bytes()


def coverage(seed: int, workers: int, folder: Path) -> bytes:
    settings = Settings(
        members=8, replicates=4, leading=1, truth_members=20, truth_rows=300, seed=seed
    )
    return run_study(settings, 2, root=folder, workers=workers).model_dump_json().encode()


def draw(rng: np.random.Generator) -> Statistics:
    x = rng.normal(size=(400, 40))
    return {"spectrum": np.linalg.svd(x.T @ x, compute_uv=False)}


def replicates(seed: int, workers: int, folder: Path) -> bytes:
    return as_bytes(run_replicates(draw, np.random.default_rng(seed), 5, workers, 0.0))


def races(seed: int, workers: int, folder: Path) -> bytes:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=200)
    columns = {f"n{place}": np.sin(place * x) + rng.normal(0, 0.3, 200) for place in range(1, 5)}
    frame = pd.DataFrame({"n0": x} | columns)
    graph = make_graph(list(frame.columns), [("n0", name) for name in columns])
    kinds: dict[str, Kind] = dict.fromkeys(frame.columns, "continuous")
    entries = make_races(graph, frame, kinds, "good", seed)
    return as_bytes([(one.node, found) for one, found in run_races(entries, inf, workers)])


LOOPS: tuple[Loop, ...] = (
    members,
    interventions,
    refits,
    calibration,
    coverage,
    replicates,
    races,
)


def inputs() -> str:
    of = friedman()
    given = of.train, of.held_out, of.evaluation, of.database.tables, of.database.faults
    return sha256(as_bytes(given)).hexdigest()


@pytest.mark.parametrize("loop", LOOPS, ids=lambda loop: loop.__name__)
def test_a_loop_gives_the_same_wherever_it_runs(
    loop: Loop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = inputs()

    def found(runner: str, workers: int, seed: int = 3) -> bytes:
        monkeypatch.setenv("WHENCE_RUNNER", runner)
        folder = tmp_path / f"{runner} {workers} {seed}"
        folder.mkdir()
        return loop(seed, workers, folder)

    alone = found("threads", 1)
    assert found("threads", 2) == alone
    assert found("threads", 3) == alone
    assert found("processes", 2) == alone
    assert found("dask", 2) == alone
    assert found("threads", 2, seed=4) != alone  # else the bytes would tell nothing
    assert inputs() == before
