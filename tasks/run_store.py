"""Where steps put their files: content-addressed objects, and a folder a run that shows them."""

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import BaseModel, ConfigDict

from tasks.errors import RunError
from tasks.folder_names import inside
from tasks.locations import cache_folder, opened
from tasks.outside import explaining
from tasks.run_names import run_of, runs_below
from tasks.shown_urls import without_secret
from tasks.whole_files import file_sha256, link_or_copy, whole_file

OBJECTS = ".objects"
RESULTS = ".results"
MANIFEST = "manifest.json"
READ_ONLY = 0o444
OBJECT_STORES = {"s3", "s3a", "gs", "gcs", "abfs", "az"}
"""Where there are no folders to make."""


class Artifact(BaseModel):
    """A file that a step made, or the data that a run was given.

    Attributes
    ----------
    path
        Relative to the root of the store; of given data the absolute path.
    sha256
        Digest of its bytes, by which steps are cached.
    """

    model_config = ConfigDict(frozen=True)

    path: str
    sha256: str

    @property
    def name(self) -> str:
        """The file's name."""
        return PurePosixPath(self.path).name


@dataclass(frozen=True)
class RunStore:
    """Objects and runs below one root.

    Attributes
    ----------
    root
        A folder, or any URL that fsspec knows.
    """

    root: str

    @classmethod
    def current(cls) -> "RunStore":
        """The store at ``WHENCE_RUNS``, else ``runs/`` in the working directory.

        Raises
        ------
        InputError
            If the URL holds a password or key. The message does not repeat it.
        """
        chosen = os.environ.get("WHENCE_RUNS")
        return cls(without_secret(chosen) if chosen else str(Path("runs").absolute()))

    @cached_property
    def _place(self) -> tuple[Any, str]:
        return opened(self.root)

    @property
    def is_local(self) -> bool:
        """Whether the root is a folder of this machine."""
        return "file" in self._place[0].protocol

    def save(self, name: str, write: Callable[[Path], object]) -> Artifact:
        """Keep a file under the digest of its bytes.

        Parameters
        ----------
        name
            The file's name, such as ``shares.json``.
        write
            Writes it at the path that it is given.

        Returns
        -------
        Artifact
            The same bytes under the same name are kept once. A file appears whole or not at all.

        Raises
        ------
        FullDiskError
            If there is no room for it.
        """
        with explaining(), tempfile.TemporaryDirectory(prefix="whence-") as folder:
            made = Path(folder) / inside(name)
            write(made)
            digest = file_sha256(made)
            artifact = Artifact(path=f"{OBJECTS}/{digest[:2]}/{digest}/{name}", sha256=digest)
            if not (self.is_local and self.holds(artifact)):
                self._put(made, artifact.path)
        return artifact

    def save_text(self, name: str, text: str) -> Artifact:
        """Keep a text in UTF-8."""
        return self.save(name, lambda path: path.write_text(text, encoding="utf-8"))

    def holds(self, artifact: Artifact) -> bool:
        """Whether an artifact can be fetched: it is there, in a folder with the bytes it had."""
        local = self._local(artifact)
        if local is None:
            filesystem, base = self._place
            return bool(filesystem.exists(f"{base}/{artifact.path}"))
        return local.is_file() and file_sha256(local) == artifact.sha256

    def fetch(self, artifact: Artifact) -> Path:
        """A local path of an artifact, its digest checked.

        Raises
        ------
        RunError
            If the file is gone or its bytes have changed.
        """
        local = self._local(artifact) or self._fetched(artifact)
        if not local.is_file():
            raise RunError(
                f"{artifact.path} is gone from {self.root}: run again, and its step makes it anew."
            )
        if file_sha256(local) != artifact.sha256:
            raise RunError(
                f"{artifact.path} in {self.root} is not what was saved: run again, and its step "
                "makes it anew."
            )
        return local

    def read_text(self, artifact: Artifact) -> str:
        """The text of an artifact."""
        return self.fetch(artifact).read_text(encoding="utf-8")

    def publish(self, run: str, files: Mapping[str, Artifact]) -> None:
        """Show artifacts in the folder of a run, the manifest last: a run that has one is whole.

        Parameters
        ----------
        run
            ``domain/run_id``.
        files
            By their path inside the folder.

        Raises
        ------
        FullDiskError
            If there is no room for them.
        """
        filesystem, base = self._place
        with explaining():
            for are_last in (False, True):
                names = [name for name in files if (name == MANIFEST) == are_last]
                kept = [f"{base}/{inside(files[name].path)}" for name in names]
                shown = [f"{base}/{inside(f'{run}/{name}')}" for name in names]
                self._make_folders_of(shown)
                if self.is_local:
                    for pair in zip(kept, shown, strict=True):
                        link_or_copy(*map(Path, pair))
                elif names:
                    filesystem.copy(kept, shown)  # all at the same time

    def runs(self, holding: str = MANIFEST) -> list[str]:
        """Every run that shows a file as ``domain/run_id``, oldest first.

        Parameters
        ----------
        holding
            The file. The manifest comes last, so that a run without one has not ended.
        """
        return runs_below(*self._place, holding)

    def find(self, run: str, holding: str = MANIFEST) -> str:
        """The run whose identifier, or ``domain/identifier``, ends or begins so.

        Parameters
        ----------
        run
            Identifier or its beginning.
        holding
            As of `runs`.

        Raises
        ------
        InputError
            If there is no such run, or more than one.
        """
        return run_of(run, self.runs(holding), self.root)

    def read_file(self, run: str, name: str) -> str:
        """The text of a file in a run's folder."""
        return self.read_bytes(run, name).decode("utf-8")

    def read_bytes(self, run: str, name: str) -> bytes:
        """The content of a file in a run's folder."""
        filesystem, base = self._place
        return bytes(filesystem.cat_file(f"{base}/{inside(f'{run}/{name}')}"))

    def _local(self, artifact: Artifact) -> Path | None:
        """Where an artifact lies on this machine; None where the store is remote."""
        if Path(artifact.path).is_absolute():
            return Path(artifact.path)
        return Path(self._place[1]) / inside(artifact.path) if self.is_local else None

    def _fetched(self, artifact: Artifact) -> Path:
        """Where a copy of a remote artifact lies, fetched anew where it is not what was saved."""
        filesystem, base = self._place
        remote = f"{base}/{inside(artifact.path)}"
        copy = cache_folder() / "objects" / inside(artifact.sha256) / artifact.name
        is_kept = copy.is_file() and file_sha256(copy) == artifact.sha256
        if not is_kept and filesystem.exists(remote):
            with explaining(), whole_file(copy) as unfinished:
                filesystem.get_file(remote, str(unfinished))
            if file_sha256(copy) != artifact.sha256:
                filesystem.rm_file(remote)  # so that the step that made it is not taken as done
        return copy

    def _put(self, made: Path, path: str) -> None:
        filesystem, base = self._place
        target = f"{base}/{path}"
        if self.is_local:
            with whole_file(Path(target)) as unfinished:
                shutil.copyfile(made, unfinished)
                # Runs show it by hard links: nobody edits it in place.
                unfinished.chmod(unfinished.stat().st_mode & READ_ONLY)
        else:
            self._make_folders_of([target])
            filesystem.put_file(str(made), target)

    def _make_folders_of(self, files: Sequence[str]) -> None:
        if self.root.partition("://")[0] not in OBJECT_STORES:
            for folder in {file.rpartition("/")[0] for file in files}:
                self._place[0].makedirs(folder, exist_ok=True)
