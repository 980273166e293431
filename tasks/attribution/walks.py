"""One round of gains: an order and its reverse, or every order, under one donor permutation."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, pairwise
from operator import or_

import numpy as np
from numpy.typing import NDArray

from tasks.attribution.shapley import chains, nested_coalitions, owen_values
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
    players = list(order)
    coalitions = accumulate((1 << player for player in players), or_, initial=0)
    walk = pairwise(game.effects_along(list(coalitions)))
    for player, ((before, others_before), (effect, effect_of_others)) in zip(
        players, walk, strict=True
    ):
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
    values: dict[int, NDArray[np.float64]] = {}
    for chain in chains([0, *nested_coalitions(sizes), whole]):
        walk = zip(chain, game.effects_along(chain), strict=True)
        for coalition, (effect, effect_of_others) in walk:
            others = whole ^ coalition
            values[coalition] = values.get(coalition, 0.0) + 0.5 * effect
            values[others] = values.get(others, 0.0) + 0.5 * effect_of_others[:, game.inverse]
    yield from enumerate(owen_values(values, sizes))
