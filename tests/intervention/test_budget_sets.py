"""The search over sets against brute force."""

from collections.abc import Callable
from itertools import chain, combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.intervention import budget_sets
from tasks.intervention.budget_sets import (
    MOST_SETS,
    ItemSet,
    admissible_sets,
    maximal_sets,
    search_sets,
)

COSTS = st.lists(st.sampled_from([0.5, 1.0, 2.0, 3.0, 5.0]), min_size=1, max_size=8)
PAIRS = st.sets(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=6)


def brute_force(costs: list[float], excluded: set[tuple[int, int]], budget: float) -> set[ItemSet]:
    every = chain.from_iterable(combinations(range(len(costs)), n) for n in range(1, 9))
    return {
        items
        for items in every
        if sum(costs[k] for k in items) <= budget
        and all((k, m) not in excluded for k in items for m in items)
    }


@given(COSTS, PAIRS, st.sampled_from([0.4, 1.0, 3.0, 6.5, 100.0]))
def test_admissible_and_maximal_sets_are_those_of_brute_force(
    costs: list[float], pairs: set[tuple[int, int]], budget: float
) -> None:
    excluded = {(k, m) for k, m in pairs if k < m}
    found = admissible_sets(costs, excluded, budget)
    assert len(set(found)) == len(found)
    assert set(found) == brute_force(costs, excluded, budget)
    assert set(maximal_sets(found)) == {
        items for items in found if not any(set(items) < set(other) for other in found)
    }


def test_rounded_costs_that_sum_to_the_budget_are_paid() -> None:
    assert 0.1 + 0.2 > 0.3
    assert (0, 1) in admissible_sets([0.1, 0.2], (), 0.3)


def searched(
    costs: list[float], budget: float, value: Callable[[ItemSet], float]
) -> tuple[dict[ItemSet, float], tuple[ItemSet, ...]]:
    """What the search finds, each set being asked for once, and all there is."""
    asked: list[ItemSet] = []

    def evaluate(items: ItemSet) -> float:
        asked.append(items)
        return value(items)

    sets = admissible_sets(costs, (), budget)
    found = search_sets(sets, costs, evaluate)
    assert asked == list(found)
    assert len(set(asked)) == len(asked)
    assert set(asked) <= set(sets)
    return found, sets


@pytest.mark.parametrize("seed", range(20))
def test_few_sets_are_searched_exactly_whatever_their_values(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values: dict[ItemSet, float] = {}
    found, sets = searched([1.0] * 8, 2, lambda items: values.setdefault(items, rng.normal()))
    assert len(sets) == 36 <= MOST_SETS
    assert set(found) == set(sets)


@pytest.mark.parametrize("seed", range(20))
def test_values_that_no_item_raises_are_searched_exactly(seed: int) -> None:
    """Interactions of all pairs and triples, none above 0."""
    rng = np.random.default_rng(seed)
    gains = {items: -rng.exponential() for n in (1, 2, 3) for items in combinations(range(7), n)}

    def value(items: ItemSet) -> float:
        return sum(gain for part, gain in gains.items() if set(part) <= set(items))

    found, sets = searched([1.0] * 7, 3, value)
    assert len(sets) == 63 > MOST_SETS
    assert min(found.values()) == min(map(value, sets))


@pytest.mark.parametrize("seed", range(20))
def test_additive_values_are_searched_exactly_where_the_search_is_greedy(seed: int) -> None:
    gains = np.random.default_rng(seed).normal(size=8)
    found, sets = searched([1.0] * 8, 4, lambda items: float(gains[list(items)].sum()))
    assert len(maximal_sets(sets)) == 70 > MOST_SETS
    assert len(found) < 90 < len(sets)
    assert min(found.values()) == pytest.approx(np.minimum(np.sort(gains)[:4], 0).sum())


def test_an_item_that_harms_is_dropped_again() -> None:
    """All maximal sets hold three items, the best set two."""
    found, _ = searched([1.0] * 7, 3, lambda items: len(items) * 1.0 - 9 * (set(items) >= {2, 5}))
    assert min(found, key=found.__getitem__) == (2, 5)


@pytest.mark.parametrize(
    ("costs", "gains", "budget", "best"),
    [
        ([1, 1, 1, 1, 4], [-1, -1, -1, -1, -3], 4, (0, 1, 2, 3)),
        ([1, 3, 3, 2], [-2, -5, -5, -0.1], 6, (1, 2)),
    ],
    ids=["only by gain per cost", "only by gain"],
)
def test_gain_per_cost_and_gain_are_both_tried(
    costs: list[float],
    gains: list[float],
    budget: float,
    best: ItemSet,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(budget_sets, "MOST_SETS", 1)
    found, _ = searched(costs, budget, lambda items: sum(gains[k] for k in items))
    assert min(found, key=found.__getitem__) == best


def test_the_greedy_search_may_miss_what_only_four_together_do() -> None:
    """The limit that the docstring states."""
    hidden = {1, 3, 5, 7}
    found, _ = searched(
        [1.0] * 8, 4, lambda items: -9.0 if set(items) == hidden else -0.1 * (8 - sum(items) / 9)
    )
    assert min(found.values()) > -9
