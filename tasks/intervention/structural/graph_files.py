"""Causal graphs as JSON or as a list of edges."""

import csv
import re
from pathlib import Path

from tasks.errors import InputError
from tasks.intervention.structural.causal_graph import CausalGraph, make_graph
from tasks.intervention.structural.strict_json import decode_utf8, read_bytes, read_json

KEYS = {"nodes", "edges"}
HEADERS = [["cause", "effect"], ["from", "to"], ["source", "target"]]
QUOTED = re.compile(r'"[^"]*"')


def read_graph(path: Path) -> CausalGraph:
    """Read a causal graph from a file in UTF-8.

    A file whose name ends in ``.json`` holds what `graph_of` takes. Any other file holds one edge
    a line, ``cause,effect`` (quoted as in CSV where a name needs it) or ``cause -> effect``.
    Blanks around a name do not count. Blank lines and lines that start with ``#`` are skipped, and
    so is a first line ``cause,effect``, ``from,to`` or ``source,target``: it is a header.

    Raises
    ------
    InputError
        If the file cannot be read, a line is no edge, or the graph breaks a rule.
    """
    if path.suffix.lower() == ".json":
        return graph_of(read_json(path))
    return _graph_of_edges(_edges_of_text(decode_utf8(read_bytes(path), str(path)), str(path)))


def graph_of(content: object) -> CausalGraph:
    """Build a causal graph from parsed JSON.

    Parameters
    ----------
    content
        ``{"nodes": [...], "edges": [[cause, effect], ...]}``, or the list of pairs alone; without
        nodes the graph has those at the ends of its edges.

    Raises
    ------
    InputError
        If the content has any other form, or the graph breaks a rule of `make_graph`.

    Examples
    --------
    >>> graph_of([["X", "Y"]]) == graph_of({"nodes": ["Y", "X"], "edges": [["X", "Y"]]})
    True
    """
    if isinstance(content, list):
        return _graph_of_edges(_pairs(content))
    if not isinstance(content, dict):
        raise InputError(
            "A causal graph must be an object with nodes and edges, or a list of pairs "
            f"[cause, effect], got {type(content).__name__}."
        )
    if unknown := [key for key in content if key not in KEYS]:
        raise InputError(f"A causal graph has nodes and edges, got also {unknown[0]!r:.60}.")
    if "edges" not in content:
        raise InputError("A causal graph needs a list of edges, got none.")
    edges = _pairs(content["edges"])
    return (
        make_graph(_names(content["nodes"]), edges)
        if "nodes" in content
        else _graph_of_edges(edges)
    )


def _graph_of_edges(edges: list[list[str]]) -> CausalGraph:
    """The graph whose nodes are the ends of its edges."""
    return make_graph(list(dict.fromkeys(end for edge in edges for end in edge)), edges)


def _names(nodes: object) -> list[str]:
    if not isinstance(nodes, list):
        raise InputError(
            f"The nodes of a causal graph must be a list of names, got {type(nodes).__name__}."
        )
    for place, node in enumerate(nodes):
        if not isinstance(node, str):
            raise InputError(f"Node {place} must be a name (text), got {type(node).__name__}.")
    return nodes


def _pairs(edges: object) -> list[list[str]]:
    if not isinstance(edges, list):
        raise InputError(
            "The edges of a causal graph must be a list of pairs [cause, effect], "
            f"got {type(edges).__name__}."
        )
    for place, edge in enumerate(edges):
        if not isinstance(edge, list) or len(edge) != 2:
            got = f"{len(edge)} items" if isinstance(edge, list) else type(edge).__name__
            raise InputError(f"Edge {place} must be a pair [cause, effect], got {got}.")
        for end in edge:
            if not isinstance(end, str):
                raise InputError(
                    f"Edge {place} must be a pair of names (text), got {type(end).__name__}."
                )
    return edges


def _edges_of_text(text: str, what: str) -> list[list[str]]:
    """The edges of a text, one a line, without a header."""
    edges: list[list[str]] = []
    is_first = True
    for number, line in enumerate(re.split(r"\r\n?|\n", text), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        edge = _edge_of_line(stripped)
        if len(edge) != 2 or not all(edge):
            raise InputError(
                f"Line {number} of {what} must be one edge, cause,effect or cause -> effect, "
                f"got {stripped!r:.60}."
            )
        is_header = is_first and [end.lower() for end in edge] in HEADERS
        is_first = False
        if not (is_header and "->" not in stripped):
            edges.append(edge)
    return edges


def _edge_of_line(line: str) -> list[str]:
    """The names in a line; none where its quotes do not close."""
    if "->" in QUOTED.sub("", line):
        return [end.strip() for end in line.split("->")]
    try:
        return [end.strip() for end in next(csv.reader([line], strict=True, skipinitialspace=True))]
    except csv.Error:
        return []
