"""What all tests share: where the public data lie."""

from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def posteriordb() -> Path:
    folder = SHARED_DATA / "posteriordb"
    if not folder.is_dir():
        pytest.skip(f"the reference draws of posteriordb are not in {folder}")
    return folder
