"""Shapley and Owen values of a game whose coalitions are all known.

A coalition is an integer whose bit k says whether player k is in it.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import factorial

import numpy as np
from numpy.typing import NDArray

from tasks.errors import InputError

MOST_PLAYERS = 8


def shapley_weights(n_players: int) -> list[float]:
    """Probability of each coalition of s others to be there before a player, s = 0 .. n - 1.

    Examples
    --------
    >>> shapley_weights(2)
    [0.5, 0.5]
    """
    return [
        factorial(size) * factorial(n_players - size - 1) / factorial(n_players)
        for size in range(n_players)
    ]


def shapley_values(game: NDArray[np.float64]) -> NDArray[np.float64]:
    """Exact Shapley values.

    Parameters
    ----------
    game
        Values of all coalitions, shape (2**K, ...), K <= 8; the other axes are separate games.

    Returns
    -------
    ndarray of shape (K, ...)
        They sum to ``game[-1] - game[0]``.

    Raises
    ------
    InputError
        If the number of coalitions is no power of 2, or more than 2**8.

    References
    ----------
    Shapley (1953), A value for n-person games. Song, Nelson & Staum (2016), Shapley effects for
    global sensitivity analysis, SIAM/ASA J. Uncertainty Quantification 4, 1060-1083.

    Examples
    --------
    >>> shapley_values(np.array([0.0, 1.0, 2.0, 5.0])).tolist()
    [2.0, 3.0]
    """
    n_players = len(game).bit_length() - 1
    if len(game) != 2**n_players or not 1 <= n_players <= MOST_PLAYERS:
        raise InputError(
            f"A game must have 2**K coalitions of K = 1 to {MOST_PLAYERS} players, got "
            f"{len(game)}: sample orders beyond."
        )
    return owen_values(dict(enumerate(game)), (1,) * n_players)


def owen_values(
    game: Mapping[int, NDArray[np.float64]], sizes: Sequence[int]
) -> NDArray[np.float64]:
    """Exact Owen values: the mean gain over all orders that keep the players of a table together.

    Parameters
    ----------
    game
        Value of each of `nested_coalitions`, of the empty one and of the whole one; any shape.
    sizes
        Number of players of each table; players are counted table by table.

    Returns
    -------
    ndarray of shape (K, ...)
        A table's sum is its Shapley value in the game among the tables.

    References
    ----------
    Owen (1977), Values of games with a priori unions, Mathematical Economics and Game Theory.
    """
    values = np.zeros((sum(sizes), *np.shape(game[0])))
    table_weights = shapley_weights(len(sizes))
    for first, size, others in _tables(sizes):
        weights = shapley_weights(size)
        for n_tables, before in others:
            for inside in range(2**size):
                coalition = before | inside << first
                for player in range(size):
                    if not inside >> player & 1:
                        gain = game[coalition | 1 << first + player] - game[coalition]
                        gain *= table_weights[n_tables] * weights[inside.bit_count()]
                        values[first + player] += gain
    return values


def nested_coalitions(sizes: Sequence[int]) -> list[int]:
    """The coalitions that such orders pass through, but the empty and the whole one.

    Examples
    --------
    >>> nested_coalitions((1, 2))
    [1, 2, 3, 4, 5, 6]
    >>> len(nested_coalitions((2, 2))), len(nested_coalitions((4,)))
    (10, 14)
    """
    coalitions = {
        before | inside << first
        for first, size, others in _tables(sizes)
        for _, before in others
        for inside in range(2**size)
    }
    return sorted(coalitions - {0, 2 ** sum(sizes) - 1})


def count_nested_coalitions(sizes: Sequence[int]) -> int:
    """Length of `nested_coalitions`, without listing them.

    Examples
    --------
    >>> count_nested_coalitions((2, 2)), count_nested_coalitions((4,))
    (10, 14)
    """
    n_tables = len(sizes)
    return int(2**n_tables - 2 + sum(2 ** (n_tables - 1) * (2**size - 2) for size in sizes))


def chains(coalitions: Sequence[int]) -> list[list[int]]:
    """Coalitions in chains: in a chain each holds all players of the one before it.

    Examples
    --------
    >>> chains([1, 2, 3, 4, 5, 6])
    [[1, 3], [2, 6], [4, 5]]
    """
    found: list[list[int]] = []
    for coalition in sorted(coalitions, key=lambda of: (of.bit_count(), of)):
        ending = (chain for chain in found if chain[-1] & ~coalition == 0)
        longest = max(ending, key=len, default=None)
        if longest is None:
            found.append([coalition])
        else:
            longest.append(coalition)
    return found


def _tables(sizes: Sequence[int]) -> Iterator[tuple[int, int, list[tuple[int, int]]]]:
    """Each table's first player and size, and the sets of other tables: how many, which players."""
    firsts = [sum(sizes[:table]) for table in range(len(sizes))]
    whole = [(2**size - 1) << first for first, size in zip(firsts, sizes, strict=True)]
    for table, (first, size) in enumerate(zip(firsts, sizes, strict=True)):
        others = [(0, 0)]
        for players in whole[:table] + whole[table + 1 :]:
            others += [(count + 1, before | players) for count, before in others]
        yield first, size, others
