"""Drawings of graphs in layers: causes before effects, no overlap, few crossings."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.report.graph_layers import Edge, chain_of, crossings, layers_of, neighbours, ordered_rows
from tasks.report.layered_graph import layered_graph


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[str], list[Edge]]:
    n = draw(st.integers(2, 9))
    nodes = [f"n{k}" for k in range(n)]
    pairs = [(nodes[a], nodes[b]) for a in range(n) for b in range(a + 1, n)]
    return nodes, draw(st.lists(st.sampled_from(pairs), min_size=1, unique=True))


@settings(deadline=None, max_examples=40)
@given(graphs())
def test_effects_lie_beyond_their_causes_and_nothing_overlaps(
    graph: tuple[list[str], list[Edge]],
) -> None:
    nodes, edges = graph
    drawn = layered_graph(nodes, edges, 1.0, 0.3)
    assert set(drawn.layer) == set(drawn.across) == set(nodes)
    assert min(drawn.layer.values()) >= 0
    taken: dict[int, list[tuple[float, float]]] = {}
    for node in nodes:
        taken.setdefault(drawn.layer[node], []).append((drawn.across[node], 0.5))
    for cause, effect in edges:
        between = range(drawn.layer[cause] + 1, drawn.layer[effect])
        assert drawn.layer[cause] < drawn.layer[effect]
        for layer, place in zip(between, drawn.routes[cause, effect], strict=True):
            taken[layer].append((place, 0.15))
    for items in taken.values():
        for (low, half), (high, other) in pairwise(sorted(items)):
            assert high - low >= half + other - 1e-9
    ends = [(place - half, place + half) for items in taken.values() for place, half in items]
    assert min(low for low, _ in ends) == pytest.approx(0)
    assert max(high for _, high in ends) == pytest.approx(drawn.extent)


def test_layers_are_filled_without_long_edges_from_roots() -> None:
    edges = [("A", "B"), ("B", "C"), ("C", "D"), ("late", "D")]
    assert layers_of(["A", "B", "C", "D", "late", "alone"], edges) == {
        "A": 0,
        "B": 1,
        "C": 2,
        "D": 3,
        "late": 2,
        "alone": 0,
    }


def test_crossings_are_counted_and_taken_out() -> None:
    low, high = [("a",), ("b",), ("c",)], [("x",), ("y",), ("z",)]
    edges = [("a", "z"), ("b", "y"), ("c", "x")]
    around = neighbours([[(cause,), (effect,)] for cause, effect in edges])
    assert crossings([low, high], around) == 3
    assert crossings([low, high[::-1]], around) == 0
    layer = dict.fromkeys("abc", 0) | dict.fromkeys("xyz", 1)
    ordered = ordered_rows(layer, {edge: chain_of(edge, layer) for edge in edges})
    assert crossings(ordered, around) == 0


def test_a_complete_bipartite_graph_has_the_crossings_that_it_must() -> None:
    edges = [(cause, effect) for cause in "abc" for effect in "xyz"]
    layer = layers_of("abcxyz", edges)
    chains = {edge: chain_of(edge, layer) for edge in edges}
    assert crossings(ordered_rows(layer, chains), neighbours(chains.values())) == 9


def test_a_chain_is_straight_and_a_cause_stands_amid_its_effects() -> None:
    chain = layered_graph("abc", [("a", "b"), ("b", "c")], 1.0, 0.2)
    assert len(set(chain.across.values())) == 1
    assert chain.extent == 1
    fan = layered_graph("abcd", [("a", "b"), ("a", "c"), ("a", "d")], 1.0, 0.2)
    effects = [fan.across[node] for node in "bcd"]
    assert fan.across["a"] == pytest.approx(sum(effects) / 3)
    assert fan.extent == pytest.approx(3)
