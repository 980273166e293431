"""The text of a Stan program with all that it includes, and what `stanc` says of it."""

import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.bayes.digests import digest_of
from tasks.errors import InputError
from tasks.locations import resource

OUTPUT_BLOCKS = ("parameters", "transformed parameters", "generated quantities")
INCLUDE = re.compile(r"^\s*#include\s+[<\"]?([^\s<>\"]+)", re.MULTILINE)


@dataclass(frozen=True)
class StanSource:
    """A Stan program on disk.

    Attributes
    ----------
    path
        The ``.stan`` file.
    texts
        Its bytes, then those of every file it includes, each once.
    """

    path: Path
    texts: tuple[bytes, ...]

    @property
    def name(self) -> str:
        """File name without its ending."""
        return self.path.stem

    @property
    def digest(self) -> str:
        """Changes with the name, the program and its includes; not with the folder."""
        return digest_of(self.path.name, *self.texts)


@dataclass(frozen=True)
class Declaration:
    """One variable of a program's data block.

    Attributes
    ----------
    type
        ``"int"``, ``"real"``, ``"complex"`` or ``"tuple"``.
    dimensions
        Number of indices that reach a scalar; a matrix has 2.
    """

    type: str
    dimensions: int


def include_folders(program: Path) -> tuple[Path, ...]:
    """Where ``#include`` looks: beside the program, then among the project's own programs."""
    return (program.parent, resource("stan"))


def read_source(program: Path) -> StanSource:
    """Read a Stan program and its includes.

    Parameters
    ----------
    program
        A ``.stan`` file.

    Raises
    ------
    InputError
        If the file is missing, is no ``.stan`` file, or includes a file that is missing.
    """
    if program.suffix != ".stan":
        raise InputError(f"A Stan program must end in .stan, got {str(program)!r}.")
    if not program.is_file():
        raise InputError(f"There is no Stan program {str(program)!r}.")
    texts: dict[Path, bytes] = {}
    _read_with_includes(program.absolute(), include_folders(program.absolute()), texts)
    return StanSource(path=program.absolute(), texts=tuple(texts.values()))


def _read_with_includes(path: Path, folders: tuple[Path, ...], texts: dict[Path, bytes]) -> None:
    if path in texts:
        return
    texts[path] = path.read_bytes()
    for name in INCLUDE.findall(texts[path].decode(errors="replace")):
        found = next((folder / name for folder in folders if (folder / name).is_file()), None)
        if found is None:
            places = " or ".join(str(folder) for folder in folders)
            raise InputError(f"{path} includes {name!r}, which is not in {places}.")
        _read_with_includes(found, folders, texts)


def read_declarations(source: StanSource, stanc: Path) -> dict[str, Declaration]:
    """Ask `stanc` which data a program needs; this also checks the program's syntax and types.

    Parameters
    ----------
    source
        The program.
    stanc
        The Stan compiler.

    Returns
    -------
    dict of str to Declaration
        The variables of the data block in their order.

    Raises
    ------
    InputError
        If the program is not valid Stan, with `stanc`'s message: file, line and column; or if
        what it draws is complex or a tuple.
    """
    includes = ",".join(str(folder) for folder in include_folders(source.path))
    command = [str(stanc), "--info", f"--include-paths={includes}", str(source.path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise InputError(f"{source.path} is not a valid Stan program.\n{done.stderr.strip()}")
    blocks = json.loads(done.stdout)
    for block in OUTPUT_BLOCKS:
        for name, declaration in _declarations(blocks[block]).items():
            if declaration.type not in ("int", "real"):
                raise InputError(
                    f"{source.path}: {name!r} is a {declaration.type}, which cannot be kept as "
                    "draws; declare its parts as real variables."
                )
    return _declarations(blocks["inputs"])


def _declarations(block: Mapping[str, Any]) -> dict[str, Declaration]:
    return {
        name: Declaration(
            type=entry["type"] if isinstance(entry["type"], str) else "tuple",
            dimensions=entry["dimensions"],
        )
        for name, entry in block.items()
    }
