"""Every link of the documents leads somewhere, and every path that they name exists."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.document_parts import ROOT, Document, documents

OF_THE_SOURCE = re.compile(r"(?:tasks|flows|stan|tests|docs|data_contracts)/[\w./-]+")


def broken_links(document: Document) -> Iterator[str]:
    for link in document.links:
        if "://" in link or link.startswith("mailto:"):
            continue
        name, _, anchor = link.partition("#")
        target = (document.path.parent / name).resolve() if name else document.path
        if not target.exists():
            yield f"{link}: there is no {name}"
        elif anchor and anchor not in Document(target).anchors:
            yield f"{link}: there is no heading #{anchor}"


def absent_paths(document: Document) -> list[str]:
    named = (code for code in document.codes if OF_THE_SOURCE.fullmatch(code))
    return [code for code in named if not (ROOT / code).exists()]


@pytest.mark.parametrize("document", documents(), ids=str)
def test_links_resolve(document: Document) -> None:
    assert list(broken_links(document)) == []


@pytest.mark.parametrize("document", documents(), ids=str)
def test_named_paths_exist(document: Document) -> None:
    assert absent_paths(document) == []


def test_every_page_is_linked_to_from_another() -> None:
    pages = {document.path for document in documents()}
    linked = {
        (document.path.parent / link.partition("#")[0]).resolve()
        for document in documents()
        for link in document.links
        if "://" not in link and not link.startswith("#")
    }
    of_itself = {ROOT / "README.md", ROOT / "data_contracts" / "README.md"}
    assert pages - linked - of_itself == set()


def test_the_checks_see_what_is_broken(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# Über uns, `x.y`\n\n[a](page.md#über-uns-xy) [b](#nowhere) [c](gone.md)\n"
        "[d](page.md#two) [e](https://example.org)\n\n"
        "`tasks/gone.py` `tasks/errors.py` `tasks.errors`\n\n"
        "```\n[f](in_code.md)\n```\n",
        encoding="utf-8",
    )
    assert list(broken_links(Document(page))) == [
        "#nowhere: there is no heading #nowhere",
        "gone.md: there is no gone.md",
        "page.md#two: there is no heading #two",
    ]
    assert absent_paths(Document(page)) == ["tasks/gone.py"]
