"""Draws of training rows' cells given their targets."""

import numpy as np
import pytest

from tasks.domain import Node
from tasks.intervention.changes import plan_change
from tasks.intervention.informed_draws import informed_draws
from tasks.intervention.replicate_cells import Action, FloatArray
from tasks.relations.features import link_rows

from .friedman import Friedman, frame

FILL = Action(Node(table="rows", column="x4"), "impute_missing")
MISSING = 0.3


@pytest.fixture(scope="module")
def gappy() -> Friedman:
    return Friedman(missing=MISSING)


def place(friedman: Friedman) -> int:
    return [node.column for node in friedman.data.encoder.nodes].index("x4")


def draws(friedman: Friedman, n_draws: int = 2) -> list[FloatArray]:
    given = friedman.train.given
    links = link_rows(
        friedman.database.contract,
        friedman.database.tables,
        friedman.database.task,
        given.rows,
    )
    return informed_draws(
        plan_change(FILL, friedman.database, given, links),
        "rows",
        given,
        friedman.train.target,
        links,
        friedman.ensemble,
        np.random.SeedSequence(5).spawn(n_draws),
    )


def truth(friedman: Friedman) -> tuple[FloatArray, FloatArray]:
    """Which train rows lack x4, and what it really is."""
    lost = np.isnan(friedman.train.given.x[:, place(friedman)])
    real = frame(1)["x4"].to_numpy()[: len(lost)]
    return lost, real


def test_drawn_values_know_of_the_true_ones_by_the_target(gappy: Friedman) -> None:
    lost, real = truth(gappy)
    informed = draws(gappy)[0][lost, place(gappy)]
    assert np.corrcoef(informed, real[lost])[0, 1] > 0.35


def test_without_the_target_they_do_not(gappy: Friedman) -> None:
    lost, real = truth(gappy)
    given = gappy.train.given
    links = link_rows(
        gappy.database.contract, gappy.database.tables, gappy.database.task, given.rows
    )
    change = plan_change(FILL, gappy.database, given, links)
    _, blind = change.features(np.arange(len(given.x)), np.random.default_rng(5))
    assert abs(np.corrcoef(blind[lost, 0], real[lost])[0, 1]) < 0.2


def test_only_missing_cells_change(gappy: Friedman) -> None:
    lost, _ = truth(gappy)
    before = gappy.train.given.x
    for after in draws(gappy):
        others = np.delete(after, place(gappy), axis=1)
        assert np.array_equal(others, np.delete(before, place(gappy), axis=1), equal_nan=True)
        assert np.array_equal(after[~lost], before[~lost], equal_nan=True)
        assert not np.isnan(after[:, place(gappy)]).any()


def test_draws_differ_from_each_other_and_not_from_themselves(gappy: Friedman) -> None:
    first, second = draws(gappy)
    again = draws(gappy)[0]
    assert not np.array_equal(first, second)
    assert np.array_equal(first, again, equal_nan=True)


def test_drawn_values_spread_as_known_ones_do(gappy: Friedman) -> None:
    lost, _ = truth(gappy)
    values = draws(gappy)[0][:, place(gappy)]
    assert np.std(values[lost]) == pytest.approx(np.std(values[~lost]), rel=0.2)
