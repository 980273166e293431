"""The choice of every node's model: DoWhy's, made in a race on all cores."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from time import monotonic, time
from typing import Any
from warnings import catch_warnings, simplefilter

import numpy as np
import pandas as pd
from dowhy.gcm.ml import PredictionModel
from dowhy.gcm.util.general import auto_apply_encoders, auto_fit_encoders
from sklearn.model_selection import KFold, StratifiedKFold

from tasks.errors import InputError
from tasks.intervention.structural.candidates import Factory, Quality, candidates
from tasks.intervention.structural.causal_graph import CausalGraph
from tasks.intervention.structural.folds import AnyArray, Fold
from tasks.intervention.structural.race import Outcome, race, with_seed
from tasks.intervention.structural.traces import Kind
from tasks.parallel import spread

Entry = tuple[list[Any], tuple[int, ...], tuple[Fold, ...], bool]
"""Who runs in a race, and where: all but the deadline of the arguments of `race`."""
FOLDS = 5
MOST_ROWS = 20_000
"""Of a fold, to fit and to predict; as in DoWhy."""


@dataclass(frozen=True)
class Race:
    """What decides the choice for one node.

    Attributes
    ----------
    node
        Its name.
    factories
        Makers of the candidates.
    seeds
        Of their random numbers.
    folds
        Of the cross-validation.
    classifies
        Whether the node is categorical.
    """

    node: str
    factories: Sequence[Factory]
    seeds: tuple[int, ...]
    folds: tuple[Fold, ...]
    classifies: bool

    def run(self, deadline: float) -> Outcome:
        """Run it here."""
        return race(self.estimators(), self.seeds, self.folds, self.classifies, deadline)

    def estimators(self) -> list[Any]:
        """The candidates as scikit-learn's estimators: a process reads them without DoWhy."""
        return [factory().sklearn_model for factory in self.factories]

    def model(self, place: int) -> PredictionModel:
        """The candidate at a place, not fitted, with random numbers of its own."""
        model = self.factories[place]()
        with_seed(model.sklearn_model, self.seeds[place])
        return model


def make_races(
    graph: CausalGraph,
    frame: pd.DataFrame,
    kinds: Mapping[str, Kind],
    quality: Quality,
    seed: int,
) -> Iterator[Race]:
    """The races of all nodes with parents in causal order, each made when it is asked for.

    Folds and seeds are those that DoWhy's ``assign_causal_mechanisms`` draws after
    ``numpy.random.seed(seed)``, so that its choice is known where nobody drops out of a race.

    Parameters
    ----------
    graph, frame, kinds
        Nodes, the rows from which to choose, and of what kind each node is.
    quality
        ``good`` or ``better``.
    seed
        Of folds and candidates.

    Raises
    ------
    InputError
        If no label of a node has as many rows as there are folds.
    """
    stream = np.random.RandomState(seed)
    for node in graph.mechanisms:
        x = frame[list(graph.parents(node))].to_numpy()
        factories = candidates(x, kinds[node], quality)
        folds = _folds(node, x, frame[[node]].to_numpy(), kinds[node], stream)
        seeds = stream.randint(np.iinfo(np.int32).max, size=len(factories))
        yield Race(node, factories, tuple(map(int, seeds)), folds, kinds[node] == "categorical")


def _folds(
    node: str, x: AnyArray, y: AnyArray, kind: Kind, stream: np.random.RandomState
) -> tuple[Fold, ...]:
    if kind == "categorical":
        if pd.Series(y[:, 0]).value_counts().iloc[0] < FOLDS:
            raise InputError(
                f"A categorical node needs a label with {FOLDS} rows, got none for {node!r}."
            )
        splits = StratifiedKFold(FOLDS, shuffle=True, random_state=stream).split(x, y)
    else:
        splits = KFold(FOLDS, shuffle=True, random_state=stream).split(x)
    with catch_warnings():
        simplefilter("ignore", UserWarning)  # of labels rarer than folds: race() knows them
        drawn = [(train[:MOST_ROWS], test[:MOST_ROWS]) for train, test in splits]
    return tuple(_fold(x[train], y[train], x[test], y[test]) for train, test in drawn)


def _fold(x_train: AnyArray, y_train: AnyArray, x_test: AnyArray, y_test: AnyArray) -> Fold:
    encoders = auto_fit_encoders(x_train, y_train)
    return Fold(
        auto_apply_encoders(x_train, encoders),
        y_train[:, 0],
        auto_apply_encoders(x_test, encoders),
        y_test[:, 0],
    )


def run_races(
    races: Iterator[Race], deadline: float, workers: int
) -> Iterator[tuple[Race, Outcome]]:
    """Run races beside each other, and tell of each in their order.

    Parameters
    ----------
    races
        From `make_races`; a few are made ahead.
    deadline
        On the clock of `time.monotonic`, after which a race has no winner.
    workers
        Races at the same time; outcomes do not depend on it.
    """
    running: list[Race] = []

    def entries() -> Iterator[Entry]:
        for one in races:
            running.append(one)
            yield one.estimators(), one.seeds, one.folds, one.classifies

    until = time() + deadline - monotonic()
    for outcome in spread(partial(_run_race, until), entries(), workers=workers):
        yield running.pop(0), outcome


def _run_race(until: float, entry: Entry) -> Outcome:
    """Run it on a machine whose monotonic clock is another one."""
    return race(*entry, monotonic() + until - time())
