"""Files that a run is given: it keeps a copy of its own."""

import shutil
from pathlib import Path

from tasks.errors import InputError
from tasks.run_store import Artifact, RunStore


def given_file(store: RunStore, place: Path) -> Artifact:
    """Keep a copy of a file that a run is given.

    Raises
    ------
    InputError
        If there is none.
    """
    if not place.is_file():
        raise InputError(f"There is no file {place}.")
    return store.save(place.name, lambda kept: shutil.copyfile(place, kept))


def given_source(place: Path, kept: Artifact) -> Artifact:
    """The same file where it lies, for the manifest."""
    return Artifact(path=str(place.absolute()), sha256=kept.sha256)
