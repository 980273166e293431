"""The worker of `whence scm fit`: requests and answers in JSON, hostile ones too."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flows.scm_worker import answer, serve
from tasks.errors import InputError
from tasks.intervention.structural.model_keeping import find_model, load_model
from tasks.run_store import RunStore

MOST = 2**20


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(str(tmp_path / "runs"))


def request(rows: int = 200, noise: float = 0.2, **config: object) -> dict[str, Any]:
    rng = np.random.default_rng(rows)
    x = rng.normal(size=rows)
    y = 2 * x + noise * rng.normal(size=rows)
    return {
        "graph": {"nodes": ["X", "점수"], "edges": [["X", "점수"]]},
        "traces": {"X": x.tolist(), "점수": y.tolist()},
        "config": config,
    }


def encoded(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode()


def refused(content: object, store: RunStore) -> str:
    data = content if isinstance(content, bytes) else encoded(content)
    given = answer(data, store)
    assert given["status"] == "error"
    assert not store.runs()
    return str(given["error"])


def test_an_answer_has_the_parts_that_a_caller_reads(store: RunStore) -> None:
    given = answer(encoded(request(seed=3)), store)
    assert given["status"] == "success"
    mechanism = given["scm"]["mechanisms"]["점수"]
    assert given["scm"]["graph"] == {"nodes": ["X", "점수"], "edges": [["X", "점수"]]}
    assert given["scm"]["mechanisms"]["X"]["type"] == "EmpiricalDistribution"
    assert mechanism["type"] == "AdditiveNoiseModel"
    assert mechanism["coefficients"]["X"] == pytest.approx(2, abs=0.1)
    assert given["validation"]["passed"] is True
    assert given["validation"]["mean_r2"] == given["validation"]["r2_scores"]["점수"] > 0.95
    metadata = given["metadata"]
    assert metadata["num_samples"] == 200
    assert metadata["fitting_time_ms"] >= 0
    assert metadata["dowhy_version"]
    assert len(metadata["digest"]) == 64


def test_the_model_is_kept_and_found_again_without_a_fit(store: RunStore) -> None:
    first = answer(encoded(request()), store)
    run, artifact = find_model(store, first["metadata"]["run"])
    assert artifact.sha256 == first["metadata"]["digest"]
    assert load_model(store.fetch(artifact)).graph.nodes == ("X", "점수")
    second = answer(encoded(request()), store)
    assert not first["metadata"]["cached"]
    assert second["metadata"]["cached"]
    assert second["scm"] == first["scm"]
    shuffled = request()
    shuffled["graph"]["nodes"].reverse()
    assert answer(encoded(shuffled), store)["metadata"]["run"] == run
    changed = request()
    changed["traces"]["X"][0] += 1e-9
    for other in (changed, request(seed=2), request(r2_threshold=0.5)):
        assert answer(encoded(other), store)["metadata"]["run"] != run


def test_mechanisms_that_do_not_hold_are_refused_with_details(store: RunStore) -> None:
    given = answer(encoded(request(noise=5.0)), store)
    assert given["status"] == "error"
    assert "점수" in given["error"]
    assert given["details"]["failed_nodes"] == ["점수"]
    assert given["details"]["r2_threshold"] == 0.7
    assert given["details"]["r2_scores"]["점수"] < 0.7
    assert not store.runs()
    assert answer(encoded(request(noise=5.0, validate_r2=False)), store)["status"] == "success"


def with_graph(nodes: list[str], edges: list[list[str]]) -> dict[str, Any]:
    return request() | {"graph": {"nodes": nodes, "edges": edges}}


def with_value(value: object) -> bytes:
    content = request()
    content["traces"]["X"][5] = value
    return encoded(content)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (with_graph(["X", "점수"], [["X", "점수"], ["점수", "X"]]), "runs in a circle"),
        (with_graph(["X", "점수"], [["X", "X"]]), "from a node to itself"),
        (with_graph(["X", "점수", "Z"], [["X", "점수"]]), "got none for 'Z'"),
        (with_graph(["X", "점수"], [["X", "Z"]]), "'Z' is no node"),
        (with_graph(["X", "X", "점수"], [["X", "점수"]]), "'X' twice"),
        (b'{"graph": [["a", "b"]], "traces": {"a": [1], "a": [2]}}', "'a'"),
        (with_value(float("nan")), "missing in 'X', in 1 of 200 rows"),
        (with_value(None), "missing in 'X', in 1 of 200 rows"),
        (with_value(float("inf")), "'X' must hold finite numbers, got inf in row 5"),
        (with_value("many"), "'X' must hold numbers, text or truth values"),
        (with_value([1]), "'X' must hold numbers, text or truth values"),
        (request(rows=50), "at least 100 rows"),
        (b"[" * 10_000_000, "nest"),
        (b'{"graph": ' * 100_000, "nest"),
        (b'{"graph": "\xff"}', "UTF-8"),
        (b"", "JSON"),
        (b"9" * 5000, "digits"),
        (b"[]", "must be an object"),
        (b"{}", "needs graph"),
        (request() | {"code": "import os"}, "got also 'code'"),
        (request(quality="magic"), "config.quality"),
        (request(speed=1), "config.speed"),
        (request(test_size=0), "config.test_size"),
        (request() | {"config": 7}, "config: "),
    ],
)
def test_what_breaks_a_rule_is_refused_in_a_sentence(
    content: object, sentence: str, store: RunStore
) -> None:
    assert sentence in refused(content, store)


def lines(source: bytes, store: RunStore, most: int = MOST) -> list[dict[str, Any]]:
    sink = io.BytesIO()
    serve(io.BytesIO(source), sink, store, most=most, loop=True)
    return [json.loads(line) for line in sink.getvalue().splitlines()]


def test_a_loop_answers_a_line_a_request_and_survives_bad_ones(store: RunStore) -> None:
    good = encoded(request())
    source = good + b"\n\n" + b"x" * (MOST + 7) + b"\n" + b"\xff\n" + b"[" * 5000 + b"\r\n" + good
    given = lines(source, store)
    assert [one["status"] for one in given] == ["success", "error", "error", "error", "success"]
    assert "at most 1 MB" in given[1]["error"]
    assert given[4]["metadata"]["cached"]


def test_a_request_of_the_largest_size_is_read_and_a_larger_one_is_not(store: RunStore) -> None:
    good = encoded(request())
    assert lines(good + b"\n", store, most=len(good))[0]["status"] == "success"
    assert "at most" in lines(good + b"\n", store, most=len(good) - 1)[0]["error"]
    sink = io.BytesIO()
    assert not serve(io.BytesIO(good), sink, store, most=len(good) - 1, loop=False)
    assert "at most" in json.loads(sink.getvalue())["error"]


def worker(*words: str, source: bytes, folder: Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "flows.cli", "scm", "fit", *words],
        input=source,
        capture_output=True,
        timeout=120,
        check=False,
        env=os.environ | {"WHENCE_RUNS": str(folder / "runs")},
    )


def test_standard_output_holds_the_answers_and_nothing_else(tmp_path: Path) -> None:
    noisy = encoded(request(noise=5.0))
    done = worker("--loop", source=encoded(request()) + b"\n" + noisy + b"\n", folder=tmp_path)
    first, second = (json.loads(line) for line in done.stdout.splitlines())
    assert (done.returncode, first["status"], second["status"]) == (0, "success", "error")
    assert "점수" in done.stdout.decode()
    refusal = worker(source=noisy, folder=tmp_path)
    assert refusal.returncode == 1
    assert json.loads(refusal.stdout)["details"]["failed_nodes"] == ["점수"]


def test_a_worker_answers_when_its_memory_ends(tmp_path: Path) -> None:
    content = request(rows=600_000)
    done = worker("--memory", "0.3", source=encoded(content), folder=tmp_path)
    given = json.loads(done.stdout)
    assert (done.returncode, given["status"]) == (1, "error")
    assert "memory" in given["error"]


def test_a_model_that_was_not_written_here_is_refused(
    store: RunStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(encoded(request()), store)
    _, artifact = find_model(store, "scm")
    monkeypatch.setenv("WHENCE_DATA", str(tmp_path / "elsewhere"))
    with pytest.raises(InputError, match="was not written by this installation"):
        load_model(store.fetch(artifact))
    again = answer(encoded(request()), store)
    assert not again["metadata"]["cached"]
    assert load_model(store.fetch(find_model(store, "scm")[1])).graph.nodes == ("X", "점수")
