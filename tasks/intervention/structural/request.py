"""Requests to fit a structural model, and answers, as JSON."""

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from tasks.errors import InputError
from tasks.intervention.structural.causal_graph import CausalGraph
from tasks.intervention.structural.graph_files import graph_of
from tasks.intervention.structural.settings import FitSettings
from tasks.intervention.structural.strict_json import parse_json
from tasks.intervention.structural.trace_files import columns_of
from tasks.intervention.structural.traces import Traces, make_traces

PARTS = ("graph", "traces", "config")


@dataclass(frozen=True)
class FitRequest:
    """What is to be fitted, checked.

    Attributes
    ----------
    graph, traces, settings
        As `fit_structural_model` takes them.
    """

    graph: CausalGraph
    traces: Traces
    settings: FitSettings


def read_request(data: bytes) -> FitRequest:
    """Check a request.

    Parameters
    ----------
    data
        JSON in UTF-8: ``{"graph": {"nodes": [...], "edges": [...]}, "traces": {name: [...]},
        "config": {...}}``; all of ``config`` may be left out.

    Raises
    ------
    InputError
        If it breaks a rule.
    """
    content = parse_json(data)
    if not isinstance(content, dict):
        raise InputError(
            f"The request must be an object with graph and traces, got {type(content).__name__}."
        )
    if unknown := [part for part in content if part not in PARTS]:
        raise InputError(f"The request has graph, traces and config, got also {unknown[0]!r:.60}.")
    if without := [part for part in ("graph", "traces") if part not in content]:
        raise InputError(f"The request needs {without[0]}, got none.")
    settings = _settings(content.get("config", {}))
    graph = graph_of(content["graph"])
    traces = make_traces(columns_of(content["traces"]), graph, settings.missing)
    return FitRequest(graph, traces, settings)


def _settings(content: object) -> FitSettings:
    try:
        return FitSettings.model_validate(content)
    except ValidationError as error:
        first: Any = error.errors()[0]
        name = ".".join(["config", *map(str, first["loc"])])
        known = ", ".join(FitSettings.model_fields)
        raise InputError(
            f"{name}: {first['msg']}, got {first['input']!r:.60} (of {known})."
        ) from error
