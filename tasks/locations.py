"""Where the project's own files, its caches and what it must remember lie."""

import os
from pathlib import Path

import platformdirs


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
    """Folder of what can be made again: ``WHENCE_CACHE``, else the platform's cache folder."""
    chosen = os.environ.get("WHENCE_CACHE")
    return Path(chosen).absolute() if chosen else platformdirs.user_cache_path("whence")


def data_folder() -> Path:
    """Folder of what this installation must remember: ``WHENCE_DATA``, else the user's own."""
    chosen = os.environ.get("WHENCE_DATA")
    return Path(chosen).absolute() if chosen else platformdirs.user_data_path("whence")
