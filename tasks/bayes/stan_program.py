"""Compile Stan programs once; executables are kept by the digest of all they are made from."""

import json
import logging
import re
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock

from tasks.bayes.compiler import as_make_flags, run_make
from tasks.bayes.digests import digest_of
from tasks.bayes.stan_source import (
    Declaration,
    StanSource,
    include_folders,
    read_declarations,
    read_source,
)
from tasks.bayes.toolchain import Toolchain, ensure_toolchain
from tasks.bayes.toolchain_home import source_contents, sources
from tasks.errors import RunError
from tasks.locations import cache_folder
from tasks.whole_files import whole_file

RECORD = "program.json"
BATCH_MAIN = "batch_main.cpp"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class StanProgram:
    """A compiled Stan program.

    Attributes
    ----------
    name
        File name of the program without its ending.
    executable
        What cmdstanpy runs.
    digest
        SHA-256 of program, includes, toolchain and compiler flags.
    toolchain
        Version and origin of the toolchain that compiled it.
    declarations
        The variables of the data block.
    """

    name: str
    executable: Path
    digest: str
    toolchain: str
    declarations: dict[str, Declaration]


def programs_folder() -> Path:
    """Folder of the compiled programs."""
    return cache_folder() / "programs"


def compile_program(program: Path, *, many_fits: bool = False) -> StanProgram:
    """Give a program's executable, compiled where it is not kept from before.

    Parameters
    ----------
    program
        A ``.stan`` file. ``#include`` looks beside it, then in the project's ``stan/``.
    many_fits
        Whether the executable must have the command ``batch``. With the wheel's toolchain every
        executable has it; with an installed CmdStan it is one more executable.

    Returns
    -------
    StanProgram
        A second process that asks for the same program waits for the first and compiles nothing.

    Raises
    ------
    InputError
        If the file is missing or is not valid Stan; the message holds file, line and column.
    RunError
        If the toolchain is missing or the C++ compiler fails, with its last lines.
    """
    source = read_source(program)
    toolchain = ensure_toolchain()
    digest = digest_of(source.digest, identifier(source.name), toolchain.digest)
    # The executable loads libraries from the toolchain's folder: another folder, another entry.
    entry = digest_of(digest, str(toolchain.home.resolve()))
    main = None
    if many_fits and not toolchain.fits_many:
        main = BATCH_MAIN
        entry = digest_of(entry, *source_contents())
    folder = programs_folder() / f"{source.name}-{entry[:16]}"
    if not (folder / RECORD).exists():
        declarations = read_declarations(source, toolchain.stanc)
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{folder}.lock"):
            if not (folder / RECORD).exists():
                _compile(source, folder, digest, toolchain, declarations, main)
    return read_program(folder)


def identifier(name: str) -> str:
    """The name as C++ and `make` can bear it; the model is called by it.

    Examples
    --------
    >>> identifier("eight_schools"), identifier("8 schools"), identifier("학교")
    ('eight_schools', 'program_8_schools', 'program___')
    """
    plain = re.sub("[^A-Za-z0-9_]", "_", name)
    return plain if re.match("[A-Za-z]", plain) else f"program_{plain}"


def read_program(folder: Path) -> StanProgram:
    """Read what is kept of a compiled program."""
    record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    declarations = {name: Declaration(**entry) for name, entry in record["declarations"].items()}
    return StanProgram(
        name=record["name"],
        executable=folder / record["name"],
        digest=record["digest"],
        toolchain=record["toolchain"],
        declarations=declarations,
    )


def compiled_programs() -> list[StanProgram]:
    """All programs that are kept, by name."""
    return [read_program(path.parent) for path in sorted(programs_folder().glob(f"*/{RECORD}"))]


def _compile(
    source: StanSource,
    folder: Path,
    digest: str,
    toolchain: Toolchain,
    declarations: dict[str, Declaration],
    main: str | None,
) -> None:
    logger.info("Compiling %s", source.path.name)
    with tempfile.TemporaryDirectory(prefix="whence-") as build:  # no spaces there, for `make`
        copy = Path(build) / f"{identifier(source.name)}.stan"
        copy.write_bytes(source.texts[0])
        includes = ",".join(str(path) for path in include_folders(source.path))
        flags = f"--filename-in-msg={source.path.name}", f"--include-paths={includes}"
        arguments = [f"STANCFLAGS+={as_make_flags(*flags)}"]
        if main:
            shutil.copytree(sources(), Path(build) / "main")
            arguments.append(f"CMDSTAN_MAIN={Path(build) / 'main' / main}")
        built = copy.with_suffix("")
        try:
            run_make(toolchain.home, *arguments, str(built))
        except RunError as error:
            raise RunError(f"{source.path} could not be compiled: {error}") from error
        unfinished = folder.with_name(f"{folder.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir()
        with whole_file(unfinished / source.name) as executable:
            shutil.move(built, executable)
    record = {
        "name": source.name,
        "digest": digest,
        "toolchain": f"Stan {toolchain.version} ({toolchain.origin})",
        "declarations": {name: asdict(entry) for name, entry in declarations.items()},
    }
    with whole_file(unfinished / RECORD) as written:
        written.write_text(json.dumps(record, indent=1), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.rename(folder)
