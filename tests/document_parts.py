"""What tests read out of the documents: fenced blocks, commands, links, headings."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[1]
BEFORE_A_COMMAND = re.compile(r"(?:\w+=\S* +)*(?:\.venv/bin/)?(whence .*)")


@dataclass(frozen=True)
class Block:
    """A fenced block: `info` is what stands after the fence, `line` its first line in the file."""

    info: str
    text: str
    line: int

    @property
    def language(self) -> str:
        return self.info.partition(" ")[0]


@dataclass(frozen=True)
class Example:
    """A command of a console block, and the lines that it is said to print."""

    command: str
    output: str
    line: int


@dataclass(frozen=True)
class Document:
    path: Path

    @cached_property
    def tokens(self) -> list[Token]:
        return MarkdownIt("commonmark").enable("table").parse(self.path.read_text(encoding="utf-8"))

    @property
    def blocks(self) -> list[Block]:
        return [
            Block(token.info.strip(), token.content, (token.map or [0])[0] + 2)
            for token in self.tokens
            if token.type == "fence"
        ]

    @property
    def inline(self) -> Iterator[Token]:
        for token in self.tokens:
            yield from token.children or ()

    @property
    def codes(self) -> list[str]:
        """What stands between single backticks, on one line."""
        return [
            " ".join(token.content.split()) for token in self.inline if token.type == "code_inline"
        ]

    @property
    def links(self) -> list[str]:
        return [
            unquote(str(token.attrs["href"])) for token in self.inline if token.type == "link_open"
        ]

    @property
    def anchors(self) -> set[str]:
        """Of the headings, as GitHub makes them."""
        found: list[str] = []
        for before, token in zip(self.tokens, self.tokens[1:], strict=False):
            if before.type == "heading_open":
                text = "".join(child.content for child in token.children or ())
                slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
                found.append(f"{slug}-{found.count(slug)}" if slug in found else slug)
        return set(found)

    def __str__(self) -> str:
        return (
            str(self.path.relative_to(ROOT)) if self.path.is_relative_to(ROOT) else str(self.path)
        )


def documents() -> list[Document]:
    """All that users read."""
    top = [path for path in ROOT.glob("*.md") if path.name != "CHANGELOG.md"]
    paths = [*top, ROOT / "data_contracts" / "README.md", *(ROOT / "docs").rglob("*.md")]
    return [Document(path) for path in sorted(paths)]


def commands_of(document: Document) -> list[list[str]]:
    """Words after `whence` of every command line that is shown, in blocks and between backticks."""
    lines = [line for block in document.blocks for line in command_lines(block)]
    shown = [*lines, *(code for code in document.codes if code.startswith("whence "))]
    found = (BEFORE_A_COMMAND.fullmatch(line) for line in shown)
    return [shlex.split(match[1], comments=True)[1:] for match in found if match]


def command_lines(block: Block) -> list[str]:
    """Lines of a shell block without prompts, broken ones joined; none of another block."""
    if block.language == "console":
        return [example.command for example in examples_of(block)]
    if block.language not in ("sh", ""):
        return []
    joined = block.text.replace("\\\n", " ")
    return [line.strip() for line in joined.splitlines() if line.strip()]


def examples_of(block: Block) -> list[Example]:
    """Commands of a console block, after `$ `, each with the lines below it."""
    found: list[Example] = []
    for number, line in enumerate(block.text.splitlines(), block.line):
        if line.startswith("$ "):
            found.append(Example(line.removeprefix("$ "), "", number))
        elif found and found[-1].command.endswith("\\"):
            last = found.pop()
            found.append(Example(last.command.removesuffix("\\") + line.strip(), "", last.line))
        elif found:
            last = found.pop()
            found.append(Example(last.command, f"{last.output}{line}\n", last.line))
    return found
