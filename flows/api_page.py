"""The page of the HTTP service, from its OpenAPI document: no script, no request elsewhere."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from shlex import quote
from typing import Any

import jinja2

import tasks.report
from tasks.report.section import Table, table

FOLDERS = [Path(__file__).parent / "templates", Path(tasks.report.__path__[0]) / "templates"]
TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(FOLDERS),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
BOUNDS = {
    "minimum": "at least {:.12g}",
    "exclusiveMinimum": "above {:.12g}",
    "maximum": "at most {:.12g}",
    "exclusiveMaximum": "below {:.12g}",
    "minLength": "length at least {}",
    "maxLength": "length at most {}",
    "pattern": "fits {}",
    "format": "{}",
}
JSON = "application/json"
BEARER = '-H "Authorization: Bearer $WHENCE_API_TOKEN"'


def as_page(document: Mapping[str, Any], base: str) -> str:
    """Give the service as a page.

    Parameters
    ----------
    document
        OpenAPI.
    base
        Where the service is, such as ``http://127.0.0.1:8642``, for the examples.
    """
    operations = [
        {
            "title": f"{method.upper()} {path}",
            "description": operation["description"],
            "tables": tuple(_tables(operation)),
            "example": _example(operation, f"{base}{path}"),
        }
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    page = TEMPLATES.get_template("api.html.j2")
    return page.render(info=document["info"], operations=operations)


def _tables(operation: Mapping[str, Any]) -> Iterator[Table]:
    if "requestBody" in operation:
        schema = operation["requestBody"]["content"][JSON]["schema"]
        head = ["field", "type", "bounds", "default", "meaning"]
        yield from table(head, [_row(name, schema) for name in schema["properties"]])
    answers = operation["responses"].items()
    yield from table(["answer", "when"], [(code, told["description"]) for code, told in answers])


def _row(name: str, schema: Mapping[str, Any]) -> tuple[str, ...]:
    field = schema["properties"][name]
    rules = next((rule for rule in field.get("anyOf", ()) if rule["type"] != "null"), {}) | field
    bounds = [said.format(rules[bound]) for bound, said in BOUNDS.items() if bound in rules]
    if "enum" in rules:
        bounds.append(f"one of {', '.join(rules['enum'])}")
    default = json.dumps(field["default"]) if "default" in field else "none"
    if name in schema.get("required", ()):
        default = "required"
    return (name, rules["type"], ", ".join(bounds), default, field["description"])


def _example(operation: Mapping[str, Any], address: str) -> str:
    """Call by curl, every word quoted for the shell."""
    words = ["curl", quote(address)]
    if operation.get("security"):
        words.append(BEARER)
    if "requestBody" in operation:
        body = json.dumps(operation["requestBody"]["content"][JSON]["example"])
        words += [f"-H 'Content-Type: {JSON}'", f"-d {quote(body)}"]
    return " \\\n  ".join(words)
