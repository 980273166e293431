"""Effects as scored again and as fitted anew stand side by side, each with its own numbers."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from tasks.attribution.crossed import crossed_statistics
from tasks.bayes.interval import Interval
from tasks.domain import PLACEBO, Node
from tasks.intervention.replicate_cells import DO, Action, ReplicateCells
from tasks.intervention.retrained_cells import RetrainedCells
from tasks.report.effect_record import Effect
from tasks.report.effects import counted_draws, effects_of

Floats = npt.NDArray[np.float64]

WEIGHT = Node(table="품목", column="<b>weight")
FILL, SMOOTH, SETTLE, WORLD, NOISE = ACTIONS = (
    Action(WEIGHT, "impute_missing"),
    Action(WEIGHT, "reduce_variance"),
    Action(Node(table="plants", column="age"), "impute_mean"),
    Action(Node(table="plants", column="age"), DO),
    Action(Node(table=PLACEBO, column="noise"), "reduce_variance"),
)
ANEW = (SETTLE, FILL)
J, V, S = 4, 4, 60
NOTHING = np.empty((0, 0))


def cells_of(actions: tuple[Action, ...], likelihood: float, seed: int) -> ReplicateCells:
    rng = np.random.default_rng(seed)
    k = len(actions)
    before = rng.normal(2, 0.1, (J, V))
    return ReplicateCells(
        actions=actions,
        changed=np.arange(10, 10 + k),
        row_fraction=np.ones(k),
        u_before=rng.uniform(1, 2, (J, V)),
        u_after=rng.uniform(1, 2, (k, J, V)),
        nll_before=before,
        nll_after=before + likelihood + rng.normal(0, 0.01, (k, J, V)),
    )


def retrained_of(likelihood: float) -> RetrainedCells:
    """What each draw does is what two sub-ensembles that follow each other see."""
    rng = np.random.default_rng(3)
    cells = cells_of(ANEW, likelihood, seed=2)
    of_draws = np.repeat(rng.normal(0, 1, (2, J // 2)), 2, axis=1)[..., None]
    return RetrainedCells(
        cells=replace(cells, u_after=2 + cells.u_after + of_draws, nested=True),
        crps_before=rng.normal(1, 0.1, (J, V)),
        crps_after=rng.normal(1, 0.1, (2, J, V)),
        gap_before=rng.normal(0.1, 0.05, (J, V)),
        gap_after=rng.normal(0.0, 0.05, (2, J, V)),
        training_rows=900,
        held_out_rows=120,
    )


def draws_of(means: list[float], seed: int = 4, n: int = S) -> Floats:
    return np.array(means) + np.random.default_rng(seed).normal(0, 0.1, (n, len(means)))


CELLS = cells_of(ACTIONS, likelihood=0.2, seed=1)
DRAWS = draws_of([-5.0, -4.0, -3.0, -2.0, 1.0])
BETTER, WORSE = retrained_of(-0.3), retrained_of(0.3)


def told(
    retrained: RetrainedCells | None = None,
    retrained_draws: Floats = NOTHING,
    cells: ReplicateCells = CELLS,
    draws: Floats = DRAWS,
) -> dict[Action, Effect]:
    found = effects_of(cells, draws, retrained, retrained_draws)
    assert [(one.node, one.intervention) for one in found] == [
        (action.node, action.intervention) for action in cells.actions
    ]
    return dict(zip(cells.actions, found, strict=True))


def interval(draws: Floats) -> Interval:
    low, high = np.quantile(draws, [0.025, 0.975])
    return Interval(mean=draws.mean(), low=low, high=high)


def is_same(one: Interval, other: Interval) -> bool:
    return one.model_dump() == pytest.approx(other.model_dump())


def test_what_was_scored_again_is_told_by_its_own_cells_and_draws() -> None:
    found = told()
    for k, action in enumerate(ACTIONS):
        effect, raw = found[action], crossed_statistics(CELLS.effects[k], action.is_drawn)
        assert is_same(effect.effect, interval(DRAWS[:, k]))
        assert (effect.raw, effect.raw_error) == pytest.approx(
            (float(raw.mean), float(raw.standard_error))
        )
        assert effect.changed == 10 + k
        assert effect.retrained is None
        assert effect.counted == effect.effect
        assert (effect.counted_raw, effect.counted_error) == (effect.raw, effect.raw_error)


def test_the_likelihood_is_told_where_the_targets_still_say_something() -> None:
    found = told()
    for action in (FILL, WORLD):
        assert (found[action].nll_change, found[action].nll_change_error) == (None, None)
    for k, action in ((1, SMOOTH), (2, SETTLE), (4, NOISE)):
        change = crossed_statistics(CELLS.nll_changes[k])
        assert found[action].nll_change == pytest.approx(float(change.mean))
        assert found[action].nll_change_error == pytest.approx(float(change.standard_error))


def test_what_was_fitted_anew_is_told_beside_and_counts() -> None:
    draws = draws_of([6.0, -7.0], seed=5)
    plain, found = told(), told(BETTER, draws)
    for action in (SMOOTH, WORLD, NOISE):
        assert found[action] == plain[action]
    for k, action in enumerate(ANEW):
        effect, anew = found[action], found[action].retrained
        assert anew is not None
        assert effect.model_copy(update={"retrained": None, "illusory": False}) == plain[
            action
        ].model_copy(update={"illusory": False})
        drawn = action.is_drawn
        raw = crossed_statistics(BETTER.cells.effects[k], drawn, nested=True)
        assert is_same(anew.effect, interval(draws[:, k]))
        assert (anew.raw, anew.raw_error) == pytest.approx(
            (float(raw.mean), float(raw.standard_error))
        )
        for change, values in (
            (anew.nll, BETTER.cells.nll_changes[k]),
            (anew.crps, BETTER.crps_after[k] - BETTER.crps_before),
        ):
            of = crossed_statistics(values, drawn, nested=True)
            assert change.value == pytest.approx(float(of.mean))
            assert change.error == pytest.approx(float(of.standard_error))
        assert anew.gap_before == pytest.approx(BETTER.gap_before.mean())
        assert anew.gap_after == pytest.approx(BETTER.gap_after[k].mean())
        assert effect.counted == anew.effect
        assert (effect.counted_raw, effect.counted_error) == (anew.raw, anew.raw_error)


def test_the_standard_error_knows_that_members_are_nested_in_draws() -> None:
    """Control: that of a crossed design is another one."""
    anew = told(BETTER, draws_of([6.0, -7.0]))[FILL].retrained
    assert anew is not None
    for drawn in (False, True):
        crossed = crossed_statistics(BETTER.cells.effects[1], drawn)
        assert anew.raw_error > 1.1 * float(crossed.standard_error)


def illusory(found: dict[Action, Effect]) -> set[Action]:
    return {action for action, effect in found.items() if effect.illusory}


def test_without_fitting_anew_a_worse_likelihood_makes_a_gain_illusory() -> None:
    """Not where values were drawn, the world changes, or nothing is gained."""
    assert illusory(told()) == {SMOOTH, SETTLE}
    better = cells_of(ACTIONS, likelihood=-0.2, seed=1)
    assert illusory(told(cells=better)) == set()


def test_fitting_anew_says_whether_a_gain_is_illusory() -> None:
    """Also of values that are drawn, as the held-out rows are left as they are."""
    assert illusory(told(BETTER, draws_of([-6.0, -7.0]))) == {SMOOTH}
    assert illusory(told(WORSE, draws_of([-6.0, -7.0]))) == {SMOOTH, SETTLE, FILL}


def test_a_gain_that_either_way_of_scoring_promises_can_be_illusory() -> None:
    raising = draws_of([5.0, -4.0, 3.0, 2.0, 1.0])
    assert illusory(told(WORSE, draws_of([6.0, 7.0]), draws=raising)) == {SMOOTH}
    assert illusory(told(WORSE, draws_of([6.0, -7.0]), draws=raising)) == {SMOOTH, FILL}
    assert illusory(told(WORSE, draws_of([6.0, 7.0]))) == {SMOOTH, SETTLE, FILL}


def test_draws_that_count_are_those_of_members_fitted_anew() -> None:
    own = draws_of([6.0, -7.0], seed=6)
    before = DRAWS.copy(), own.copy()
    found = counted_draws(CELLS, DRAWS, BETTER, own)
    np.testing.assert_array_equal(found[:, ACTIONS.index(SETTLE)], own[:, 0])
    np.testing.assert_array_equal(found[:, ACTIONS.index(FILL)], own[:, 1])
    np.testing.assert_array_equal(found[:, [1, 3, 4]], DRAWS[:, [1, 3, 4]])
    np.testing.assert_array_equal(DRAWS, before[0])
    np.testing.assert_array_equal(own, before[1])


@pytest.mark.parametrize("n", [25, 60, 90])
def test_fewer_or_more_draws_are_taken_in_turn(n: int) -> None:
    own = draws_of([6.0, -7.0], seed=6, n=n)
    found = counted_draws(CELLS, DRAWS, BETTER, own)
    assert found.shape == DRAWS.shape
    for row in range(S):
        np.testing.assert_array_equal(found[row, [2, 0]], own[row % n])


def test_where_no_member_was_fitted_anew_the_draws_are_those_there_are() -> None:
    np.testing.assert_array_equal(counted_draws(CELLS, DRAWS, None, NOTHING), DRAWS)
