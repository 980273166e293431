"""Whole runs on a Dask cluster, and on the storage of a cloud: the same digests as anywhere."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer
from s3fs import S3FileSystem

from flows.cli import main
from flows.intervention_analysis import intervention_analysis
from flows.local_run import run_locally
from flows.parameters import AnalysisParameters, parse_parameters
from tasks.run_store import OBJECTS, RunStore

from .conftest import SIZES, SmallDatabase

pytestmark = pytest.mark.usefixtures("prefect_server", "calibrations")

BUCKET = "whence"
ROOT = f"s3://{BUCKET}/모든 runs"


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> SmallDatabase:
    database = SmallDatabase(tmp_path_factory.mktemp("shops") / "database")
    database.write()
    return database


def run(database: SmallDatabase, root: str, **environment: str) -> dict[str, Any]:
    """The manifest of a run."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (environment | {"WHENCE_RUNS": root}).items():
            patch.setenv(name, value)
        values = {"domain": str(database.contract)} | SIZES
        name = run_locally(intervention_analysis, parse_parameters(AnalysisParameters, values))
    content: dict[str, Any] = json.loads(RunStore(root).read_file(name, "manifest.json"))
    return content | {"run": name}


def cached(manifest: dict[str, Any]) -> set[str]:
    return {title for title, step in manifest["steps"].items() if step["cached"]}


@pytest.fixture(scope="module")
def in_a_folder(shops: SmallDatabase, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return run(shops, str(tmp_path_factory.mktemp("threads")), WHENCE_RUNNER="threads")


@pytest.mark.parametrize("runner", ["processes", "dask"])
def test_loops_elsewhere_give_the_digests_of_threads(
    shops: SmallDatabase, in_a_folder: dict[str, Any], tmp_path: Path, runner: str
) -> None:
    elsewhere = run(shops, str(tmp_path), WHENCE_RUNNER=runner)
    assert cached(elsewhere) == set()
    assert elsewhere["digests"] == in_a_folder["digests"]
    assert len(elsewhere["digests"]) > 20


def test_where_loops_run_is_no_reason_to_run_a_step_again(
    shops: SmallDatabase, in_a_folder: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = str(tmp_path_factory.mktemp("both"))
    first = run(shops, root, WHENCE_RUNNER="processes")
    again = run(shops, root, WHENCE_RUNNER="threads")
    assert cached(again) == set(first["steps"])
    assert "WHENCE_RUNNER" not in json.dumps(again["parameters"])


@pytest.mark.parametrize("command", [["run", "demo"], ["serve"]], ids=" ".join)
def test_a_wrong_runner_is_refused_before_anything_starts(
    command: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("WHENCE_RUNS", "WHENCE_DATA"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("WHENCE_RUNNER", "cluster")
    assert main(command) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("whence: WHENCE_RUNNER must be threads, processes, dask or ")
    assert told.err.count("\n") == 1
    assert list(tmp_path.rglob("*")) == []


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A bucket of a server on this machine, which s3fs finds by the environment."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    S3FileSystem.clear_instance_cache()
    copies = tmp_path_factory.mktemp("copies")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (
            ("AWS_ENDPOINT_URL", f"http://{host}:{port}"),
            ("AWS_ACCESS_KEY_ID", "nobody"),
            ("AWS_SECRET_ACCESS_KEY", "nothing"),
            ("AWS_DEFAULT_REGION", "us-east-1"),
        ):
            patch.setenv(name, value)
        patch.setattr("tasks.run_store.cache_folder", lambda: copies)
        resource = boto3.resource("s3")
        yield resource.create_bucket(Bucket=BUCKET)
    S3FileSystem.clear_instance_cache()
    server.stop()


@pytest.fixture(scope="module")
def on_s3(shops: SmallDatabase, bucket: Any) -> dict[str, Any]:
    return run(shops, ROOT)


def keys(bucket: Any, part: str = "") -> list[str]:
    return sorted(found.key for found in bucket.objects.all() if part in found.key)


def test_a_bucket_holds_what_a_folder_would(
    on_s3: dict[str, Any], in_a_folder: dict[str, Any], bucket: Any
) -> None:
    assert cached(on_s3) == set()
    assert on_s3["digests"] == in_a_folder["digests"]
    shown = {key.rpartition(f"{on_s3['run']}/")[2] for key in keys(bucket, on_s3["run"])}
    assert shown == {*on_s3["digests"], "manifest.json"}
    for name, digest in on_s3["digests"].items():
        assert keys(bucket, f"{OBJECTS}/{digest[:2]}/{digest}/"), name


def test_the_same_run_again_computes_nothing(shops: SmallDatabase, on_s3: dict[str, Any]) -> None:
    again = run(shops, ROOT)
    assert cached(again) == set(on_s3["steps"])
    assert again["digests"] == on_s3["digests"]


def test_a_lost_object_is_made_again(
    shops: SmallDatabase, on_s3: dict[str, Any], bucket: Any
) -> None:
    digest = on_s3["digests"]["shares.json"]
    (kept,) = keys(bucket, digest)
    bucket.Object(kept).delete()
    mended = run(shops, ROOT)
    assert set(on_s3["steps"]) - cached(mended) == {"shares of tables, columns, ranges"}
    assert mended["digests"] == on_s3["digests"]
    assert keys(bucket, digest) == [kept]


def test_runs_are_listed_as_they_come_and_go(on_s3: dict[str, Any], bucket: Any) -> None:
    """Also those that other machines add, and not from what was listed before."""
    store = RunStore(ROOT)
    before = store.runs()
    assert on_s3["run"] in before
    manifest = next(key for key in keys(bucket, on_s3["run"]) if key.endswith("manifest.json"))
    added = bucket.Object(manifest.replace(on_s3["run"], "다른/2099-01-01T00-00-00-000-ffffff"))
    added.copy({"Bucket": BUCKET, "Key": manifest})
    assert store.runs() == [*before, "다른/2099-01-01T00-00-00-000-ffffff"]
    added.delete()
    assert store.runs() == before


def test_commands_find_what_is_in_a_bucket(
    on_s3: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WHENCE_RUNS", ROOT)
    identifier = on_s3["run"].partition("/")[2]
    assert main(["runs"]) == 0
    assert identifier in capsys.readouterr().out
    assert main(["report", identifier]) == 0
    assert capsys.readouterr().out == RunStore(ROOT).read_file(on_s3["run"], "report.txt")
    assert main(["sbc", "key_importance", "--simulations", "20"]) == 0
    said = capsys.readouterr().out
    assert f"kept in {ROOT}/sbc-key_importance/" in said
    assert main(["runs"]) == 0
    assert "sbc-key_importance" in capsys.readouterr().out
