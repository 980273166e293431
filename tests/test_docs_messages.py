"""Every message that the documents quote is one that the source can print."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.document_parts import ROOT, Document

PAGE = Document(ROOT / "docs" / "troubleshooting.md")
DIFFERS = "..."
FEWEST_LETTERS = 8
"""Of a message that are fixed: fewer would be found anywhere."""


@cache
def templates() -> tuple[str, ...]:
    """Every text of the source, with what is put in while it runs left open."""
    paths = [path for room in ("flows", "tasks") for path in (ROOT / room).rglob("*.py")]
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in paths]
    texts = [text for tree in trees for text in _texts(tree, _constants(trees))]
    return (*dict.fromkeys(texts), (ROOT / "Makefile").read_text(encoding="utf-8"))


def _constants(trees: list[ast.Module]) -> dict[str, str]:
    """Texts and numbers that stand under a name of their own, such as of a variable."""
    return {
        target.id: str(node.value.value)
        for tree in trees
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _texts(tree: ast.AST, constants: dict[str, str]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield " ".join(node.value.split())
        elif isinstance(node, ast.JoinedStr):
            yield " ".join("".join(_part(value, constants) for value in node.values).split())


def _part(value: ast.expr, constants: dict[str, str]) -> str:
    if isinstance(value, ast.Constant):
        return str(value.value)
    name = value.value if isinstance(value, ast.FormattedValue) else None
    return constants.get(name.id, DIFFERS) if isinstance(name, ast.Name) else DIFFERS


def strange(document: Document) -> list[str]:
    """Lines of quoted messages that no text of the source gives."""
    lines = [
        line
        for block in document.blocks
        if block.language == "text"
        for line in block.text.splitlines()
    ]
    return [line for line in lines if not is_printed(line)]


def is_printed(line: str) -> bool:
    parts = [re.escape(part) for part in line.split(DIFFERS) if part.strip(" .")]
    if sum(letter.isalpha() for letter in line) < FEWEST_LETTERS:
        return False
    pattern = re.compile(".*".join(part.replace(r"\ ", r"\s*") for part in parts), re.DOTALL)
    return any(pattern.search(template) for template in templates())


def test_quoted_messages_are_those_of_the_source() -> None:
    assert strange(PAGE) == []


def test_each_message_is_followed_by_what_to_do() -> None:
    assert len([block for block in PAGE.blocks if block.language == "text"]) >= 25


def test_strange_messages_are_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "```text\nThere is no contract ...; known domains: ...\n"
        "There is no contract ...; all domains: ...\n... of ...\n"
        "known domains: ... There is no contract ...\n```\n",
        encoding="utf-8",
    )
    assert strange(Document(page)) == [
        "There is no contract ...; all domains: ...",
        "... of ...",
        "known domains: ... There is no contract ...",
    ]
