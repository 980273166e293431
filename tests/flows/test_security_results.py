"""Who may write to the run root can have no code run by those who read it."""

import base64
import json
import os
import pickle
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import polars as pl
import pytest
from prefect.results import ResultRecord

from flows.cli import main
from flows.intervention_analysis import intervention_analysis
from flows.local_run import run_locally
from flows.parameters import AnalysisParameters, parse_parameters
from flows.results import result_storage
from tasks.errors import InputError
from tasks.installation_key import seal
from tasks.pickle_ledger import remember
from tasks.run_store import RESULTS, RunStore
from tasks.uncertainty.files import read_ensemble

from .conftest import SIZES, SmallDatabase


class Trap:
    """Whoever loads it makes a folder."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.marker),)


def trap_record(marker: Path) -> bytes:
    """A record of Prefect's that says of itself that it is a pickle."""
    result = base64.encodebytes(pickle.dumps(Trap(marker))).decode()
    return json.dumps({"metadata": {"serializer": {"type": "pickle"}}, "result": result}).encode()


@pytest.fixture(params=["folder", "memory"])
def store(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> RunStore:
    monkeypatch.setenv("WHENCE_DATA", str(tmp_path / "data"))
    return RunStore(f"memory://{tmp_path}" if request.param == "memory" else str(tmp_path / "runs"))


def place_of(store: RunStore, key: str) -> tuple[Any, str]:
    filesystem, base = store._place
    return filesystem, f"{base}/{RESULTS}/{key}"


RECORD = b'{"metadata": {"serializer": {"type": "json"}}, "result": "[1, 2]"}'
OTHER = b'{"metadata": {"serializer": {"type": "json"}}, "result": "[3]"}'


def test_what_was_kept_is_read(store: RunStore) -> None:
    results = result_storage(store)
    results.write_path("key", RECORD)
    assert results.read_path("key") == RECORD
    results.write_path("key", OTHER)
    assert results.read_path("key") == OTHER
    filesystem, place = place_of(store, "key")
    assert filesystem.cat_file(place).endswith(b"\n" + OTHER)
    assert [Path(path).name for path in filesystem.find(str(Path(place).parent))] == ["key"]
    with pytest.raises(FileNotFoundError):
        results.read_path("absent")


def unsealed(kept: bytes) -> bytes:
    return kept.partition(b"\n")[2]


CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "another record": lambda kept: kept.partition(b"\n")[0] + b"\n" + OTHER,
    "no seal": unsealed,
    "an empty seal": lambda kept: b"\n" + unsealed(kept),
    "the seal of no key": lambda kept: (
        sha256(unsealed(kept)).hexdigest().encode() + b"\n" + unsealed(kept)
    ),
    "cut": lambda kept: kept[:-1],
    "longer": lambda kept: kept + b" ",
    "empty": lambda kept: b"",
    "no text": lambda kept: b"\xff\xfe\n" + unsealed(kept),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_record_that_was_changed_is_none(change: str, store: RunStore) -> None:
    results = result_storage(store)
    results.write_path("key", RECORD)
    filesystem, place = place_of(store, "key")
    filesystem.pipe_file(place, CHANGES[change](filesystem.cat_file(place)))
    with pytest.raises(PermissionError, match="no seal of this installation"):
        results.read_path("key")


def test_a_record_counts_under_its_own_key_alone(store: RunStore) -> None:
    results = result_storage(store)
    results.write_path("one", RECORD)
    filesystem, place = place_of(store, "one")
    filesystem.pipe_file(place_of(store, "two")[1], filesystem.cat_file(place))
    with pytest.raises(PermissionError):
        results.read_path("two")


def test_another_installation_reads_it_if_it_shares_the_key(
    store: RunStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = result_storage(store)
    results.write_path("key", RECORD)
    monkeypatch.setenv("WHENCE_DATA", str(tmp_path / "other"))
    with pytest.raises(PermissionError):
        results.read_path("key")
    (tmp_path / "other" / "key").write_bytes((tmp_path / "data" / "key").read_bytes())
    assert results.read_path("key") == RECORD


def test_a_key_that_others_may_read_is_refused_before_a_run(store: RunStore) -> None:
    seal(b"")
    (Path(os.environ["WHENCE_DATA"]) / "key").chmod(0o644)
    with pytest.raises(InputError, match="closed to others"):
        result_storage(store)


def test_control_a_record_that_prefect_reads_itself_runs_code(tmp_path: Path) -> None:
    ResultRecord.deserialize(trap_record(tmp_path / "marker"))
    assert (tmp_path / "marker").is_dir()


@pytest.mark.usefixtures("prefect_server")
def test_planted_results_and_ensembles_are_not_loaded(
    database: SmallDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every record becomes a trap, but that of the ensemble, which names a file that is one."""
    root, marker = tmp_path / "runs", tmp_path / "marker"
    monkeypatch.setenv("WHENCE_RUNS", str(root))
    database.write()
    values = {"domain": str(database.contract), "retrain": 0, **SIZES}
    parameters = parse_parameters(AnalysisParameters, values)
    first = root / run_locally(intervention_analysis, parameters)

    planted = tmp_path / "ensemble.joblib"
    joblib.dump(Trap(marker), planted, compress=1)
    digest = sha256(planted.read_bytes()).hexdigest()
    folder = root / ".objects" / digest[:2] / digest
    folder.mkdir(parents=True)
    (folder / planted.name).write_bytes(planted.read_bytes())
    renamed = 0
    for place in (root / RESULTS).iterdir():
        kept = place.read_bytes()
        if b"/ensemble.joblib" in kept:
            given, _, record = kept.partition(b"\n")
            told = json.loads(record)
            result = json.loads(told["result"])
            result["data"] |= {"path": f".objects/{digest[:2]}/{digest}/{planted.name}"}
            result["data"] |= {"sha256": digest}
            told["result"] = json.dumps(result)
            place.write_bytes(given + b"\n" + json.dumps(told).encode())
            renamed += 1
        else:
            given = seal(b"another key").encode()
            place.write_bytes(given + b"\n" + trap_record(marker))
    assert renamed == 1

    again = root / run_locally(intervention_analysis, parameters)
    assert not marker.exists()
    manifests = [
        json.loads((run / "manifest.json").read_text(encoding="utf-8")) for run in (first, again)
    ]
    assert not any(step["cached"] for step in manifests[1]["steps"].values())
    assert manifests[0]["digests"] == manifests[1]["digests"]
    with pytest.raises(TypeError, match="must hold an ensemble"):
        read_ensemble(planted)  # control: it would have run
    assert marker.is_dir()


@pytest.mark.usefixtures("prefect_server")
def test_a_team_that_shares_its_key_shares_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each asks the model that another has fitted, once it has taken the fit from the cache."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WHENCE_RUNS", str(tmp_path / "runs"))
    rng = np.random.default_rng(1)
    speed = rng.normal(50, 5, 300)
    pl.DataFrame({"speed": speed, "heat": 2 * speed + rng.normal(0, 1, 300)}).write_csv("line.csv")
    Path("graph.txt").write_text("speed -> heat\n", encoding="utf-8")
    fit, ask = ["scm", "fit", "graph.txt", "line.csv"], ["scm", "do", "scm-line", "speed=60"]
    ask += ["--samples", "100", "--replicates", "20"]
    monkeypatch.setenv("WHENCE_DATA", str(tmp_path / "one"))
    assert main(fit) == 0
    monkeypatch.setenv("WHENCE_DATA", str(tmp_path / "two"))
    capsys.readouterr()
    assert main(ask) == 2
    assert "was not written by this installation" in capsys.readouterr().err
    (tmp_path / "two").mkdir(exist_ok=True)
    (tmp_path / "two" / "key").unlink(missing_ok=True)
    shutil.copy2(tmp_path / "one" / "key", tmp_path / "two" / "key")
    assert main(fit) == 0
    latest = RunStore.current().runs()[-1]
    steps = json.loads(RunStore.current().read_file(latest, "manifest.json"))["steps"]
    assert all(step["cached"] for step in steps.values())
    assert main(ask) == 0


@pytest.mark.parametrize("digest", ["../key", "a/b", "", ".", "/etc/x"])
def test_the_ledger_takes_no_path(
    digest: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHENCE_DATA", str(tmp_path / "data"))
    with pytest.raises(InputError):
        remember(digest)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
