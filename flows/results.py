"""Where Prefect keeps what steps returned: beside the artifacts that it speaks of."""

from flows.run_results import RunResults
from tasks.run_store import RESULTS, RunStore


def result_storage(store: RunStore) -> RunResults:
    """A folder or file system below the store's root.

    Who deletes the root forgets artifacts and cached results together.
    """
    return RunResults.below(f"{store.root.rstrip('/')}/{RESULTS}")
