"""Simulated repairs of the demo against its twin without faults: same members, same rows."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import pytest

from tasks.attribution.cells import row_blocks
from tasks.attribution.members import split_members
from tasks.contract import load_contract
from tasks.domain import Node
from tasks.intervention.changes import PLACEBO_ACTIONS
from tasks.intervention.faulty_database import FaultyDatabase
from tasks.intervention.replicate_cells import Action, FloatArray, ReplicateCells
from tasks.intervention.rescoring import Evaluation
from tasks.intervention.simulation import simulate
from tasks.relations.demo import Demo, generate_demo
from tasks.relations.encoding import fit_encoder, split_rows
from tasks.relations.events import LABEL, TIME
from tasks.relations.features import add_placebo, build_features
from tasks.relations.gate import ROW, repeated_rows
from tasks.relations.task_rows import ENTITY
from tasks.uncertainty.bagging import fit_bagged
from tasks.uncertainty.boosting import BoostingSettings

WEIGHT = Action(Node(table="items", column="weight"), "impute_missing")
DISTANCE = Action(Node(table="customers", column="distance"), "correct")
SIMULATIONS = 6
"""Of four draws each."""
LOT = tuple(
    Action(Node(table="documents", column="lot"), intervention)
    for intervention in ("reduce_variance", "impute_mean")
)


@dataclass(frozen=True)
class Trial:
    demo: Demo
    database: FaultyDatabase
    evaluation: Evaluation
    simulations: tuple[ReplicateCells, ...]

    def simulated(self, action: Action) -> tuple[FloatArray, FloatArray]:
        """Effects and changes of the likelihood in the cells, means over the simulations."""
        place = self.simulations[0].actions.index(action)
        effects = [cells.effects[place] for cells in self.simulations]
        nll = [cells.nll_changes[place] for cells in self.simulations]
        return np.mean(effects, axis=0), np.mean(nll, axis=0)

    def true(self, action: Action) -> tuple[FloatArray, FloatArray]:
        """The same with the twin's column in the place of the faulty one."""
        name, column = action.node.table, action.node.column
        mended = self.database.tables[name].with_columns(self.demo.clean[name][column])
        features = build_features(
            self.database.contract,
            self.database.tables | {name: mended},
            self.database.task,
            self.evaluation.rows,
        )
        places, values = self.evaluation.encoder.transform_some(features)
        x = self.evaluation.x.copy()
        x[:, places] = values
        after, _ = simulate(self.database, replace(self.evaluation, x=x), [], {}, seed=1)
        cells = replace(
            self.simulations[0].take(np.array([0])),
            u_after=after.u_before[None],
            nll_after=after.nll_before[None],
        )
        return cells.effects[0], cells.nll_changes[0]


@pytest.fixture(scope="module")
def trial() -> Trial:
    contract, demo = load_contract("demo"), generate_demo(4000, seed=1)
    task = contract.tasks["lead-time"]
    faults = {}
    for name, frame in demo.tables.items():
        cells = {column: np.zeros(frame.height, dtype=bool) for column in frame.columns}
        for planted in demo.faults:
            if planted.table == name and planted.kind in ("missing", "out of range"):
                cells[planted.column][planted.rows] = True
        faults[name] = pl.DataFrame(cells).with_columns(repeated_rows(frame).alias(ROW))
    database = FaultyDatabase(contract, demo.tables, faults, task)
    table = add_placebo(build_features(contract, demo.tables, task), seed=1)
    train, _, test = split_rows(table.rows[TIME], task.split)
    encoder = fit_encoder(table, train)
    x, y = encoder.transform(table), table.rows[LABEL].to_numpy()
    ensemble = fit_bagged(
        x[train],
        y[train],
        seed=1,
        categorical=encoder.categorical,
        members=8,
        settings=BoostingSettings(iterations=40, learning_rate=0.1),
    )
    entities = table.rows[ENTITY].to_numpy()[test]
    evaluation = Evaluation(
        rows=table.rows.filter(pl.Series(test)),
        encoder=encoder,
        x=x[test],
        y=y[test],
        ensemble=ensemble,
        members=split_members(8, 4),
        blocks=row_blocks(entities, 4, np.random.default_rng(1)),
    )
    actions = [WEIGHT, DISTANCE, *LOT, *PLACEBO_ACTIONS]
    simulations = []
    for seed in range(SIMULATIONS):
        cells, left_out = simulate(database, evaluation, actions, {}, seed=seed)
        assert left_out == {}
        simulations.append(cells)
    return Trial(demo, database, evaluation, tuple(simulations))


@pytest.mark.parametrize("action", [WEIGHT, DISTANCE], ids=str)
def test_the_simulated_effect_is_that_of_the_true_values(trial: Trial, action: Action) -> None:
    simulated, _ = trial.simulated(action)
    true, _ = trial.true(action)
    assert simulated.mean() < 0
    assert true.mean() < 0
    assert abs(simulated.mean() - true.mean()) < 0.5 * abs(true.mean())
    assert np.corrcoef(simulated.ravel(), true.ravel())[0, 1] > 0.3


@pytest.mark.parametrize("action", [WEIGHT, DISTANCE], ids=str)
def test_the_likelihood_after_a_draw_errs_upwards(trial: Trial, action: Action) -> None:
    """The draw is not what brought the target about; the true value is."""
    assert trial.true(action)[1].mean() < 0 < trial.simulated(action)[1].mean()


@pytest.mark.parametrize("action", [*LOT, *PLACEBO_ACTIONS], ids=str)
def test_what_is_pure_noise_does_next_to_nothing(trial: Trial, action: Action) -> None:
    effects, nll = trial.simulated(action)
    assert abs(effects.mean()) < 1
    assert abs(nll.mean()) < 0.005
    assert np.abs(effects).max() > 0
