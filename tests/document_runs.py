"""Run what a document shows, in order, in a folder of its own."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.document_parts import Block, Document, examples_of

NUMBER = re.compile(r"[+−-]?\d[\d,]*(?:\.\d+)?")
DOTS = "..."
LEAST_DIFFERENCE, LARGEST_RATIO = 2.0, 0.15
"""By how much numbers with a point may differ: Markov chains on another processor do."""
SECONDS, SECONDS_TO_START = 3600, 300


def agrees(shown: str, printed: str) -> bool:
    """Whether a text was printed as it is shown: `...` stands for anything, space is only space."""
    words = printed.split()
    reachable = {0}
    for word in shown.split():
        if word == DOTS:
            reachable = set(range(min(reachable, default=len(words) + 1), len(words) + 1))
        else:
            reachable = {
                place + 1
                for place in reachable
                if place < len(words) and _is_like(word, words[place])
            }
    return len(words) in reachable


def _is_like(shown: str, printed: str) -> bool:
    """Whether two words are one: whole numbers are the same, others nearly."""
    if DOTS in shown:
        parts = map(re.escape, shown.split(DOTS))
        return re.fullmatch(".*".join(parts), printed) is not None
    if NUMBER.sub("0", shown) != NUMBER.sub("0", printed):
        return False
    pairs = zip(NUMBER.findall(shown), NUMBER.findall(printed), strict=True)
    return all(one == other or _are_near(one, other) for one, other in pairs)


def _are_near(one: str, other: str) -> bool:
    if "." not in one or "." not in other:
        return False
    a, b = (float(text.replace("−", "-").replace(",", "")) for text in (one, other))
    return abs(a - b) <= max(LEAST_DIFFERENCE, LARGEST_RATIO * abs(a))


def disagreements(document: Document, folder: Path, data: Path) -> Iterator[str]:
    """Run the document: Python, YAML files, and console blocks whose output is compared.

    Parameters
    ----------
    folder
        Working directory, empty.
    data
        Where whence and Prefect keep what is theirs.
    """
    data.mkdir(exist_ok=True)
    environment = {name: text for name, text in os.environ.items() if name != "WHENCE_RUNS"} | {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PREFECT_HOME": str(data / "prefect"),
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": str(SECONDS_TO_START),
        "WHENCE_DATA": str(data),
    }
    for block in document.blocks:
        for line, what in _of_block(block, folder, environment):
            yield f"{document}:{line}: {what}"


def _of_block(block: Block, folder: Path, environment: dict[str, str]) -> Iterator[tuple[int, str]]:
    language, _, file = block.info.partition(" file=")
    if file:
        (folder / file).write_text(block.text, encoding="utf-8")
    elif language == "python":
        done = _run([sys.executable, "-c", block.text], folder, environment)
        if done.returncode:
            yield block.line, done.stdout
    elif language == "console":
        for example in examples_of(block):
            printed = _run(["bash", "-c", example.command], folder, environment).stdout
            if not agrees(example.output, printed):
                yield example.line, f"{example.command}\n{printed}"


def _run(
    command: list[str], folder: Path, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
    )
