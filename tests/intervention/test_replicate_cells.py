"""An effect is the change of the mean over all cells; a mean of the cells' ratios is not."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tasks.attribution.crossed import crossed_statistics
from tasks.domain import Node
from tasks.errors import InputError
from tasks.intervention.replicate_cells import DO, Action, ReplicateCells

Floats = npt.NDArray[np.float64]

WEIGHT = Node(table="품목", column="<b>무게</b> kg")
BEFORE = arrays(float, (4, 3), elements=st.floats(0.1, 100))
AFTER = arrays(float, (2, 4, 3), elements=st.floats(0, 100))


def cells_of(before: Floats, after: Floats, nested: bool = False) -> ReplicateCells:
    k = len(after)
    return ReplicateCells(
        actions=tuple(Action(WEIGHT, f"action {number}") for number in range(k)),
        changed=np.arange(k),
        row_fraction=np.linspace(0.1, 1, k),
        u_before=before,
        u_after=after,
        nll_before=before,
        nll_after=after,
        nested=nested,
    )


def ratios(cells: ReplicateCells) -> Floats:
    """What each cell says by itself, in per cent."""
    return np.asarray(100 * (cells.u_after / cells.u_before - 1))


@given(BEFORE, AFTER)
def test_the_mean_over_the_cells_is_the_change_of_the_mean(before: Floats, after: Floats) -> None:
    given_before, given_after = before.copy(), after.copy()
    found = cells_of(before, after).effects
    assert found.shape == after.shape
    change = 100 * (after.mean(axis=(1, 2)) - before.mean()) / before.mean()
    np.testing.assert_allclose(found.mean(axis=(1, 2)), change, rtol=1e-9, atol=1e-7)
    np.testing.assert_array_equal(before, given_before)
    np.testing.assert_array_equal(after, given_after)


@given(BEFORE, st.floats(0, 3))
def test_where_every_cell_changes_alike_each_says_so(before: Floats, ratio: float) -> None:
    found = cells_of(before, ratio * before[None]).effects
    np.testing.assert_allclose(found, 100 * (ratio - 1), atol=1e-7)


@given(BEFORE, AFTER, st.floats(0.01, 100))
def test_the_unit_of_the_uncertainty_does_not_matter(
    before: Floats, after: Floats, unit: float
) -> None:
    here, there = cells_of(before, after).effects, cells_of(unit * before, unit * after).effects
    np.testing.assert_allclose(there, here, rtol=1e-9, atol=1e-7)


@given(AFTER)
def test_cells_that_were_alike_before_say_their_own_ratio(after: Floats) -> None:
    cells = cells_of(np.full((4, 3), 2.0), after)
    np.testing.assert_allclose(cells.effects, ratios(cells), atol=1e-9)


@given(BEFORE, AFTER)
def test_effects_of_parts_add_up(before: Floats, after: Floats) -> None:
    """As those of a column's value ranges: what each takes off adds up in every cell."""
    whole = after.sum(axis=0) - before
    both = cells_of(before, np.stack([*after, whole])).effects
    np.testing.assert_allclose(both[:2].sum(axis=0), both[2], rtol=1e-9, atol=1e-6)


def worlds(rng: np.random.Generator, n: int = 4000) -> tuple[Floats, Floats]:
    """Before and after in n worlds of 8 x 8 cells, shapes (n, 8, 8).

    In a block a share of the rows, from 0 to 1, leads to what is mended; it has five times the
    uncertainty of the others before, and the same after. So mending takes off two thirds on average
    over all rows: (1 + 5) / 2 = 3 before, 1 after.
    """
    share = rng.uniform(size=(n, 1, 8))
    noise = rng.gamma(50, 1 / 50, (n, 8, 8))
    return noise * (1 + 4 * share), noise


TRUE = 100 * (1 / 3 - 1)


@pytest.fixture(scope="module")
def simulated() -> tuple[Floats, Floats, Floats]:
    """Means of effects, their standard errors, and means of the cells' ratios, shape (n,)."""
    means, errors, naive = [], [], []
    for before, after in zip(*worlds(np.random.default_rng(1)), strict=True):
        cells = cells_of(before, after[None])
        found = crossed_statistics(cells.effects)
        means.append(found.mean[0])
        errors.append(found.error_of_mean[0])
        naive.append(ratios(cells).mean())
    return np.array(means), np.array(errors), np.array(naive)


def test_the_effect_is_that_of_all_rows(simulated: tuple[Floats, Floats, Floats]) -> None:
    """A ratio estimate of 8 blocks has a bias of its own, a fraction of its standard error."""
    means, errors, _ = simulated
    assert abs(means.mean() - TRUE) < 0.2 * means.std()
    assert means.std() == pytest.approx(np.sqrt(np.square(errors).mean()), rel=0.15)


def test_the_mean_of_the_cells_ratios_is_not(simulated: tuple[Floats, Floats, Floats]) -> None:
    """Control: what is mended counts for less where it makes the uncertainty large."""
    means, _, naive = simulated
    assert naive.mean() - TRUE > 5
    assert naive.mean() - TRUE > 5 * abs(means.mean() - TRUE)


@pytest.mark.parametrize("nested", [False, True])
def test_some_actions_are_taken_with_all_that_is_theirs(nested: bool) -> None:
    rng = np.random.default_rng(2)
    cells = cells_of(rng.uniform(1, 2, (4, 3)), rng.uniform(1, 2, (3, 4, 3)), nested)
    some = cells.take(np.array([2, 0]))
    assert some.actions == (cells.actions[2], cells.actions[0])
    assert some.nested is nested
    for name in ("changed", "row_fraction", "u_after", "nll_after", "effects", "nll_changes"):
        np.testing.assert_array_equal(getattr(some, name), getattr(cells, name)[[2, 0]])
    np.testing.assert_array_equal(some.u_before, cells.u_before)


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan])
def test_an_uncertainty_that_is_not_above_0_is_refused(bad: float) -> None:
    before = np.ones((4, 3))
    before[1, 2] = bad
    with pytest.raises(InputError, match="must be above 0 in every cell"):
        cells_of(before, np.ones((1, 4, 3)))


@pytest.mark.parametrize(
    ("intervention", "is_drawn", "keeps_target"),
    [
        ("impute_missing", True, False),
        ("correct", True, False),
        ("improve_quality", True, False),
        ("reduce_variance", False, True),
        ("impute_mean", False, True),
        ("remove_outliers", False, True),
        (DO, False, False),
    ],
)
def test_drawn_values_and_another_world_say_nothing_of_the_targets_that_were_observed(
    intervention: str, is_drawn: bool, keeps_target: bool
) -> None:
    action = Action(WEIGHT, intervention)
    assert (action.is_drawn, action.keeps_target) == (is_drawn, keeps_target)
