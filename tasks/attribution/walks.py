"""One round of gains: an order and its reverse, or every order, under one donor permutation."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from tasks.attribution.shapley import nested_coalitions, owen_values
from tasks.attribution.total_effects import DonorGame

Gains = Iterator[tuple[int, NDArray[np.float64]]]
"""Each column once, with its gain at each row, shape (J, N)."""


def antithetic_gains(game: DonorGame, order: Iterable[int]) -> Gains:
    """Gains along an order, and along its reverse under the inverse donors: their mean.

    Both walks meet the same hybrid rows, so that the pair takes one prediction a step; the last
    step's rows are the donors themselves and take none.

    Parameters
    ----------
    game
        Total effects under one donor permutation.
    order
        The players in the order in which they join.

    Yields
    ------
    (int, ndarray of shape (J, N))
        A player and its gain. The gains sum to the mean, over both donor permutations, of the
        total effect of all features.
    """
    everything = game.everything()
    joined, effect, effect_of_others = 0, np.zeros_like(everything), everything
    players = list(order)
    for player in players:
        joined |= 1 << player
        before, others_before = effect, effect_of_others
        if player == players[-1]:
            effect, effect_of_others = everything, np.zeros_like(everything)
        else:
            effect, effect_of_others = game.effects(joined)
        gain = effect - before
        gain += (others_before - effect_of_others)[:, game.inverse]
        gain *= 0.5
        yield player, gain


def enumerated_gains(game: DonorGame, sizes: Sequence[int]) -> Gains:
    """Mean gains over every order, and over the donors and their inverse: Owen values.

    Parameters
    ----------
    game
        Total effects under one donor permutation.
    sizes
        Number of players of each table. Memory: a (J, N) array for each nested coalition.

    Yields
    ------
    (int, ndarray of shape (J, N))
        As `antithetic_gains`.
    """
    whole = 2 ** sum(sizes) - 1
    everything = game.everything()
    values = {0: np.zeros_like(everything), whole: 0.5 * everything}
    values[whole] += 0.5 * everything[:, game.inverse]
    coalitions = nested_coalitions(sizes)
    values |= {coalition: np.zeros_like(everything) for coalition in coalitions}
    for coalition in coalitions:
        effect, effect_of_others = game.effects(coalition)
        values[coalition] += 0.5 * effect
        values[whole ^ coalition] += 0.5 * effect_of_others[:, game.inverse]
    yield from enumerate(owen_values(values, sizes))
