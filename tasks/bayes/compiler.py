"""The C++ compiler and `make` that stand behind every Stan program."""

import os
import shlex
import shutil
import subprocess
from functools import cache
from pathlib import Path

from tasks.errors import InputError, RunError, last_lines

FLAG_VARIABLES = ("CXXFLAGS", "CPPFLAGS", "LDFLAGS", "LDLIBS", "O", "STAN_THREADS")


def build_settings() -> tuple[str, ...]:
    """What changes an executable beside its sources: the compiler's version and the flags.

    Returns
    -------
    tuple of str
        The compiler's own line of version, then ``NAME=value`` for each variable of the
        environment that `make` takes flags from.

    Raises
    ------
    RunError
        If the compiler or `make` is missing.
    """
    _require_make()
    compiler = _require(os.environ.get("CXX", "g++"), "g++")
    flags = tuple(f"{name}={os.environ.get(name, '')}" for name in FLAG_VARIABLES)
    return (compiler_version(compiler), *flags)


@cache
def compiler_version(compiler: str) -> str:
    """First line of what ``compiler --version`` prints."""
    done = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[0]


def run_make(folder: Path, *arguments: str) -> None:
    """Run `make` in a folder; the process's own folder stays as it is.

    Raises
    ------
    RunError
        If it fails, with its last lines.
    """
    command = [_require_make(), *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RunError(
            f"{' '.join(command)} failed in {folder}:\n{last_lines(done.stdout + done.stderr)}"
        )


def as_make_flags(*flags: str) -> str:
    """Flags as `make` hands them on to a shell; names of files are no commands to either.

    Raises
    ------
    InputError
        If one holds the end of a line, which `make` takes for the end of a command.

    Examples
    --------
    >>> print(as_make_flags("--include-paths=/a b/$(shell id)"))
    '--include-paths=/a b/$$(shell id)'
    """
    joined = shlex.join(flags)
    if "\n" in joined or "\r" in joined:
        raise InputError(f"The path of a Stan program must hold no end of a line, got {joined!r}.")
    return joined.replace("$", "$$")


def _require_make() -> str:
    return _require(os.environ.get("MAKE", "make"), "make")


def _require(command: str, package: str) -> str:
    if shutil.which(command) is None:
        raise RunError(
            f"Stan programs are compiled with {command!r}, which was not found: install it "
            f"(Debian and Ubuntu: apt-get install {package})."
        )
    return command
