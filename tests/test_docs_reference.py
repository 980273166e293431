"""The generated references are those of the models at hand, and leave nothing out."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from flows import reference
from flows.reference import FLOWS, PAGES, attributes, renewed, write_pages
from tasks.beliefs.answers import Interview
from tasks.domain import Domain
from tests.document_parts import ROOT, Document, documents

OF_THE_SERVICE = {"WHENCE_BESIDE", "WHENCE_REPORTS", "WHENCE_SERVICE"}
"""Which `whence serve` sets for its programs, and nobody else."""


def stale_pages(folder: Path) -> list[str]:
    pages = {page: (folder / page).read_text(encoding="utf-8") for page in PAGES}
    return [page for page, text in pages.items() if renewed(text, PAGES[page]()) != text]


def rows_of(text: str) -> list[list[str]]:
    lines = (line for line in text.splitlines() if line.startswith("| `"))
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def fields_of(schema: Mapping[str, Any]) -> Iterator[str]:
    for one in (schema, *schema.get("$defs", {}).values()):
        yield from (
            name
            for name, rule in one["properties"].items()
            if name != "kind" or "description" in rule
        )


def test_references_are_up_to_date() -> None:
    assert stale_pages(ROOT / "docs") == []


@pytest.mark.parametrize(
    ("text", "models"),
    [
        (reference.contract_reference(), [Domain]),
        (reference.interview_reference(), [Interview]),
        (reference.settings_reference(), list(FLOWS.values())),
    ],
)
def test_every_field_is_there_with_its_meaning(text: str, models: list[Any]) -> None:
    rows = rows_of(text)
    wanted = [name for model in models for name in fields_of(model.model_json_schema())]
    assert sorted(row[0].strip("`") for row in rows) == sorted(wanted)
    assert [row for row in rows if len(row) != 5 or not row[4]] == []


def test_bounds_and_defaults_are_those_of_the_models() -> None:
    rows = {row[0]: row for row in rows_of(reference.contract_reference())}
    assert rows["`most_orphans`"][1:4] == ["number", "at least 0, at most 1", "`0.2`"]
    assert rows["`primary_key`"][1:4] == ["list: text", "", ""]
    assert rows["`harmonics`"][1:4] == ["whole number", "at least 0, at most 6", "`2`"]
    assert rows["`validation`"][1:4] == ["date", "", "required"]
    assert rows["`range`"][1] == "list of 2: number or `null`"
    settings = {row[0]: row for row in rows_of(reference.settings_reference())}
    assert settings["`check_model`"][1] == "`auto` or `always` or `never`"
    assert settings["`replicates`"][2].startswith("at least")


def test_attributes_end_with_their_section() -> None:
    text = "A.\n\nAttributes\n----------\na, b\n    One\n    line.\nc\n    Two.\n\n    More.\n"
    told = {"a": "One line.", "b": "One line.", "c": "Two. More."}
    assert attributes(text) == told
    assert attributes(f"{text}\nReferences\n----------\nd\n    None.") == told
    assert attributes("A.\n\nNotes\n-----\na\n    b") == {}


def test_a_stale_page_is_seen_and_renewed(tmp_path: Path) -> None:
    (tmp_path / "how-to").mkdir()
    for page in PAGES:
        text = (ROOT / "docs" / page).read_text(encoding="utf-8")
        (tmp_path / page).write_text(text, encoding="utf-8")
    changed = tmp_path / "contract.md"
    good = changed.read_text(encoding="utf-8")
    changed.write_text(good.replace("at least 0, at most 1 |", "at least 0 |"), encoding="utf-8")
    assert stale_pages(tmp_path) == ["contract.md"]
    write_pages(tmp_path)
    assert changed.read_text(encoding="utf-8") == good
    assert Document(changed).anchors == Document(ROOT / "docs" / "contract.md").anchors


def variables_of(texts: list[str]) -> set[str]:
    return {name for text in texts for name in re.findall(r"WHENCE_[A-Z_]+[A-Z]", text)}


def test_every_variable_is_explained() -> None:
    paths = [path for room in ("flows", "tasks") for path in (ROOT / room).rglob("*.py")]
    source = variables_of([path.read_text(encoding="utf-8") for path in paths])
    page = Document(ROOT / "docs" / "settings.md")
    assert variables_of(page.codes) == source - OF_THE_SERVICE
    told = [variables_of([document.path.read_text(encoding="utf-8")]) for document in documents()]
    assert set().union(*told) <= source
