"""Reference pages of docs/, generated from the models that check what a user writes."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from flows.api_page import BOUNDS
from flows.belief_parameters import ElicitParameters, PriorConflictParameters, UpdateParameters
from flows.comparison_parameters import ComparisonParameters
from flows.coverage_parameters import CoverageParameters
from flows.parameters import AnalysisParameters
from flows.sbc_parameters import SbcParameters
from flows.scm_parameters import ScmFitParameters, ScmQueryParameters
from tasks.beliefs.answers import Interview
from tasks.domain import Domain

BEGIN, END = "<!-- generated: python -m flows.reference -->\n", "<!-- end -->\n"
FLOWS: dict[str, type[BaseModel]] = {
    "intervention-analysis": AnalysisParameters,
    "sbc-validate": SbcParameters,
    "coverage-study": CoverageParameters,
    "model-comparison": ComparisonParameters,
    "scm-fit": ScmFitParameters,
    "scm-query": ScmQueryParameters,
    "elicit-beliefs": ElicitParameters,
    "prior-conflict": PriorConflictParameters,
    "update-priors": UpdateParameters,
}
TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "`true` or `false`",
    "null": "`null`",
}
RULES = {
    **{bound: said for bound, said in BOUNDS.items() if bound != "format"},
    "pattern": "fits `{}`",
    "multipleOf": "a multiple of {}",
    "minItems": "at least {} of them",
    "minProperties": "at least {} of them",
}
HEAD = "| field | type | bounds | default | what |\n|---|---|---|---|---|\n"
NO_DEFAULT: tuple[object, ...] = (None, "", [], {})

Schema = Mapping[str, Any]


def contract_reference() -> str:
    """Every field of a data contract, object by object."""
    return _objects(Domain, top="the contract")


def interview_reference() -> str:
    """Every field of the file of an interview, object by object."""
    return _objects(Interview, top="the interview")


def settings_reference() -> str:
    """Every parameter of every flow."""
    return "\n".join(
        f"## {name}\n\n{HEAD}{_rows(model.model_json_schema())}" for name, model in FLOWS.items()
    )


def attributes(docstring: str) -> dict[str, str]:
    r"""What the section "Attributes" of a NumPy docstring says of each name.

    Examples
    --------
    >>> attributes("A box.\n\nAttributes\n----------\na, b\n    Its sides.\n\nNotes\n-----\nNone.")
    {'a': 'Its sides.', 'b': 'Its sides.'}
    """
    section = re.search(r"^Attributes\n-+\n(.*?)(?=\n\n\S+\n-+\n|\Z)", docstring, re.M | re.S)
    entries = re.findall(r"^(\S.*)\n((?:(?: .*)?(?:\n|$))+)", section[1] if section else "", re.M)
    return {
        name: " ".join(text.split())
        for names, text in entries
        for name in map(str.strip, names.split(","))
    }


def write_pages(folder: Path) -> None:
    """Renew what is generated in the pages of a folder.

    Parameters
    ----------
    folder
        docs/ of the project.
    """
    for page, text in PAGES.items():
        path = folder / page
        path.write_text(renewed(path.read_text(encoding="utf-8"), text()), encoding="utf-8")


def renewed(page: str, text: str) -> str:
    """A page with a text between its two marks."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}"


PAGES = {
    "contract.md": contract_reference,
    "how-to/elicit-beliefs.md": interview_reference,
    "settings.md": settings_reference,
}


def _objects(model: type[BaseModel], top: str) -> str:
    schema = model.model_json_schema()
    parts: dict[str, list[str]] = {}
    for place, name in _places(schema["$defs"], schema, ""):
        parts.setdefault(name, []).append(place)
    return "\n".join(
        [
            _section(schema, top),
            *(
                _section(schema["$defs"][name], " and ".join(dict.fromkeys(places)))
                for name, places in parts.items()
            ),
        ]
    )


def _places(definitions: Schema, schema: Schema, path: str) -> Iterator[tuple[str, str]]:
    """Where each object inside of one stands, and its name; each followed by those inside of it."""
    kinds = _kinds(schema)
    for field, rule in schema["properties"].items():
        for steps, name in _references(rule):
            here = ".".join(filter(None, (path, field, *steps)))
            yield (f"`{here}`{f' of a {kinds}' if kinds else ''}", name)
            yield from _places(definitions, definitions[name], here)


