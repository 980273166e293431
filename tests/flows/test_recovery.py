"""A run after one that was broken off goes on from its last finished step, to the same end."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.intervention_analysis import intervention_analysis
from flows.local_run import run_locally
from flows.parameters import AnalysisParameters, parse_parameters
from tasks.run_store import OBJECTS, RESULTS

from .conftest import SIZES, SmallDatabase

pytestmark = pytest.mark.usefixtures("prefect_server")


def run(database: SmallDatabase) -> str:
    values = {"domain": str(database.contract)} | SIZES
    return run_locally(intervention_analysis, parse_parameters(AnalysisParameters, values))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A root that no other module shares: what lies there is broken on purpose."""
    with pytest.MonkeyPatch.context() as patch:
        root = tmp_path_factory.mktemp("runs")
        patch.setenv("WHENCE_RUNS", str(root))
        yield root


@pytest.fixture(scope="module")
def shops(root: Path, tmp_path_factory: pytest.TempPathFactory) -> SmallDatabase:
    database = SmallDatabase(tmp_path_factory.mktemp("shops") / "database")
    database.write()
    return database


@pytest.fixture(scope="module")
def finished(root: Path, shops: SmallDatabase) -> Path:
    return root / run(shops)


def manifest(folder: Path) -> dict[str, dict[str, object]]:
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))


def run_anew(folder: Path) -> set[str]:
    """Titles of the steps that a run did not take from the cache."""
    return {title for title, step in manifest(folder)["steps"].items() if not step["cached"]}


def record_of(root: Path, name: str) -> Path:
    """What is kept of the step that made a file, and returned no other file before it."""
    paths = [path for path in (root / RESULTS).iterdir() if path.is_file()]
    return next(path for path in paths if f"/{name}" in path.read_text(encoding="utf-8"))


def object_of(folder: Path, name: str) -> Path:
    digest = str(manifest(folder)["digests"][name])
    return folder.parents[1] / OBJECTS / digest[:2] / digest / name


def test_what_is_left_undone_or_broken_is_made_anew_and_no_more(
    root: Path, shops: SmallDatabase, finished: Path
) -> None:
    digests = manifest(finished)["digests"]
    truncated = record_of(root, "pooling.json")
    truncated.write_bytes(truncated.read_bytes()[:-40])
    empty = record_of(root, "keys.json")
    empty.write_bytes(b"")
    flipped = record_of(root, "model_check.json")
    flipped.write_bytes(flipped.read_bytes().replace(b"model_check.json", b"model_Check.json"))
    object_of(finished, "features.parquet").unlink()
    changed = object_of(finished, "shares.json")
    content = changed.read_bytes()
    changed.unlink()
    changed.write_bytes(content.replace(b"0", b"1"))

    again = root / run(shops)
    assert run_anew(again) == {
        "pooling of the effects",
        "importance of foreign keys",
        "calibration of the effects model",
        "feature table",
        "shares of tables, columns, ranges",
    }
    assert manifest(again)["digests"] == digests
    assert run_anew(root / run(shops)) == set()
