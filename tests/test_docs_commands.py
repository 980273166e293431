"""Every command line that the documents show is one that `whence` takes."""

import argparse
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest
from pydantic import BaseModel

from flows.cli import build_parser
from flows.comparison_parameters import ComparisonParameters
from flows.coverage_parameters import CoverageParameters
from flows.parameters import AnalysisParameters, parse_parameters, parse_settings
from flows.scm_parameters import ScmFitParameters
from tasks.errors import InputError
from tests.document_parts import Document, commands_of, documents

SETTINGS: dict[str, type[BaseModel]] = {
    "run": AnalysisParameters,
    "compare-models": ComparisonParameters,
    "coverage": CoverageParameters,
    "scm": ScmFitParameters,
}


@cache
def whole_parser() -> argparse.ArgumentParser:
    return build_parser()


@cache
def leaf_commands() -> dict[tuple[str, ...], set[str]]:
    """Options of every command, by its name with those above it."""
    return dict(_leaves(whole_parser()))


def _leaves(
    parser: argparse.ArgumentParser, *above: str
) -> Iterator[tuple[tuple[str, ...], set[str]]]:
    inner = [of for of in parser._actions if isinstance(of, argparse._SubParsersAction)]
    if not inner:
        yield above, {name for of in parser._actions for name in of.option_strings}
    for action in inner:
        for name, below in action.choices.items():
            yield from _leaves(below, *above, name)


def refused(words: Sequence[str]) -> str:
    """Why the command line is refused; empty where it is not."""
    try:
        options = whole_parser().parse_args(words)
        values = parse_settings(getattr(options, "set", None) or ())
        if values:
            parse_parameters(SETTINGS[words[0]], values)
    except SystemExit as end:
        return f"whence {' '.join(words)}: the parser refuses it" if end.code else ""
    except InputError as error:
        return f"whence {' '.join(words)}: {error}"
    return ""


def is_name_of_a_command(words: Sequence[str]) -> bool:
    """Whether only a command is named, or an option of it, such as `whence fit --out`."""
    return any(
        tuple(words) == name[: len(words)] or (tuple(words[:-1]) == name and words[-1] in options)
        for name, options in leaf_commands().items()
    )


@pytest.mark.parametrize("document", documents(), ids=str)
def test_command_lines_are_taken(document: Document, capsys: pytest.CaptureFixture[str]) -> None:
    shown = [words for words in commands_of(document) if not is_name_of_a_command(words)]
    assert [told for words in shown if (told := refused(words))] == []
    capsys.readouterr()


def test_every_command_is_shown() -> None:
    shown = {tuple(words) for document in documents() for words in commands_of(document)}
    unseen = {name for name in leaf_commands() if not any(of[: len(name)] == name for of in shown)}
    assert unseen == set()


def test_wrong_command_lines_are_seen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "`whence fit` `whence fit --out` `whence fit --in` `whence rum`\n\n"
        "```sh\n.venv/bin/whence run f1 --sorce x # comment\n"
        "WHENCE_RUNS=x whence runs\nwhence run \\\n  --set membres=8\nwhence run --set members=3\n"
        "```\n\n```console\n$ whence report --yaml\nwhence: printed\n```\n\n"
        "```yaml\nwhence nothing\n```\n",
        encoding="utf-8",
    )
    shown = [words for words in commands_of(Document(page)) if not is_name_of_a_command(words)]
    wrong = [words for words in shown if refused(words)]
    assert [words[0] for words in wrong] == ["run", "run", "run", "report", "fit", "rum"]
    assert "no parameter 'membres'" in refused(["run", "--set", "membres=8"])
    capsys.readouterr()
