"""Interactions between tables: what two of them explain together that neither does alone."""

from itertools import combinations
from math import factorial

import numpy as np
from numpy.typing import NDArray

from tasks.attribution.baseline import Baseline
from tasks.attribution.donors import donor_permutation
from tasks.attribution.hierarchy import Hierarchy
from tasks.attribution.shapley import MOST_PLAYERS, chains
from tasks.attribution.shares import Shares, estimate_shares
from tasks.attribution.total_effects import DonorGame
from tasks.errors import InputError
from tasks.progress import track

ROUNDS = 16
OTHERS = "(others)"


def interactions(
    base: Baseline,
    players: dict[str, tuple[int, ...]],
    entities: NDArray[np.integer],
    blocks: NDArray[np.integer],
    rng: np.random.Generator,
    rounds: int = ROUNDS,
) -> Shares:
    """Shapley interaction index of every pair of players.

    The index is that of the closed effects Var E[d | X_S], whose Shapley values are the shares: the
    negative of that of the total effects. Above 0 two players act together (a product of them);
    below 0 each stands for the other (they depend on each other).

    Parameters
    ----------
    base
        Rows, ensemble and sub-ensembles.
    players
        Features of each, 2 to 8 of them; together all features.
    entities, blocks, rng
        As of `owen_shares`.
    rounds
        Number of donor permutations, at least 2.

    Returns
    -------
    Shares
        Of the pairs, as fractions of the total effect of all players.

    Raises
    ------
    InputError
        If there are fewer than 2 players, or more than 8.

    References
    ----------
    Grabisch & Roubens (1999), An axiomatic approach to the concept of interaction among players in
    cooperative games, International Journal of Game Theory 28, 547-565.
    """
    if not 2 <= len(players) <= MOST_PLAYERS:
        raise InputError(
            f"Interactions are those of 2 to {MOST_PLAYERS} groups of features, got "
            f"{len(players)}: merge some."
        )
    features = list(players.values())
    games = np.array(
        [
            _game(DonorGame(base, features, donor_permutation(entities, blocks, rng)), len(players))
            for _ in track(range(rounds), "rounds of interactions")
        ]
    )
    indices = -interaction_index(games.T).T
    return estimate_shares(tuple(combinations(players, 2)), indices, games[:, -1])


def merge_tables(hierarchy: Hierarchy, largest: NDArray[np.intp]) -> dict[str, tuple[int, ...]]:
    """Features of each table; beyond 8 tables those of all but the 7 largest together.

    Parameters
    ----------
    hierarchy
        Tables and columns.
    largest
        Numbers of the tables, the largest share first.
    """
    names = list(hierarchy.tables)
    apart = largest if len(names) <= MOST_PLAYERS else largest[: MOST_PLAYERS - 1]
    players: dict[str, tuple[int, ...]] = {names[table]: () for table in apart}
    for name, columns in hierarchy.tables.items():
        player = name if name in players else OTHERS
        features = tuple(feature for column in columns.values() for feature in column)
        players[player] = (*players.get(player, ()), *features)
    return players


def interaction_index(game: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shapley interaction index of each pair of players.

    Parameters
    ----------
    game
        Values of all coalitions, shape (2**K, ...).

    Returns
    -------
    ndarray of shape (K (K - 1) / 2, ...)
        In the order of `itertools.combinations`.

    Examples
    --------
    >>> interaction_index(np.array([0.0, 1.0, 2.0, 5.0])).tolist()
    [2.0]
    """
    n_players = len(game).bit_length() - 1
    found = []
    for first, second in combinations(range(n_players), 2):
        one, two = 1 << first, 1 << second
        total = np.zeros(game.shape[1:])
        for others in range(len(game)):
            if not others & (one | two):
                together = game[others | one | two] - game[others | one]
                size = others.bit_count()
                weight = factorial(size) * factorial(n_players - size - 2)
                total += weight * (together - game[others | two] + game[others])
        found.append(total / factorial(n_players - 1))
    return np.array(found)


def _game(donors: DonorGame, n_players: int) -> NDArray[np.float64]:
    """Mean total effect of every coalition, over the donors and their inverse."""
    game = np.zeros(2**n_players)
    whole = len(game) - 1
    for chain in chains(range(len(game))):
        for coalition, (own, others) in zip(chain, donors.effects_along(chain), strict=True):
            game[coalition] += own.mean() / 2
            game[whole ^ coalition] += others.mean() / 2
    return game
