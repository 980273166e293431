"""One graph comes out of each form in which its edges may be written."""

import copy
import json
from pathlib import Path

import pytest

from tasks.errors import InputError
from tasks.intervention.structural.causal_graph import make_graph
from tasks.intervention.structural.graph_files import graph_of, read_graph

GRAPH = make_graph(["x", "나이", "y"], [["x", "y"], ["나이", "y"]])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("graph.json", '{"nodes": ["y", "x", "나이"], "edges": [["x", "y"], ["나이", "y"]]}'),
        ("graph.json", '{"edges": [["x", "y"], ["나이", "y"]]}'),
        ("graph.JSON", '\ufeff[["나이", "y"], ["x", "y"]]'),
        ("graph.csv", "x,y\n나이,y\n"),
        ("graph.csv", "\ufeffCause, Effect\r\nx,y\r\n나이 , y\r\n"),
        ("graph.csv", "from,to\nx,y\n나이,y"),
        ("graph.csv", '# note\n\nsource,target\n"x",y\n"나이","y"\n'),
        ("graph.txt", "# note\n\n  # another\nx -> y\n\n나이->y\n"),
        ("graph", "x -> y\n나이,y\n"),
    ],
)
def test_every_form_gives_the_same_graph(name: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(text.encode())
    assert read_graph(path) == GRAPH


def test_quotes_keep_commas_arrows_and_quotes_in_a_name(tmp_path: Path) -> None:
    path = tmp_path / "graph.csv"
    path.write_text('"a, b",c\n"a->b", "say ""c"""\n', encoding="utf-8")
    assert read_graph(path).edges == (("a, b", "c"), ("a->b", 'say "c"'))


def test_a_comma_may_stand_in_a_name_beside_an_arrow(tmp_path: Path) -> None:
    path = tmp_path / "graph.txt"
    path.write_text("a, b -> c # 1\n", encoding="utf-8")
    assert read_graph(path).edges == (("a, b", "c # 1"),)


def test_only_the_first_line_is_a_header_and_an_arrow_makes_it_an_edge(tmp_path: Path) -> None:
    path = tmp_path / "graph.csv"
    path.write_text("from,to\nfrom,x\nsource,target\n", encoding="utf-8")
    assert read_graph(path).edges == (("from", "x"), ("source", "target"))
    path.write_text("cause -> effect\n", encoding="utf-8")
    assert read_graph(path).edges == (("cause", "effect"),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x,y\n\nx,y,z\n", r"Line 3 of .*edges\.csv must be one edge, .* got 'x,y,z'"),
        ("x -> y -> z", "Line 1 of "),
        ("# only\nx", "Line 2 of "),
        ("x,", "Line 1 of "),
        ("-> y", "Line 1 of "),
        ('"x,y\n', "Line 1 of "),
        ('x,"y\n', "Line 1 of "),
        ("", "needs an edge"),
        ("cause,effect\n", "needs an edge"),
        ("x,y\ny,x", "circle"),
        ("x,y\nx -> y", "x -> y twice"),
    ],
)
def test_a_line_that_is_no_edge_is_refused(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "edges.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_graph(path)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "edges.csv"
    with pytest.raises(InputError, match=r"edges\.csv cannot be read: No such file"):
        read_graph(path)
    path.write_bytes("x,나이\n".encode("euc-kr"))
    with pytest.raises(InputError, match=r"edges\.csv must be in UTF-8, byte 2 "):
        read_graph(path)
    (tmp_path / "graph.json").write_bytes(b'{"edges": [["x", "y"]], "edges": []}')
    with pytest.raises(InputError, match=r"graph\.json holds the key 'edges' twice"):
        read_graph(tmp_path / "graph.json")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "must be an object with nodes and edges, or a list .* got NoneType"),
        ("x -> y", "must be an object .* got str"),
        ({"nodes": ["x", "y"]}, "needs a list of edges, got none"),
        ({"edges": [["x", "y"]], "links": []}, "got also 'links'"),
        ({"edges": {"x": "y"}}, "edges of a causal graph must be a list of pairs .* got dict"),
        ({"nodes": "xy", "edges": [["x", "y"]]}, "nodes .* must be a list of names, got str"),
        ({"nodes": None, "edges": [["x", "y"]]}, "nodes .* got NoneType"),
        ({"nodes": ["x", 1], "edges": [["x", "y"]]}, r"Node 1 must be a name \(text\), got int"),
        ([["x", "y"], "xy"], "Edge 1 must be a pair .* got str"),
        ([{"cause": "x", "effect": "y"}], "Edge 0 must be a pair .* got dict"),
        ([["x", "y", 0.5]], "Edge 0 must be a pair .* got 3 items"),
        ([["x", None]], r"Edge 0 must be a pair of names \(text\), got NoneType"),
        ([["x", ["y"]]], "Edge 0 must be a pair of names .* got list"),
        ([], "needs an edge"),
        ({"nodes": ["x"], "edges": [["x", "y"]]}, "'y' is no node"),
    ],
)
def test_other_content_is_refused(content: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        graph_of(content)


def test_nodes_without_an_edge_are_kept() -> None:
    assert graph_of({"nodes": ["x", "y", "alone"], "edges": [["x", "y"]]}).nodes == (
        "alone",
        "x",
        "y",
    )


def test_content_nested_deeply_is_refused_without_a_crash() -> None:
    deep: object = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(InputError, match="Edge 0 must be a pair"):
        graph_of({"edges": [deep]})


def test_the_content_stays_as_it_is() -> None:
    content = {"nodes": ["y", "x"], "edges": [["x", "y"]]}
    before = copy.deepcopy(content)
    graph_of(content)
    assert content == before
    assert json.dumps(content) == json.dumps(before)
