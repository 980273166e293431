"""Shapley and Owen values of known games, and their axioms."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tasks.attribution.shapley import (
    count_nested_coalitions,
    nested_coalitions,
    owen_values,
    shapley_values,
    shapley_weights,
)
from tasks.errors import InputError

Array = NDArray[np.float64]
SIZES = st.lists(st.integers(1, 3), min_size=1, max_size=3).map(tuple)


def random_game(n_players: int, seed: int, *cells: int) -> Array:
    game = np.random.default_rng(seed).normal(size=(2**n_players, *cells))
    game[0] = 0
    return game


def by_walking_every_order(game: Array, sizes: tuple[int, ...]) -> tuple[Array, set[int]]:
    """The definition: mean gains over all orders that keep a table's players together."""
    tables = np.split(np.arange(sum(sizes)), np.cumsum(sizes)[:-1])
    orders: list[list[int]] = []
    for shuffled in permutations(tables):
        partial: list[list[int]] = [[]]
        for table in shuffled:
            partial = [[*o, *map(int, inside)] for o in partial for inside in permutations(table)]
        orders += partial
    values, passed = np.zeros(sum(sizes)), set()
    for order in orders:
        joined = 0
        for player in order:
            values[player] += game[joined | 1 << player] - game[joined]
            joined |= 1 << player
            passed.add(joined)
    return values / len(orders), passed - {2 ** sum(sizes) - 1}


@given(SIZES.filter(lambda sizes: sum(sizes) <= 6), st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_owen_values_are_the_mean_gains_over_nested_orders(
    sizes: tuple[int, ...], seed: int
) -> None:
    game = random_game(sum(sizes), seed)
    expected, passed = by_walking_every_order(game, sizes)
    known = {c: game[c] for c in (0, *nested_coalitions(sizes), len(game) - 1)}
    np.testing.assert_allclose(owen_values(known, sizes), expected, atol=1e-12)
    assert set(nested_coalitions(sizes)) == passed
    assert count_nested_coalitions(sizes) == len(passed)


@given(SIZES, st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_owen_values_are_efficient_and_consistent_with_the_game_among_tables(
    sizes: tuple[int, ...], seed: int
) -> None:
    game = random_game(sum(sizes), seed)
    values = owen_values(dict(enumerate(game)), sizes)
    assert values.sum() == pytest.approx(game[-1])
    firsts = np.cumsum((0, *sizes[:-1]))
    whole = [(2**size - 1) << int(first) for first, size in zip(firsts, sizes, strict=True)]
    among_tables = np.array(
        [
            game[sum(players for t, players in enumerate(whole) if coalition >> t & 1)]
            for coalition in range(2 ** len(sizes))
        ]
    )
    np.testing.assert_allclose(
        np.add.reduceat(values, firsts), shapley_values(among_tables), atol=1e-12
    )


def test_owen_values_differ_from_shapley_values_where_tables_matter() -> None:
    """Negative control. Majority of three, two of them united: the third is never pivotal."""
    game = np.array([0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 1.0])
    np.testing.assert_allclose(shapley_values(game), [1 / 3] * 3)
    np.testing.assert_allclose(owen_values(dict(enumerate(game)), (2, 1)), [0.5, 0.5, 0.0])


def test_shapley_values_of_the_glove_game() -> None:
    """Two left gloves and a right one (Shapley's own example): 1/6, 1/6, 2/3."""
    game = np.array([float(bool(c & 4) and bool(c & 3)) for c in range(8)])
    np.testing.assert_allclose(shapley_values(game), [1 / 6, 1 / 6, 2 / 3])


def test_shapley_values_of_the_airport_game() -> None:
    """Costs 1, 2, 4: each step is shared by those who need it (Littlechild & Owen 1973)."""
    costs = [1.0, 2.0, 4.0]
    game = np.array([max([0.0, *(costs[k] for k in range(3) if c >> k & 1)]) for c in range(8)])
    np.testing.assert_allclose(shapley_values(game), [1 / 3, 1 / 3 + 1 / 2, 1 / 3 + 1 / 2 + 2])


@given(st.integers(1, 8), st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_shapley_values_are_efficient_and_vectorised(n_players: int, seed: int) -> None:
    game = random_game(n_players, seed, 3, 2)
    before = game.copy()
    values = shapley_values(game)
    np.testing.assert_allclose(values.sum(axis=0), game[-1], atol=1e-12)
    np.testing.assert_array_equal(values[:, 1, 0], shapley_values(game[:, 1, 0]))
    np.testing.assert_array_equal(game, before)


@given(st.integers(2, 6), st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_players_who_change_nothing_get_exactly_nothing(n_players: int, seed: int) -> None:
    game = random_game(n_players, seed)
    game[1::2] = game[::2]
    values = shapley_values(game)
    assert values[0] == 0
    assert (values[1:] != 0).all()


@given(st.integers(2, 6), st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_players_who_are_interchangeable_get_the_same(n_players: int, seed: int) -> None:
    game = random_game(n_players, seed)
    for coalition in range(len(game)):
        if coalition & 3 == 2:
            game[coalition] = game[coalition ^ 3]
    values = shapley_values(game)
    assert values[0] == pytest.approx(values[1], abs=1e-12)


def test_weights_are_a_distribution_over_the_coalitions_of_the_others() -> None:
    for n_players in range(1, 9):
        sizes = np.array(shapley_weights(n_players))
        coalitions = [len(list(nested_of_size(n_players - 1, size))) for size in range(n_players)]
        assert sizes @ coalitions == pytest.approx(1)


def nested_of_size(n_players: int, size: int) -> list[int]:
    return [c for c in range(2**n_players) if c.bit_count() == size]


@pytest.mark.parametrize("length", [1, 3, 512])
def test_other_games_are_refused(length: int) -> None:
    with pytest.raises(InputError, match=rf"must have 2\*\*K coalitions.*got {length}"):
        shapley_values(np.zeros(length))
