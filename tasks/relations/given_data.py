"""The tables that a run is given, each in a file with its digest."""

import shutil
import tempfile
from collections.abc import Mapping
from functools import partial
from hashlib import file_digest
from pathlib import Path

from pydantic import BaseModel
from sqlalchemy import URL

from tasks.bayes.digests import digest_of
from tasks.domain import Domain
from tasks.folder_names import NO_PART
from tasks.relations.location import shown
from tasks.relations.sources import source_files
from tasks.run_store import Artifact, RunStore

LONGEST = 60


class GivenData(BaseModel):
    """The tables of a run.

    Attributes
    ----------
    source
        The folder or database where they lie, and the digest of all; None where they are generated.
    files
        Of each table: those of a folder where they lie, those of a database as they were copied.
    """

    source: Artifact | None
    files: dict[str, Artifact]


def given_tables(store: RunStore, contract: Domain, location: Path | URL | None) -> GivenData:
    """The tables of a domain; those of a database are copied into the store.

    Parameters
    ----------
    store
        Of the run.
    contract, location
        As of `source_files`.

    Raises
    ------
    InputError, RunError
        As `source_files` does.
    """
    with tempfile.TemporaryDirectory(prefix="whence-") as place:
        files = source_files(contract, location, Path(place))
        if isinstance(location, URL):
            return keep_tables(store, shown(location), files)
        if not files:
            return GivenData(source=None, files={})
        return as_they_lie(str(next(iter(files.values())).parent), files)


def keep_tables(store: RunStore, place: str, files: Mapping[str, Path]) -> GivenData:
    """Tables that were copied from a database, moved into the store."""
    kept = {
        name: store.save(file_name(name), partial(shutil.move, file))
        for name, file in files.items()
    }
    return _given(place, kept)


def file_name(table: str, ending: str = "parquet") -> str:
    """What the file of a table is called, whatever the table is called.

    Examples
    --------
    >>> file_name("../하나"), file_name("orders", "faults.parquet")
    ('.._하나.parquet', 'orders.faults.parquet')
    """
    return f"{NO_PART.sub('_', table)[:LONGEST]}.{ending}"


def as_they_lie(place: str, files: Mapping[str, Path]) -> GivenData:
    """Tables in files of a folder, which stay there."""
    found = {}
    for name, path in files.items():
        with path.open("rb") as content:
            digest = file_digest(content, "sha256").hexdigest()
        found[name] = Artifact(path=str(path.absolute()), sha256=digest)
    return _given(place, found)


def _given(place: str, files: dict[str, Artifact]) -> GivenData:
    digests = [text for name, file in files.items() for text in (name, file.sha256)]
    return GivenData(source=Artifact(path=place, sha256=digest_of(*digests)), files=files)
