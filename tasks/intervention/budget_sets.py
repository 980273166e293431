"""Sets of items that a budget admits, and which of them to try where not all can be."""

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import combinations
from math import fsum

MOST_SETS = 40
"""More sets than these are not all tried."""
ROUNDING = 1e-9
"""Part of the budget by which rounded costs may exceed it."""

ItemSet = tuple[int, ...]
"""Numbers of the items, in ascending order."""


def total_cost(items: ItemSet, costs: Sequence[float]) -> float:
    """What a set costs."""
    return fsum(costs[k] for k in items)


def admissible_sets(
    costs: Sequence[float], excluded: Collection[tuple[int, int]], budget: float
) -> tuple[ItemSet, ...]:
    """Every set of at least one item that the budget pays.

    Parameters
    ----------
    costs
        Of the n items; 2^n sets are gone through.
    excluded
        Pairs (k, l), k < l, that no set holds both of.
    budget
        Most that a set may cost.

    Examples
    --------
    >>> admissible_sets([1, 2, 2], {(0, 1)}, 3)
    ((0,), (1,), (2,), (0, 2))
    """
    every_item = range(len(costs))
    return tuple(
        items
        for size in range(1, len(costs) + 1)
        for items in combinations(every_item, size)
        if total_cost(items, costs) <= budget * (1 + ROUNDING)
        and not any(pair in excluded for pair in combinations(items, 2))
    )


def maximal_sets(sets: Sequence[ItemSet]) -> tuple[ItemSet, ...]:
    """Those of the admissible sets that no further item fits into.

    Examples
    --------
    >>> maximal_sets([(0,), (1,), (2,), (0, 2)])
    ((1,), (0, 2))
    """
    return tuple(items for items in sets if not any(_extensions(items, sets)))


def search_sets(
    sets: Sequence[ItemSet], costs: Sequence[float], evaluate: Callable[[ItemSet], float]
) -> dict[ItemSet, float]:
    """Evaluate sets, the lowest value being sought.

    Up to `MOST_SETS` admissible sets are all evaluated: the lowest value of the result is the
    lowest there is. Of more, all single items are, and the maximal sets where these are not too
    many; the lowest is then found for sure if no further item ever raises a value. Of still more,
    those that greedy forward selection asks for, once by gain and once by gain per cost, until
    nothing fits. At last come the neighbours of the best one found, that is it without an item, or
    with another in its place. Neither of the last two steps is exact: a set whose items do
    something only when all are there may be missed.

    Parameters
    ----------
    sets
        The admissible sets.
    costs
        Of the items.
    evaluate
        Value of a set; asked once a set. Nothing has the value 0.

    Returns
    -------
    dict
        The sets that were evaluated, in that order, with their values.

    References
    ----------
    Khuller, Moss & Naor (1999), The budgeted maximum coverage problem, Information Processing
    Letters 70, 39-45, for the better of both greedy rules.
    """
    found: dict[ItemSet, float] = {}

    def ask(asked: Collection[ItemSet]) -> None:
        for items in asked:
            if items not in found:
                found[items] = evaluate(items)

    if len(sets) <= MOST_SETS:
        ask(sets)
        return found
    ask([items for items in sets if len(items) == 1])
    maximal = maximal_sets(sets)
    if len(maximal) <= MOST_SETS:
        ask(maximal)
    else:
        for unit_costs in ([1.0] * len(costs), costs):
            _select_forward(sets, unit_costs, found, ask)
    ask(list(_neighbours(min(found, key=found.__getitem__), sets)))
    return found


def _select_forward(
    sets: Sequence[ItemSet],
    costs: Sequence[float],
    found: dict[ItemSet, float],
    ask: Callable[[Collection[ItemSet]], None],
) -> None:
    """Add the item that lowers the value most per cost until none fits."""
    items: ItemSet = ()
    while extended := list(_extensions(items, sets)):
        ask(extended)
        value, cost = found.get(items, 0.0), total_cost(items, costs)
        items = min(
            extended, key=lambda more: (found[more] - value) / (total_cost(more, costs) - cost)
        )


def _extensions(items: ItemSet, sets: Sequence[ItemSet]) -> Iterator[ItemSet]:
    """The admissible sets with one item more."""
    return (more for more in sets if len(more) == len(items) + 1 and set(items) < set(more))


def _neighbours(items: ItemSet, sets: Sequence[ItemSet]) -> Iterator[ItemSet]:
    """The admissible sets with one item less, or with one exchanged."""
    return (
        other for other in sets if len(set(items) - set(other)) == 1 and len(other) <= len(items)
    )
