"""Where steps put their files: content-addressed objects, and a folder a run that shows them."""

import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import file_digest
from pathlib import Path, PurePosixPath
from typing import Any

import fsspec
from pydantic import BaseModel, ConfigDict

from tasks.errors import InputError, RunError
from tasks.locations import cache_folder

OBJECTS = ".objects"
RESULTS = ".results"
MANIFEST = "manifest.json"
READ_ONLY = 0o444


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
        """The store at ``WHENCE_RUNS``, else ``runs/`` in the working directory."""
        return cls(os.environ.get("WHENCE_RUNS") or str(Path("runs").absolute()))

    @cached_property
    def _place(self) -> tuple[Any, str]:
        filesystem, base = fsspec.url_to_fs(self.root)
        return filesystem, str(base)

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
        """
        with tempfile.TemporaryDirectory(prefix="whence-") as folder:
            made = Path(folder) / name
            write(made)
            with made.open("rb") as content:
                digest = file_digest(content, "sha256").hexdigest()
            artifact = Artifact(path=f"{OBJECTS}/{digest[:2]}/{digest}/{name}", sha256=digest)
            self._put(made, artifact.path)
        return artifact

    def save_text(self, name: str, text: str) -> Artifact:
        """Keep a text in UTF-8."""
        return self.save(name, lambda path: path.write_text(text, encoding="utf-8"))

    def fetch(self, artifact: Artifact) -> Path:
        """A local path of an artifact, its digest checked.

        Raises
        ------
        RunError
            If the file is gone or its bytes have changed.
        """
        filesystem, base = self._place
        if self.is_local or Path(artifact.path).is_absolute():
            local = Path(base) / artifact.path
        else:
            local = cache_folder() / "objects" / artifact.sha256 / artifact.name
            if not local.is_file() and filesystem.exists(f"{base}/{artifact.path}"):
                local.parent.mkdir(parents=True, exist_ok=True)
                fetched = local.with_name(f"{local.name}.{uuid.uuid4().hex}")
                filesystem.get_file(f"{base}/{artifact.path}", str(fetched))
                fetched.replace(local)
        if not local.is_file():
            raise RunError(f"{artifact.path} is gone from {self.root}: run again with --refresh.")
        with local.open("rb") as content:
            if file_digest(content, "sha256").hexdigest() != artifact.sha256:
                raise RunError(
                    f"{artifact.path} in {self.root} is not what was saved: run again with "
                    "--refresh."
                )
        return local

    def read_text(self, artifact: Artifact) -> str:
        """The text of an artifact."""
        return self.fetch(artifact).read_text(encoding="utf-8")

    def publish(self, run: str, files: Mapping[str, Artifact]) -> None:
        """Show artifacts in the folder of a run.

        Parameters
        ----------
        run
            ``domain/run_id``.
        files
            By their path inside the folder.
        """
        filesystem, base = self._place
        for name, artifact in files.items():
            shown, kept = f"{base}/{run}/{name}", f"{base}/{artifact.path}"
            filesystem.makedirs(shown.rpartition("/")[0], exist_ok=True)
            if self.is_local:
                _link(Path(kept), Path(shown))
            else:
                filesystem.copy(kept, shown)

    def runs(self, holding: str = MANIFEST) -> list[str]:
        """Every run that shows a file as ``domain/run_id``, oldest first.

        Parameters
        ----------
        holding
            The file. The manifest comes last, so that a run without one has not ended.
        """
        filesystem, base = self._place
        manifests = filesystem.glob(f"{base}/*/*/{holding}")
        found = [str(path).removeprefix(base).lstrip("/").split("/")[:2] for path in manifests]
        found = [parts for parts in found if not parts[0].startswith(".")]
        return ["/".join(parts) for parts in sorted(found, key=lambda parts: parts[1])]

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
        runs = self.runs(holding)
        fitting = [known for known in runs if run in (known, known.partition("/")[2])]
        fitting = fitting or [known for known in runs if known.partition("/")[2].startswith(run)]
        if len(fitting) != 1:
            some = ", ".join((fitting or runs)[-3:]) or "none"
            count = "no run" if not fitting else f"{len(fitting)} runs"
            raise InputError(f"{run!r} names {count} in {self.root}; the latest: {some}.")
        return fitting[0]

    def read_file(self, run: str, name: str) -> str:
        """The text of a file in a run's folder."""
        filesystem, base = self._place
        return str(filesystem.cat_file(f"{base}/{run}/{name}").decode("utf-8"))

    def _put(self, made: Path, path: str) -> None:
        filesystem, base = self._place
        target = f"{base}/{path}"
        filesystem.makedirs(target.rpartition("/")[0], exist_ok=True)
        if self.is_local:
            beside = Path(f"{target}.{uuid.uuid4().hex}")
            shutil.copyfile(made, beside)
            beside.chmod(READ_ONLY)  # runs show it by hard links: nobody edits it in place
            beside.replace(target)
        else:
            filesystem.put_file(str(made), target)


def _link(kept: Path, shown: Path) -> None:
    """Hard links cost no space; where they are not possible, a copy."""
    shown.unlink(missing_ok=True)
    try:
        os.link(kept, shown)
    except OSError:
        shutil.copyfile(kept, shown)
