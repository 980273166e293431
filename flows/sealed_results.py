"""What steps returned, kept beside the artifacts and read only with the seal of this installation.

Prefect reads a record as the record itself says, by pickle if it says so: whoever writes one has
code run by whoever reads it.
"""

import logging
from pathlib import Path
from typing import Self
from uuid import UUID

import fsspec
from prefect.filesystems import WritableFileSystem

from tasks.installation_key import check_key, is_sealed, seal
from tasks.whole_files import whole_file

SEALED = UUID("5ea1ed00-0000-4000-8000-000000000000")
"""Prefect takes no storage without the number of a block, though it need not be there."""

logger = logging.getLogger(__name__)


class SealedResults(WritableFileSystem):
    """Records of results below a folder or URL, each a line with its seal and the record.

    Attributes
    ----------
    root
        Any URL that fsspec knows, or a folder.

    Notes
    -----
    A record without the seal of this installation, or of a team that shares its key, counts as
    none: its step is computed again.
    """

    _block_type_name = "Sealed Results"

    root: str

    @classmethod
    def below(cls, root: str) -> Self:
        """The storage below a root.

        Raises
        ------
        InputError
            If others may read or change the key of this installation.
        """
        check_key()
        storage = cls(root=root)
        storage._block_document_id = SEALED
        return storage

    def read_path(self, path: str, _sync: bool = True) -> bytes:  # type: ignore[override]
        """The record under a key.

        Raises
        ------
        FileNotFoundError
            If there is none.
        PermissionError
            If it has no seal of this installation.
        """
        filesystem, base = fsspec.url_to_fs(self.root)
        given, _, record = filesystem.cat_file(f"{base}/{path}").partition(b"\n")
        if not is_sealed(_with_key(path, record), given.decode("ascii", errors="replace")):
            logger.warning(
                "The cached result %s in %s was not written by this installation and is not used: "
                "its step is run again.",
                path,
                self.root,
            )
            raise PermissionError(f"{path} has no seal of this installation")
        return bytes(record)

    def write_path(self, path: str, content: bytes, _sync: bool = True) -> None:  # type: ignore[override]
        """Keep a record under a key, whole or not at all."""
        filesystem, base = fsspec.url_to_fs(self.root)
        sealed = seal(_with_key(path, content)).encode() + b"\n" + content
        if "file" not in filesystem.protocol:
            filesystem.pipe_file(f"{base}/{path}", sealed)
            return
        with whole_file(Path(base) / path) as unfinished:
            unfinished.write_bytes(sealed)


def _with_key(path: str, record: bytes) -> bytes:
    """What is sealed: no record counts under the key of another."""
    return path.encode() + b"\0" + record
