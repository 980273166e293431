"""What interventions really do: many members, the clean twin's values, thousands of new rows."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np

from tasks.attribution.crossed import crossed_statistics
from tasks.attribution.database import range_node
from tasks.calibration.coverage.database import Pair
from tasks.calibration.coverage.scene import RANGES, Scene, direct_features, faulty_database
from tasks.domain import PLACEBO
from tasks.intervention.changes import plan_change
from tasks.intervention.data_at_hand import ranges_of
from tasks.intervention.faulty_database import FaultyDatabase
from tasks.intervention.feature_rows import FeatureRows
from tasks.intervention.held_out import Bools
from tasks.intervention.replicate_cells import Action, FloatArray
from tasks.relations.features import add_placebo, link_rows, read_features
from tasks.seeds import child_seed
from tasks.uncertainty.bagging import MemberSettings, fit_bagged
from tasks.uncertainty.model_data import TrainingRows
from tasks.uncertainty.tree_ensemble import TreeEnsemble

GROUPS = 10
"""Runs of members whose effects tell the Monte Carlo error."""


@dataclass(frozen=True)
class Effect:
    """A true effect in per cent, with the standard error of many members and many rows."""

    value: float
    error: float


@dataclass(frozen=True)
class Population:
    """Rows of the same kind as those that effects were told on, with other customers.

    Attributes
    ----------
    scene
        The database that was looked at.
    own
        It and its twin.
    rows
        Further sales with faults, and without.
    settings, members, seed
        Of the large ensembles.
    """

    scene: Scene
    own: Pair
    rows: Pair
    settings: MemberSettings
    members: int
    seed: int

    def fit(self, training: TrainingRows) -> "LargeEnsemble":
        """Fit the large ensemble; all have their random numbers in common."""
        return LargeEnsemble(
            fit_bagged(
                training.x,
                training.y,
                seed=self.seed,
                categorical=training.categorical,
                groups=training.entities,
                members=self.members,
                settings=self.settings,
                with_noise=False,
            )
        )

    @cached_property
    def given(self) -> FeatureRows:
        """The rows with their faults."""
        database = self.scene.database
        table = direct_features(database.contract, self.rows.faulty, database.task)
        table = add_placebo(table, self.seed)
        encoder = self.scene.data.encoder
        return FeatureRows(table.rows, encoder, encoder.transform(table))

    @cached_property
    def faulty(self) -> dict[str, FaultyDatabase]:
        """What the gate finds in the database, and in the further rows, by ``own`` and ``rows``."""
        database = self.scene.database
        rows = faulty_database(database.contract, self.rows.faulty, database.task)
        return {"own": database, "rows": rows}

    @cached_property
    def before(self) -> "LargeEnsemble":
        """Fitted to the training rows as they are."""
        return self.fit(self.scene.data.training)

    @cached_property
    def u_before(self) -> FloatArray:
        """Epistemic uncertainty of the rows with their faults, shape (10, n)."""
        return self.before.u(self.given.x)

    def after(self, action: Action) -> FloatArray:
        """Features of the rows once an intervention is really made."""
        return _really_changed(self, action, "rows", self.given)

    def rescored(self, action: Action) -> dict[Action, Effect]:
        """What an intervention at the rows does, and its parts at the ranges of its column."""
        x, before = self.after(action), self.given.x
        changed = ~np.all((x == before) | (np.isnan(x) & np.isnan(before)), axis=1)
        u = self.u_before
        difference = np.zeros_like(u)
        if changed.any():
            difference[:, changed] = self.before.u(x[changed]) - u[:, changed]
        found = {action: _effect(difference, u)}
        column = (action.node.table, action.node.column)
        ranges = ranges_of(self.scene.data, before, RANGES).get(column)
        for code, label in enumerate(ranges.labels if ranges else ()):
            inside = np.where(ranges.codes == code, difference, 0.0) if ranges else difference
            node = range_node(column, label)
            found[Action(node, action.intervention)] = _effect(inside, u)
        return found

    def touched(self, action: Action) -> Bools:
        """Rows whose features a repair changes."""
        if not action.is_drawn or action.node.table == PLACEBO:
            return np.zeros(len(self.given.x), dtype=bool)
        x, before = self.after(action), self.given.x
        same: Bools = np.all((x == before) | (np.isnan(x) & np.isnan(before)), axis=1)
        return ~same

    def retrained(self, action: Action, rows: Bools) -> Effect:
        """What an intervention at the training rows does, on rows that it leaves as they are."""
        known = self.scene.known(self.scene.data.train)
        x = _really_changed(self, action, "own", known.given)
        u = self.u_before[:, rows]
        after = self.fit(replace(known.target, x=x)).u(self.given.x[rows])
        return _effect(after - u, u)

    def with_more(self, more: TrainingRows) -> Effect:
        """What further training rows do."""
        now = self.scene.data.training
        joined = replace(
            now,
            x=np.concatenate([now.x, more.x]),
            y=np.concatenate([now.y, more.y]),
            entities=np.concatenate([now.entities, more.entities]),
        )
        u = self.u_before
        return _effect(self.fit(joined).u(self.given.x) - u, u)


@dataclass(frozen=True)
class LargeEnsemble:
    """Many members, in runs."""

    ensemble: TreeEnsemble

    def u(self, x: FloatArray) -> FloatArray:
        """Epistemic uncertainty of rows by each run of members, shape (10, n)."""
        predictions = self.ensemble.predict_members(x)
        runs = np.array_split(predictions, GROUPS)
        return np.stack([run.var(axis=0, ddof=1) for run in runs])


def _effect(change: FloatArray, before: FloatArray) -> Effect:
    """Ratio of means over runs and rows, with its error by linearisation.

    Parameters
    ----------
    change, before
        Of each row by each run of members, shape (10, n).
    """
    mean = before.mean()
    ratio = change.mean() / mean
    residuals = (change - ratio * before) / mean
    error = crossed_statistics(residuals).error_of_mean
    return Effect(float(100 * ratio), float(100 * error))


def _really_changed(
    population: Population, action: Action, which: Literal["own", "rows"], given: FeatureRows
) -> FloatArray:
    """Features of rows with the twin's values where an intervention draws, else as it computes."""
    database = population.faulty[which]
    contract, task = database.contract, database.task
    if action.node.table == PLACEBO or not action.is_drawn:
        links = link_rows(contract, database.tables, task, given.rows)
        change = plan_change(action, database, given, links)
        rng = np.random.default_rng(child_seed(population.seed, f"truth of {action}"))
        places, values = change.features(np.arange(len(given.x)), rng)
    else:
        pair = population.own if which == "own" else population.rows
        name, column = action.node.table, action.node.column
        columns = [column] if column else [c for c in pair.faulty[name].columns if c != "day"]
        mended = pair.faulty | {
            name: pair.faulty[name].with_columns(pair.clean[name][c] for c in columns)
        }
        links = link_rows(contract, mended, task, given.rows)
        places, values = given.encoder.transform_some(read_features(links, mended))
    x = given.x.copy()
    x[:, places] = values
    return x
