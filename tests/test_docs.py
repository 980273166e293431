"""What the documents show runs, and prints what they say."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from prefect.events.schemas.automations import AutomationCore
from pydantic import ValidationError

from flows.events import Happened
from tasks.beliefs.interview_file import read_interview
from tasks.contract import load_contract
from tasks.errors import InputError
from tests.document_parts import ROOT, Block, Document, documents
from tests.document_runs import agrees, disagreements

CONTRACT = Document(ROOT / "docs" / "contract.md")
AUTOMATION = "yaml automation"


def is_run(document: Document) -> bool:
    return any(block.language in ("python", "console") for block in document.blocks)


@pytest.mark.parametrize("document", list(filter(is_run, documents())), ids=str)
def test_what_is_shown_is_printed(document: Document, tmp_path: Path) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    assert "\n".join(disagreements(document, folder, tmp_path / "data")) == ""


def merged(whole: Any, part: Any) -> Any:
    """A contract with a piece of it put in: keys are joined, all else is replaced."""
    if not isinstance(whole, Mapping) or not isinstance(part, Mapping):
        return part
    return {
        **whole,
        **{key: merged(whole.get(key), value) for key, value in part.items()},
    }


def refused_pieces(document: Document, folder: Path) -> list[str]:
    """Why pieces of YAML are refused, the first of which is a whole contract."""
    texts = [block.text for block in document.blocks if block.info == "yaml"]
    whole, told = yaml.safe_load(texts[0]), []
    for number, text in enumerate(texts):
        path = folder / f"{number}.yaml"
        content = merged(whole, yaml.safe_load(text))
        path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
        try:
            load_contract(path)
        except InputError as error:
            told.append(str(error))
    return told


def yaml_blocks(*but: Document) -> list[tuple[Document, Block]]:
    return [
        (document, block)
        for document in documents()
        for block in document.blocks
        if block.info == "yaml" and document.path not in {other.path for other in but}
    ]


def test_contracts_are_taken(tmp_path: Path) -> None:
    assert refused_pieces(CONTRACT, tmp_path) == []


@pytest.mark.parametrize(("document", "block"), yaml_blocks(CONTRACT))
def test_interviews_are_taken(document: Document, block: Block, tmp_path: Path) -> None:
    path = tmp_path / "answers.yaml"
    path.write_text(block.text, encoding="utf-8")
    assert read_interview(path).beliefs


def test_wrong_pieces_are_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    (whole,) = [block.text for block in CONTRACT.blocks if block.info == "yaml"][:1]
    pieces = ("costs: {nodes: {없음: 5}}", "decision_worth: 5", "tables: {주문: {tim: 주문일}}")
    blocks = "".join(f"```yaml\n{piece}\n```\n\n" for piece in (whole.rstrip(), *pieces))
    page.write_text(blocks, encoding="utf-8")
    first, second = refused_pieces(Document(page), tmp_path)
    assert "costs.nodes.없음" in first
    assert "tables.주문.tim" in second


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("a b", "a\n  b"),
        ("a ... d", "a b c d"),
        ("... d", "d"),
        ("Run 2026-... , kept", "Run 2026-11-22T , kept"),
        ("−11.7 % [−27.1, +5.1] of U", "−12.3 % [−28.0, +4.9] of U"),
        ("1,858 rows, 15.279", "1,858 rows, 15.3"),
    ],
)
def test_what_agrees(shown: str, printed: str) -> None:
    assert agrees(shown, printed)


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("a b", "a c"),
        ("a b", "a b c"),
        ("a ... d", "a b c"),
        ("80 cells", "81 cells"),
        ("U 40.1 %", "U 30.1 %"),
        ("0.5 %", "5 %"),
        ("", "Traceback"),
    ],
)
def test_what_disagrees(shown: str, printed: str) -> None:
    assert not agrees(shown, printed)


def test_a_page_that_is_wrong_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "```yaml file=ä.yaml\nname: ä\n```\n\n"
        "```console\n$ cat ä.yaml\nname: ä\n$ echo 1\n2\n```\n\n"
        "```python\nfrom pathlib import Path\nassert Path('ä.yaml').exists()\n```\n\n"
        "```python\n1 / 0\n```\n",
        encoding="utf-8",
    )
    folder = tmp_path / "here"
    folder.mkdir()
    wrong = list(disagreements(Document(page), folder, tmp_path))
    assert [told.rpartition("page.md:")[2].partition(":")[0] for told in wrong] == ["8", "18"]
    assert "ZeroDivisionError" in wrong[1]


def unknown_events(block: Block) -> set[str]:
    """Events that the automations of a block wait for and nothing emits."""
    automations = yaml.safe_load(block.text)["automations"]
    found = [AutomationCore.model_validate(automation) for automation in automations]
    return {event for one in found for event in one.trigger.expect} - set(get_args(Happened))


@pytest.mark.parametrize(
    "block", [block for page in documents() for block in page.blocks if block.info == AUTOMATION]
)
def test_automations_are_taken_and_wait_for_events_that_come(block: Block) -> None:
    assert unknown_events(block) == set()


def test_wrong_automations_are_seen() -> None:
    text = (
        "automations: [{name: a, trigger: {type: event, expect: [whence.gate.fell]}, actions: []}]"
    )
    assert unknown_events(Block(AUTOMATION, text, 1)) == {"whence.gate.fell"}
    with pytest.raises(ValidationError):
        unknown_events(Block(AUTOMATION, text.replace("actions", "action"), 1))
