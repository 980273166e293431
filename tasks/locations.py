"""Where the project's own files, its caches and what it must remember lie."""

import os
from pathlib import Path
from stat import S_IWOTH
from typing import Any

import fsspec
import platformdirs

from tasks.errors import InputError


def resource(*parts: str) -> Path:
    """Path of a file that ships with the project, such as a Stan program.

    Parameters
    ----------
    *parts
        Path below the project's root: ``resource("stan", "toolchain")``.

    Returns
    -------
    pathlib.Path
        In an installed copy below the package, else below the root of the source tree.
    """
    installed = Path(__file__).parent / "_resources"
    root = installed if installed.is_dir() else Path(__file__).parents[1]
    return root.joinpath(*parts)


def cache_folder() -> Path:
    """Folder of what can be made again: ``WHENCE_CACHE``, else the platform's cache folder.

    Raises
    ------
    InputError
        If everybody may write to it: programs are run from there.
    """
    chosen = os.environ.get("WHENCE_CACHE")
    folder = Path(chosen).absolute() if chosen else platformdirs.user_cache_path("whence")
    if folder.exists() and folder.stat().st_mode & S_IWOTH:
        raise InputError(
            f"Programs are run from {folder}, so not everybody may write to it: chmod o-w "
            f"{folder}, or set WHENCE_CACHE to a folder of your own."
        )
    return folder


def data_folder() -> Path:
    """Folder of what this installation must remember: ``WHENCE_DATA``, else the user's own."""
    chosen = os.environ.get("WHENCE_DATA")
    return Path(chosen).absolute() if chosen else platformdirs.user_data_path("whence")


def private_folder(folder: Path) -> Path:
    """Make a folder, and those above it that are missing, which nobody else may look into.

    Parameters
    ----------
    folder
        One that is there keeps the permissions that it has.
    """
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    for place in reversed(missing):
        place.mkdir(mode=0o700, exist_ok=True)
    return folder


def opened(root: str) -> tuple[Any, str]:
    """The file system of a root, and the path there.

    What a folder holds is asked for anew each time: other processes add to it.
    """
    filesystem, base = fsspec.url_to_fs(root, use_listings_cache=False)
    return filesystem, str(base)
