"""Where Prefect keeps what steps returned: beside the artifacts that it speaks of."""

from pathlib import Path
from typing import Any

from prefect.filesystems import RemoteFileSystem

from tasks.run_store import RESULTS, RunStore


def result_storage(store: RunStore) -> Any:
    """A folder or file system below the store's root.

    Who deletes the root forgets artifacts and cached results together.
    """
    if store.is_local:
        return Path(store.root) / RESULTS
    return RemoteFileSystem(basepath=f"{store.root.rstrip('/')}/{RESULTS}")
