"""Whether the runs of a store are still what they were when they ended."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

from tasks.locations import opened
from tasks.run_store import MANIFEST, OBJECTS, Artifact, RunStore
from tasks.whole_files import UNFINISHED


@dataclass(frozen=True)
class CheckedRun:
    """What was found of a run.

    Attributes
    ----------
    run
        As ``domain/run_id``.
    has_ended
        Whether it shows a manifest: else it was refused or broken off, or is still under way.
    files
        How many files its manifest lists.
    faults
        What is not as the manifest says, a clause each.
    """

    run: str
    has_ended: bool
    files: int = 0
    faults: tuple[str, ...] = ()


@dataclass
class StoreCheck:
    """Holds the runs of a store against their manifests.

    Attributes
    ----------
    store
        The store.
    """

    store: RunStore
    _known: dict[tuple[int, int], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._files, self._base = opened(self.store.root)

    def runs(self) -> list[str]:
        """Every run that shows anything, as ``domain/run_id``, oldest first; ended or not."""
        runs = [
            f"{domain}/{run}" for domain in self._folders("") for run in self._folders(f"/{domain}")
        ]
        return sorted(runs, key=lambda run: run.partition("/")[2])

    def check(self, run: str) -> CheckedRun:
        """Hold every file of a run against its manifest, and the manifest against its object.

        Parameters
        ----------
        run
            As ``domain/run_id``.
        """
        place = f"{self._base}/{run}"
        shown = {str(path).removeprefix(place).lstrip("/") for path in self._files.find(place)}
        if MANIFEST not in shown:
            return CheckedRun(run, has_ended=False)
        content = self._files.cat_file(f"{place}/{MANIFEST}")
        digests = _digests(content)
        if digests is None or not self._is_kept(content):
            return CheckedRun(run, True, faults=(f"{MANIFEST} is not what was saved",))
        faults = [
            *(f"{name} is missing" for name in sorted(digests.keys() - shown)),
            *(
                f"{name} has changed"
                for name in sorted(digests.keys() & shown)
                if self._sha256(f"{place}/{name}") != digests[name]
            ),
            *(
                f"{name} is not in the manifest"
                for name in sorted(shown - digests.keys() - {MANIFEST})
                if not name.endswith(UNFINISHED)
            ),
        ]
        return CheckedRun(run, True, len(digests), tuple(faults))

    def _folders(self, below: str) -> Iterator[str]:
        if not self._files.isdir(f"{self._base}{below}"):
            return
        for entry in self._files.ls(f"{self._base}{below}", detail=True):
            name = str(entry["name"]).rstrip("/").rpartition("/")[2]
            if entry["type"] == "directory" and not name.startswith("."):
                yield name

    def _is_kept(self, manifest: bytes) -> bool:
        """Whether these bytes were saved as a manifest: nothing else vouches for them."""
        digest = sha256(manifest).hexdigest()
        path = f"{OBJECTS}/{digest[:2]}/{digest}/{MANIFEST}"
        return self.store.holds(Artifact(path=path, sha256=digest))

    def _sha256(self, path: str) -> str:
        """Digest of a file's bytes; of a file that many runs show it is computed once."""
        if not self.store.is_local:
            return self._computed(path)
        status = Path(path).stat()
        of = status.st_dev, status.st_ino
        if of not in self._known:
            self._known[of] = self._computed(path)
        return self._known[of]

    def _computed(self, path: str) -> str:
        with self._files.open(path, "rb") as content:
            return file_digest(content, "sha256").hexdigest()


def _digests(manifest: bytes) -> dict[str, str] | None:
    """Digests of a run's files by their path in its folder; None where nothing can be read."""
    try:
        content: Any = json.loads(manifest)
        return {str(name): str(digest) for name, digest in content["digests"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
