"""A causal graph is checked once, and told by its nodes and edges in any order."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.errors import InputError
from tasks.intervention.structural.causal_graph import MOST_NODES, CausalGraph, make_graph

Edges = list[tuple[str, str]]


@pytest.fixture
def diamond() -> CausalGraph:
    return make_graph(
        ["출력", "left", "right", "input", "alone"],
        [("right", "출력"), ("input", "right"), ("left", "출력"), ("input", "left")],
    )


def test_nodes_and_edges_are_sorted(diamond: CausalGraph) -> None:
    assert diamond.nodes == ("alone", "input", "left", "right", "출력")
    assert diamond.edges == (
        ("input", "left"),
        ("input", "right"),
        ("left", "출력"),
        ("right", "출력"),
    )


def test_parents_are_direct_causes(diamond: CausalGraph) -> None:
    assert diamond.parents("출력") == ("left", "right")
    assert diamond.parents("alone") == ()


def test_the_order_puts_causes_before_effects(diamond: CausalGraph) -> None:
    assert sorted(diamond.order) == sorted(diamond.nodes)
    assert all(diamond.order.index(a) < diamond.order.index(b) for a, b in diamond.edges)


def test_mechanisms_are_the_nodes_with_parents(diamond: CausalGraph) -> None:
    assert diamond.mechanisms == ("left", "right", "출력")


def test_affected_are_the_given_nodes_and_their_descendants(diamond: CausalGraph) -> None:
    assert diamond.affected_by(["left"]) == {"left", "출력"}
    assert diamond.affected_by(["left", "alone"]) == {"left", "출력", "alone"}
    assert diamond.affected_by(["input"]) == {"input", "left", "right", "출력"}
    assert diamond.affected_by([]) == frozenset()


@pytest.mark.parametrize(
    ("nodes", "edges", "message"),
    [
        (["a", "b"], [("a", "b"), ("b", "a")], "circle: (a -> b -> a|b -> a -> b)"),
        (["a", "b", "c", "d"], [("d", "a"), ("a", "b"), ("b", "c"), ("c", "a")], "in a circle: "),
        (["a", "b"], [("a", "a")], "a -> a leads from a node to itself"),
        (["a", "b"], [("a", "ghost")], "a -> ghost: 'ghost' is no node"),
        (["a", "b"], [("ghost", "b")], "ghost -> b: 'ghost' is no node"),
        (["a", "b", "a"], [("a", "b")], "Each node is listed once, got 'a' twice"),
        (["a", "b"], [("a", "b"), ("a", "b")], "Each edge is listed once, got a -> b twice"),
        (["a", " "], [("a", " ")], "needs a name, got an empty one"),
        (["a", "b"], [("a", "b", "a")], r"Edge 0 must be a pair \[cause, effect\]"),
        (["a", "b"], [("a", "b"), ("a",)], "Edge 1 must be a pair"),
        (["a", "b"], ["ab"], "Edge 0 must be a pair .* got 'ab'"),
        (["a", "b"], [], "needs an edge"),
        ([str(k) for k in range(MOST_NODES + 1)], [("0", "1")], "at most 500 nodes, got 501"),
    ],
)
def test_a_broken_graph_is_refused(
    nodes: list[str], edges: list[tuple[str, ...] | str], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        make_graph(nodes, edges)


def test_the_largest_graph_is_taken() -> None:
    names = [str(k) for k in range(MOST_NODES)]
    assert len(make_graph(names, [("0", "1")]).nodes) == MOST_NODES


def test_the_circle_alone_is_named() -> None:
    with pytest.raises(InputError, match="circle") as refusal:
        make_graph(["x", "a", "b"], [("x", "a"), ("a", "b"), ("b", "a")])
    assert "x" not in str(refusal.value).partition(": ")[2]


@st.composite
def random_dags(draw: st.DrawFn) -> tuple[list[str], Edges]:
    names = draw(st.lists(st.text("ab가나 é", min_size=1, max_size=3), min_size=2, unique=True))
    names = [f"{name}." for name in names]
    pairs = [(a, b) for place, a in enumerate(names) for b in names[place + 1 :]]
    return names, draw(st.lists(st.sampled_from(pairs), min_size=1, unique=True))


@given(dag=random_dags(), rng=st.randoms(use_true_random=False))
def test_the_digest_does_not_depend_on_the_order(
    dag: tuple[list[str], Edges], rng: random.Random
) -> None:
    nodes, edges = dag
    graph = make_graph(nodes, edges)
    shuffled = make_graph(rng.sample(nodes, len(nodes)), rng.sample(edges, len(edges)))
    assert shuffled == graph
    assert shuffled.digest == graph.digest
    assert shuffled.order == graph.order


@given(dag=random_dags())
def test_a_dag_with_one_edge_turned_around_a_path_is_refused(dag: tuple[list[str], Edges]) -> None:
    nodes, edges = dag
    cause, effect = edges[0]
    with pytest.raises(InputError, match="circle"):
        make_graph(nodes, [*edges, (effect, cause)])


def test_another_graph_has_another_digest() -> None:
    graphs = [
        make_graph(["a", "b"], [("a", "b")]),
        make_graph(["a", "b"], [("b", "a")]),
        make_graph(["a", "b", "c"], [("a", "b")]),
        make_graph(["a", "b", "c"], [("a", "b"), ("b", "c")]),
        make_graph(["a", "b", "edges"], [("a", "b")]),
    ]
    assert len({graph.digest for graph in graphs}) == len(graphs)


def test_what_is_given_stays_as_it_is() -> None:
    nodes, edges = ["b", "a"], [["b", "a"]]
    make_graph(nodes, edges)
    assert (nodes, edges) == (["b", "a"], [["b", "a"]])
