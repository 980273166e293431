"""What all tests share: where the public data lie."""

from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


def shared_folder(name: str) -> Path:
    folder = SHARED_DATA / name
    if not folder.is_dir():
        pytest.skip(f"the public data {name!r} are not in {folder}")
    return folder


@pytest.fixture(scope="session")
def posteriordb() -> Path:
    return shared_folder("posteriordb")


@pytest.fixture(scope="session")
def f1_data() -> Path:
    return shared_folder("f1")
