"""A run after one that was broken off goes on from its last finished step, to the same end."""

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from prefect import get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.settings import PREFECT_API_URL

from flows.intervention_analysis import intervention_analysis
from flows.local_run import run_locally
from flows.parameters import AnalysisParameters, parse_parameters
from tasks.run_store import OBJECTS, RESULTS
from tests.benchmarks import kills
from tests.chains import kill_first_chain

from .conftest import SIZES, SmallDatabase
from .serving import wait_for

pytestmark = pytest.mark.usefixtures("prefect_server")


def run(database: SmallDatabase, *, refresh: bool = False) -> str:
    values = {"domain": str(database.contract)} | SIZES
    parameters = parse_parameters(AnalysisParameters, values)
    return run_locally(intervention_analysis, parameters, refresh=refresh)


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


def attempts(run: Path, title: str) -> int:
    """How often a step of a run has begun, as Prefect's server knows by now."""
    flow_run = FlowRunFilter(id={"any_": [UUID(str(manifest(run)["flow_run"]))]})
    with get_client(sync_client=True) as client:
        found = client.read_task_runs(flow_run_filter=flow_run)
    return max((of.run_count for of in found if of.name.startswith(title)), default=0)


def test_a_step_whose_stan_process_is_killed_is_tried_once_more(
    root: Path, shops: SmallDatabase, finished: Path
) -> None:
    killing = kill_first_chain("intervention_effects")
    again = root / run(shops, refresh=True)
    assert killing.result()
    wait_for(lambda: attempts(again, "effects model") == 2, 60, "the step was tried twice")
    assert attempts(again, "pooling of the effects") == 1
    assert manifest(again)["digests"] == manifest(finished)["digests"]


def words(database: SmallDatabase) -> list[str]:
    """What `whence run` is given."""
    sizes = [word for name, size in SIZES.items() for word in ("--set", f"{name}={size}")]
    return [str(database.contract), *sizes]


def limit_files() -> None:
    """Every file to 150 kB, as a disk that is nearly full does."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))


def test_where_there_is_no_room_a_run_says_so_and_the_next_goes_on(
    shops: SmallDatabase, finished: Path, tmp_path: Path
) -> None:
    server = PREFECT_API_URL.value()
    full = subprocess.run(
        [sys.executable, "-m", "flows.cli", "run", *words(shops)],
        cwd=kills.ROOT,
        env=kills.environment(tmp_path, server) | {"TMPDIR": str(tmp_path)},
        preexec_fn=limit_files,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    last = full.stderr.splitlines()[-1]
    assert full.returncode == 3, full.stderr
    assert last.startswith("whence: There is no room on a disk")
    assert "(File too large)" in last
    assert kills.digests(tmp_path) == []
    done = {title for line in full.stderr.splitlines() if (title := kills.told_step(line))}
    assert "tables held against the contract" in done
    again = kills.run(words(shops), tmp_path, server=server)
    assert {title for title, cached in again.steps.items() if cached} == done
    assert kills.digests(tmp_path) == [manifest(finished)["digests"]]


def test_a_run_that_is_killed_goes_on_from_its_last_finished_step(
    shops: SmallDatabase, finished: Path, tmp_path: Path
) -> None:
    server, expected = PREFECT_API_URL.value(), manifest(finished)["digests"]
    undisturbed = kills.run(words(shops), tmp_path / "undisturbed", server=server)
    assert kills.digests(tmp_path / "undisturbed") == [expected]
    rng, made = np.random.default_rng(1), []
    while len(made) < 3:
        trial = tmp_path / f"trial-{len(made)}"
        made += kills.killed_until_done(words(shops), trial, undisturbed, expected, rng, server)
    assert [kill.computed_again for kill in made] == [[]] * len(made)
    assert [kill.false_wholes for kill in made] == [0] * len(made)
    assert all(kill.same_digests for kill in made)