def _references(rule: Schema, *steps: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Objects of which a rule speaks, with the steps that lead to them."""
    if "$ref" in rule:
        yield steps, rule["$ref"].rpartition("/")[2]
    for other in (*rule.get("anyOf", ()), *rule.get("oneOf", ())):
        yield from _references(other, *steps)
    if "items" in rule:
        yield from _references(rule["items"], *steps, "N")
    if (named := _by_name(rule)) is not None:
        yield from _references(named, *steps, "NAME")


def _section(schema: Schema, where: str) -> str:
    """One object: where it stands, what it is, its fields."""
    kinds = _kinds(schema)
    summary = schema["description"].partition("\n\n")[0].replace("\n", " ")
    title = f"{where}{f' with kind {kinds}' if kinds else ''}"
    return f"### {title[0].upper()}{title[1:]}\n\n{_marked(summary)}\n\n{HEAD}{_rows(schema)}"


def _kinds(schema: Schema) -> str:
    """Which of several forms an object is, where a key says so by itself."""
    kind = schema["properties"].get("kind", {})
    return "" if "description" in kind else " or ".join(_choices(kind))


def _rows(schema: Schema) -> str:
    told, first = attributes(schema.get("description", "")), dict[str, str]()
    rows = []
    for name, rule in schema["properties"].items():
        if name == "kind" and _kinds(schema):
            continue
        what = rule.get("description", told.get(name, ""))
        of_another = first.setdefault(what, name)
        if what and of_another != name:
            what = f"See ``{of_another}``."
        rows.append(f"| {' | '.join((*_cells(name, rule, schema), _marked(what)))} |\n")
    return "".join(rows)


def _cells(name: str, rule: Schema, schema: Schema) -> tuple[str, ...]:
    given = rule.get("default")
    default = "" if given in NO_DEFAULT or isinstance(given, dict) else f"`{json.dumps(given)}`"
    if name in schema.get("required", ()):
        default = "required"
    return f"`{name}`", _type(rule), ", ".join(_bounds(rule)), default


def _type(rule: Schema) -> str:
    if "$ref" in rule:
        return "object"
    if "anyOf" in rule or "oneOf" in rule:
        others = [*rule.get("anyOf", ()), *rule.get("oneOf", ())]
        optional = "default" in rule and rule["default"] is None
        kinds = [_type(other) for other in others if not (optional and _is_null(other))]
        return " or ".join(dict.fromkeys(kinds))
    if choices := _choices(rule):
        return " or ".join(choices)
    if "prefixItems" in rule:
        return f"list of {len(rule['prefixItems'])}: {_type(rule['prefixItems'][0])}"
    if rule["type"] == "array":
        return f"list: {_type(rule['items'])}"
    if rule["type"] == "object":
        return f"{_type(_by_name(rule) or {})} by name"
    return "date" if rule.get("format") == "date" else TYPES[rule["type"]]


def _by_name(rule: Schema) -> Schema | None:
    """Rule of what an object holds under names of the user's own."""
    others = rule.get("additionalProperties"), *rule.get("patternProperties", {}).values()
    return next((other for other in others if isinstance(other, dict)), None)


def _is_null(rule: Schema) -> bool:
    return rule.get("type") == "null"


def _choices(rule: Schema) -> list[str]:
    return [
        f"`{choice}`" for choice in rule.get("enum", [rule["const"]] if "const" in rule else [])
    ]


def _bounds(rule: Schema) -> Iterator[str]:
    """Bounds of a value, of each element of a list, or of each value by name."""
    inner = (rule.get("items"), _by_name(rule), *rule.get("prefixItems", ())[:1])
    for part in (rule, *rule.get("anyOf", ()), *filter(None, inner)):
        of_form = {"minItems"} if "prefixItems" in part else set()
        named = RULES.keys() & part.keys() - of_form
        yield from (said.format(part[bound]) for bound, said in RULES.items() if bound in named)


def _marked(text: str) -> str:
    """A docstring's text as Markdown, with None as YAML writes it."""
    return re.sub(r"\bNone\b", "`null`", re.sub(r"``(.+?)``", r"`\1`", text))


if __name__ == "__main__":
    write_pages(Path(__file__).parents[1] / "docs")
