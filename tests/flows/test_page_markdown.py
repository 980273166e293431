"""Texts of any characters in Markdown: an independent reader of it sees what was written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from flows.markdown_text import as_markdown, code, code_block
from tasks.report.wording import printable

READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
MARKS = "ab 1.)(<>[]!*_`~#+-=|\\&;:\"'/$^{}@?%,한\t\n\u202e"
TEXTS = st.text(MARKS, max_size=12) | st.text(max_size=20)


def inline(text: str) -> list[Token]:
    """What a reader sees in the one paragraph of a text."""
    tokens = READER.parse(text)
    kinds = [token.type for token in tokens]
    assert kinds in ([], ["paragraph_open", "inline", "paragraph_close"]), text
    return (tokens[1].children or []) if tokens else []


@given(TEXTS)
def test_a_text_is_shown_as_it_is(text: str) -> None:
    seen = inline(as_markdown(text))
    assert {token.type for token in seen} <= {"text", "text_special"}
    assert "".join(token.content for token in seen) == printable(text).strip()


@pytest.mark.parametrize(
    "text",
    [
        "*a*",
        "_a_",
        "`a`",
        "~~a~~",
        "<b>a</b>",
        "![a](b)",
        "[a](b)",
        "# a",
        "- a",
        "1. a",
        "> a",
        "&lt;",
    ],
)
def test_the_reader_would_see_something_else_without_escapes(text: str) -> None:
    tokens = READER.parse(text)
    seen = [child.type for token in tokens for child in token.children or []]
    shown = "".join(child.content for token in tokens for child in token.children or [])
    assert shown != text or set(seen) != {"text"} or tokens[0].type != "paragraph_open"


@pytest.mark.parametrize(
    "text",
    [
        "results.driver_id [12.26, 15.332)",
        "−12.3",
        "+0.3",
        "[−15.2, −9.1]",
        "71.5 ± 7.3",
        "P(< 0), %",
        "fill the 80 missing cells of items.weight",
        "상점 무게_kg",
        "12.5 % (3 of 24)",
    ],
)
def test_what_means_nothing_in_markdown_is_left_alone(text: str) -> None:
    assert as_markdown(text) == text


@given(TEXTS.filter(lambda text: printable(text).strip() != ""))
def test_a_path_or_command_is_code(text: str) -> None:
    (seen,) = inline(code(text))
    assert seen.type == "code_inline"
    assert seen.content.strip() == printable(text).strip()


@given(st.text(MARKS, max_size=40).map(lambda text: text.replace("\t", " ")))
def test_lines_are_shown_as_they_are_in_a_block(text: str) -> None:
    (seen,) = READER.parse(code_block(text))
    assert seen.type == "fence"
    assert seen.content.rstrip("\n") == text.rstrip()
