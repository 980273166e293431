"""Members fitted anew: what scoring rows again promises, and what comes true."""

import numpy as np
import pytest

from tasks.domain import Node
from tasks.intervention.changes import PLACEBO_ACTIONS
from tasks.intervention.refitting import Refitted
from tasks.intervention.replicate_cells import Action, ReplicateCells
from tasks.intervention.retrained_cells import RetrainedCells
from tasks.intervention.retraining import retrain
from tasks.intervention.simulation import simulate

from .friedman import Friedman, SingleTree

IMPUTE_MEAN = Action(Node(table="rows", column="x1"), "impute_mean")
FLATTEN = Action(Node(table="rows", column="x7"), "impute_mean")
FILL = Action(Node(table="rows", column="x4"), "impute_missing")
PLACEBO_DRAW = PLACEBO_ACTIONS[0]


def retrained(
    friedman: Friedman, *actions: Action, seed: int = 3
) -> tuple[RetrainedCells, dict[str, str]]:
    found, left_out = retrain(
        friedman.database,
        friedman.train,
        friedman.held_out,
        actions,
        friedman.recipe,
        blocks=8,
        most_rows=300,
        seed=seed,
        fitted=Refitted(friedman.recipe.members, (friedman.ensemble,)),
    )
    assert found is not None
    return found, left_out


@pytest.fixture(scope="module")
def complete() -> Friedman:
    return Friedman()


@pytest.fixture(scope="module")
def gappy() -> Friedman:
    return Friedman(missing=0.3)


@pytest.fixture(scope="module")
def trees() -> Friedman:
    """48 bagged trees."""
    return Friedman(seed=2, members=48, settings=SingleTree())


@pytest.fixture(scope="module")
def without_x1(trees: Friedman) -> RetrainedCells:
    return retrained(trees, IMPUTE_MEAN, PLACEBO_DRAW)[0]


@pytest.fixture(scope="module")
def filled(gappy: Friedman) -> RetrainedCells:
    return retrained(gappy, FILL)[0]


def effect(cells: ReplicateCells, action: Action) -> float:
    return float(cells.effects[cells.actions.index(action)].mean())


def test_imputing_the_mean_is_an_illusory_gain(trees: Friedman, without_x1: RetrainedCells) -> None:
    again, _ = simulate(trees.database, trees.evaluation, [IMPUTE_MEAN], {}, seed=3)
    promised, true = effect(again, IMPUTE_MEAN), effect(without_x1.cells, IMPUTE_MEAN)
    assert promised < 0
    assert true > 30
    assert IMPUTE_MEAN in without_x1.worsened


def test_likelihood_and_crps_worsen_with_it(without_x1: RetrainedCells) -> None:
    assert without_x1.cells.nll_changes[0].mean() > 0.2
    assert (without_x1.crps_after[0] - without_x1.crps_before).mean() > 0.2


def test_noise_drawn_afresh_does_next_to_nothing(without_x1: RetrainedCells) -> None:
    assert abs(effect(without_x1.cells, PLACEBO_DRAW)) < 6
    assert PLACEBO_DRAW not in without_x1.worsened


def test_filling_gaps_given_the_target_lowers_the_uncertainty(filled: RetrainedCells) -> None:
    assert effect(filled.cells, FILL) < 0


def test_only_complete_rows_are_compared(gappy: Friedman, filled: RetrainedCells) -> None:
    place = [node.column for node in gappy.data.encoder.nodes].index("x4")
    known = ~np.isnan(gappy.held_out.given.x[:, place])
    assert 0 < known.sum() < len(known)
    assert filled.held_out_rows == min(known.sum(), 300)


def test_a_repair_that_touches_nearly_all_rows_is_not_tried() -> None:
    friedman = Friedman(missing=0.9, members=16)
    found, left_out = retrain(
        friedman.database,
        friedman.train,
        friedman.held_out,
        [FILL],
        friedman.recipe,
        blocks=8,
        most_rows=300,
        seed=3,
    )
    assert found is None
    assert "was not tried by fitting anew: only" in left_out[str(FILL)]


def test_what_is_not_applicable_is_told(complete: Friedman) -> None:
    _, left_out = retrained(complete, IMPUTE_MEAN, FILL)
    assert left_out == {str(FILL): "No cell of rows.x4 is missing."}


def test_nothing_asked_for_gives_nothing(complete: Friedman) -> None:
    none = retrain(
        complete.database,
        complete.train,
        complete.held_out,
        (),
        complete.recipe,
        blocks=8,
        most_rows=300,
        seed=3,
    )
    assert none == (None, {})


def test_two_sub_ensembles_see_each_draw(filled: RetrainedCells) -> None:
    assert filled.cells.nested
    assert filled.cells.u_after.shape == (1, 8, 8)


def test_the_same_seed_gives_the_same_cells(gappy: Friedman, filled: RetrainedCells) -> None:
    again, _ = retrained(gappy, FILL)
    other, _ = retrained(gappy, FILL, seed=4)
    assert np.array_equal(again.cells.u_after, filled.cells.u_after)
    assert not np.array_equal(other.cells.u_after, filled.cells.u_after)


def test_inputs_are_not_mutated(complete: Friedman) -> None:
    x, y = complete.train.given.x.copy(), complete.train.target.y.copy()
    table = complete.database.tables["rows"].clone()
    retrained(complete, IMPUTE_MEAN)
    assert np.array_equal(x, complete.train.given.x, equal_nan=True)
    assert np.array_equal(y, complete.train.target.y)
    assert table.equals(complete.database.tables["rows"])


def test_what_members_fitted_anew_do_not_notice_is_told_and_left_out() -> None:
    """A column that differs in five rows, which is less than a leaf may hold."""
    friedman = Friedman(flat="x7")
    found, left_out = retrained(friedman, FLATTEN, PLACEBO_DRAW)
    assert found.cells.actions == (PLACEBO_DRAW,)
    assert left_out == {
        str(FLATTEN): f"Members fitted anew: {FLATTEN} changes the uncertainty in 0% of the "
        "replicate cells: its effect is next to nothing."
    }
