"""Find the Stan toolchain: an installed CmdStan, else one built from the `httpstan` wheel."""

import os
from dataclasses import dataclass
from pathlib import Path

from cmdstanpy.utils.cmdstan import get_latest_cmdstan

from tasks.bayes import toolchain_home
from tasks.bayes.compiler import build_settings
from tasks.bayes.digests import digest_of
from tasks.errors import InputError

CMDSTAN = "CmdStan"


@dataclass(frozen=True)
class Toolchain:
    """A folder in which `make` turns a Stan program into an executable.

    Attributes
    ----------
    home
        The folder, as cmdstanpy's ``set_cmdstan_path`` takes it.
    version
        Version of CmdStan whose interface it has.
    origin
        ``"CmdStan"`` for an installed one, else the wheel and its version.
    digest
        Changes with the toolchain's sources, the compiler and its flags; not with the folder.
    """

    home: Path
    version: str
    origin: str
    digest: str

    @property
    def stanc(self) -> Path:
        """The Stan compiler."""
        return self.home / "bin" / "stanc"

    @property
    def fits_many(self) -> bool:
        """Whether every executable that it makes has the command ``batch``."""
        return self.origin != CMDSTAN

    @property
    def is_built(self) -> bool:
        """Whether programs can be compiled now, without building the toolchain first."""
        return self.stanc.exists()


def installed_cmdstan() -> Path | None:
    """Home of the user's own CmdStan, or None.

    Returns
    -------
    pathlib.Path or None
        ``CMDSTAN`` where it is set, else the newest that cmdstanpy has installed.

    Raises
    ------
    InputError
        If ``CMDSTAN`` names a folder that is no built CmdStan.
    """
    chosen = os.environ.get("CMDSTAN")
    if chosen and not toolchain_home.is_home(Path(chosen)):
        if not (Path(chosen) / "bin" / "stanc").exists():
            raise InputError(
                "CMDSTAN must name the folder of a built CmdStan (with bin/stanc), "
                f"got {chosen!r}: build it there, or unset CMDSTAN to use the bundled Stan."
            )
        return Path(chosen)
    folder = Path.home() / ".cmdstan"
    newest = get_latest_cmdstan(str(folder)) if folder.is_dir() else None
    return folder / newest if newest else None


def find_toolchain() -> Toolchain:
    """Say which toolchain is to be used; builds nothing.

    Returns
    -------
    Toolchain
        An installed CmdStan where there is one, else Stan from the `httpstan` wheel.

    Raises
    ------
    InputError
        If ``CMDSTAN`` names a folder that is no built CmdStan.
    RunError
        If the compiler, `make` or the wheel is missing.
    """
    cmdstan = installed_cmdstan()
    if cmdstan is None:
        home = toolchain_home.home_folder()
        return Toolchain(
            home=home,
            version=_version(toolchain_home.sources() / "makefile"),
            origin=f"httpstan {toolchain_home.wheel_version()}",
            digest=digest_of(home.name),
        )
    local = cmdstan / "make" / "local"
    version = _version(cmdstan / "makefile")
    flags = local.read_bytes() if local.exists() else b""
    return Toolchain(
        home=cmdstan,
        version=version,
        origin=CMDSTAN,
        digest=digest_of(version, flags, *build_settings()),
    )


def ensure_toolchain() -> Toolchain:
    """Give the toolchain, built where it was missing (once, about a minute).

    Raises
    ------
    InputError, RunError
        As `find_toolchain`; also a `RunError` if the build fails.
    """
    toolchain = find_toolchain()
    if toolchain.fits_many:
        toolchain_home.ensure_home(toolchain.home)
    return toolchain


def _version(makefile: Path) -> str:
    assignment = "CMDSTAN_VERSION := "
    for line in makefile.read_text(encoding="utf-8").splitlines():
        if line.startswith(assignment):
            return line.removeprefix(assignment).strip()
    raise InputError(f"A CmdStan makefile must set CMDSTAN_VERSION, {makefile} does not.")
