"""What steps returned, used again only while the files that it speaks of are what they were."""

import logging

from prefect.results import ResultRecord  # type: ignore[attr-defined]

from flows.sealed_results import SealedResults
from tasks.cache import artifacts_in
from tasks.run_store import RESULTS, RunStore

logger = logging.getLogger(__name__)


class RunResults(SealedResults):
    """Sealed records beside the artifacts that they name.

    Notes
    -----
    A record that names a file which is gone or has changed counts as none: its step is run again,
    so that who has lost a file need not know which step makes it.
    """

    _block_type_name = "Run Results"

    def read_path(self, path: str, _sync: bool = True) -> bytes:  # type: ignore[override]
        """The record under a key.

        Raises
        ------
        FileNotFoundError
            If there is none, or the store does not hold a file that it names.
        PermissionError
            If it has no seal of this installation.
        """
        record = super().read_path(path)
        store = RunStore(self.root.removesuffix(f"/{RESULTS}"))
        for artifact in artifacts_in(ResultRecord.deserialize(record).result):
            if not store.holds(artifact):
                logger.warning(
                    "%s is gone from %s or has changed: the step that made it is run again.",
                    artifact.name,
                    store.root,
                )
                raise FileNotFoundError(artifact.path)
        return record
