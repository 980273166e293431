"""Every test of this room runs on one OpenMP thread: tests share their cores with others."""

from collections.abc import Iterator

import pytest

from tasks.cores import one_thread


@pytest.fixture(autouse=True, scope="session")
def single_thread() -> Iterator[None]:
    with one_thread():
        yield
