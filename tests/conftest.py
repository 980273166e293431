"""What all tests share: where the public data lie, and that nothing is remembered after them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session", autouse=True)
def own_data_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The user's real data folder is never written."""
    folder = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WHENCE_DATA", str(folder))
        yield folder


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


@pytest.fixture(scope="session")
def shared() -> Callable[[str], Path]:
    """A folder of public data by its name; where it is not there, the test is skipped."""
    return shared_folder
