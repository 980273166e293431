"""A CmdStan-like home made of the Stan that the `httpstan` wheel carries.

The wheel holds Stan's headers, its libraries and `stanc`; `stan/toolchain/` of this project
holds the makefile and the main program. Together they are a folder in which cmdstanpy compiles
as in CmdStan's.
"""

import importlib.metadata
import importlib.util
import logging
import os
import shutil
import tempfile
from pathlib import Path

from filelock import FileLock

from tasks.bayes.compiler import build_settings, run_make
from tasks.bayes.digests import digest_of
from tasks.errors import RunError
from tasks.locations import cache_folder, resource

WHEEL = "httpstan"
MARKER = "built-by-whence"

logger = logging.getLogger(__name__)


def sources() -> Path:
    """Folder of the makefile and the main program."""
    return resource("stan", "toolchain")


def source_contents() -> list[str | bytes]:
    """Name and bytes of each of these files, for a digest."""
    files = sorted(path for path in sources().iterdir() if path.is_file())
    return [part for path in files for part in (path.name, path.read_bytes())]


def is_home(folder: Path) -> bool:
    """Whether the folder is a home that this module has built whole."""
    return (folder / MARKER).exists()


def wheel_version() -> str:
    """Version of the installed wheel."""
    try:
        return importlib.metadata.version(WHEEL)
    except importlib.metadata.PackageNotFoundError as error:
        raise RunError(
            f"No Stan was found: install the {WHEEL} wheel, which whence requires, or set CMDSTAN "
            "to the folder of a built CmdStan."
        ) from error


def wheel_folder() -> Path:
    """Folder of the installed wheel; the package itself is not imported."""
    version = wheel_version()
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise RunError(f"The {WHEEL} {version} package has no files: reinstall it.")
    return Path(next(iter(spec.submodule_search_locations)))


def home_folder() -> Path:
    """Where the home lies or will lie; its name digests all that it is built from."""
    digest = digest_of(wheel_version(), *build_settings(), *source_contents())
    return cache_folder() / "toolchains" / f"stan-{digest[:16]}"


def ensure_home(home: Path) -> None:
    """Build the home unless it is there; a second process waits for the first.

    Parameters
    ----------
    home
        As `home_folder` gives it. It appears whole or not at all.

    Raises
    ------
    RunError
        If the build fails, with the compiler's last lines.
    """
    if not is_home(home):
        home.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{home}.lock"):
            if not is_home(home):
                _build(home)
    _link_headers(home)


def _build(home: Path) -> None:
    logger.info("Building the Stan toolchain (once, about a minute) in %s", home)
    wheel = wheel_folder()
    unfinished = home.with_name(f"{home.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    (unfinished / "bin").mkdir(parents=True)
    shutil.copytree(sources(), unfinished / "src")
    shutil.move(unfinished / "src" / "makefile", unfinished / "makefile")
    shutil.copytree(wheel / "lib", unfinished / "lib")
    shutil.copy2(wheel / "stanc", unfinished / "bin" / "stanc")
    _link_headers(unfinished)
    run_make(unfinished, f"-j{os.cpu_count()}", "build")
    (unfinished / MARKER).touch()
    shutil.rmtree(home, ignore_errors=True)
    unfinished.rename(home)


def _link_headers(home: Path) -> None:
    """Point at the wheel's headers (200 MB, not copied), wherever the wheel lies by now."""
    link = home / "include"
    headers = wheel_folder() / "include"
    if link.is_symlink() and link.readlink() == headers:
        return
    with tempfile.TemporaryDirectory(dir=home) as folder:  # threads may come here at once
        fresh = Path(folder) / "include"
        fresh.symlink_to(headers)
        fresh.replace(link)
