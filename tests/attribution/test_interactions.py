"""Interactions of pairs: known answers, games in closed form, refusals."""

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from tasks.attribution.baseline import baseline
from tasks.attribution.hierarchy import Hierarchy
from tasks.attribution.interactions import interaction_index, interactions, merge_tables
from tasks.attribution.members import single_members, split_members
from tasks.attribution.shares import Shares
from tasks.errors import InputError

Array = NDArray[np.float64]
VARIANCE = 13.8446
OF_FIRST_AND_THIRD = 0.2437
"""Fraction of Ishigami's variance that x1 and x3 explain together alone."""


def found(predict: object, rows: Array, players: dict[str, tuple[int, ...]], rounds: int) -> Shares:
    n_rows = len(rows)
    members = single_members(1)
    return interactions(
        baseline(predict, rows, members),  # type: ignore[arg-type]
        players,
        np.arange(n_rows),
        np.zeros(n_rows, dtype=np.intp),
        np.random.default_rng(2),
        rounds,
    )


def ishigami(rows: Array) -> Array:
    x1, x2, x3 = rows.T
    return np.asarray(np.sin(x1) + 7 * np.sin(x2) ** 2 + 0.1 * x3**4 * np.sin(x1))[None]


def test_ishigami_has_one_interaction() -> None:
    rows = np.random.default_rng(1).uniform(-np.pi, np.pi, (20_000, 3))
    before = rows.copy()
    pairs = found(ishigami, rows, {"x1": (0,), "x2": (1,), "x3": (2,)}, 12)
    assert pairs.names == (("x1", "x2"), ("x1", "x3"), ("x2", "x3"))
    exact = np.array([0, OF_FIRST_AND_THIRD, 0])
    assert (np.abs(pairs.fractions - exact) < 4 * pairs.fraction_errors + 0.01).all()
    assert (np.abs(pairs.values - exact * VARIANCE) < 4 * pairs.errors + 0.02 * VARIANCE).all()
    assert pairs.fraction_errors.max() < 0.02
    np.testing.assert_array_equal(rows, before)


def test_a_product_of_two_members_coefficients_is_an_interaction() -> None:
    """d = e x1 x2 + a x1: the index of the pair is Var e."""
    rng = np.random.default_rng(3)
    a, e = rng.normal(size=(2, 8))
    rows = rng.normal(size=(20_000, 2))

    def predict(x: Array) -> Array:
        return np.asarray(a[:, None] * x[:, 0] + e[:, None] * x[:, 0] * x[:, 1])

    pairs = interactions(
        baseline(predict, rows, split_members(8, 2)),
        {"a": (0,), "b": (1,)},
        np.arange(20_000),
        np.zeros(20_000, dtype=np.intp),
        rng,
    )
    exact = e.reshape(2, 4).var(axis=1, ddof=1).mean()
    assert pairs.values[0] == pytest.approx(exact, abs=4 * pairs.errors[0] + 0.05 * exact)


def test_two_that_stand_for_each_other_have_a_negative_index() -> None:
    """f = x1 + x2 with x2 = x1: total effects 1, 1 and 4 times the variance."""
    x = np.random.default_rng(4).normal(size=4000)
    rows = np.column_stack([x, x])
    pairs = found(lambda of: of.sum(axis=1)[None], rows, {"a": (0,), "b": (1,)}, 8)
    assert pairs.fractions[0] == pytest.approx(-0.5, abs=0.02)


def test_index_of_games_in_closed_form() -> None:
    """An additive game has none; a unanimity game of T gives 1 / (|T| - 1) to each pair in T."""
    weights = np.array([3.0, -1.0, 2.0, 0.5])
    coalitions = range(16)
    additive = np.array([sum(weights[k] for k in range(4) if of >> k & 1) for of in coalitions])
    np.testing.assert_allclose(interaction_index(additive), 0, atol=1e-12)
    unanimous = np.array([float(of & 0b0111 == 0b0111) for of in coalitions])
    expected = [0.5 if max(pair) < 3 else 0.0 for pair in combinations(range(4), 2)]
    np.testing.assert_allclose(interaction_index(unanimous), expected, atol=1e-12)
    both = np.stack([additive, unanimous], axis=1)
    np.testing.assert_allclose(interaction_index(both)[:, 1], expected, atol=1e-12)


@pytest.mark.parametrize("n_players", [1, 9])
def test_too_few_and_too_many_players_are_refused(n_players: int) -> None:
    rows = np.random.default_rng(1).normal(size=(30, n_players))
    players = {f"x{k}": (k,) for k in range(n_players)}
    with pytest.raises(InputError, match=f"2 to 8 groups of features, got {n_players}"):
        found(lambda of: of.sum(axis=1)[None], rows, players, 2)


def test_beyond_eight_tables_the_smallest_are_one_player() -> None:
    names = [f"t{k}" for k in range(10)]
    hierarchy = Hierarchy(
        {name: {"x": (2 * k,), "y": (2 * k + 1,)} for k, name in enumerate(names)}
    )
    largest = np.array([9, 0, 8, 1, 7, 2, 6, 3, 5, 4])
    players = merge_tables(hierarchy, largest)
    assert list(players) == ["t9", "t0", "t8", "t1", "t7", "t2", "t6", "(others)"]
    assert players["t9"] == (18, 19)
    assert players["(others)"] == (6, 7, 8, 9, 10, 11)
    few = Hierarchy({name: {"x": (k,)} for k, name in enumerate(names[:8])})
    assert merge_tables(few, largest[largest < 8]) == {f"t{k}": (k,) for k in range(8)}
