"""What the tests of structural models share: one thread, as the fit itself has."""

from collections.abc import Iterator

import pytest

from tasks.cores import one_thread


@pytest.fixture(autouse=True, scope="session")
def no_spinning_threads() -> Iterator[None]:
    """OpenMP's threads wait for each other, spinning, where other work holds a core."""
    with one_thread():
        yield
