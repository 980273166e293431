"""Structural models as flows: fitted, kept, refused, asked what if, from the command line."""

import json
import pickle
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from flows.cli import main
from tasks.run_store import RunStore

ROWS = 240


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prefect_server: None) -> Path:
    """Where a user works: a graph, traces of 불량 and its causes, and runs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WHENCE_RUNS", str(tmp_path / "runs"))
    rng = np.random.default_rng(1)
    speed = rng.normal(50, 5, ROWS)
    heat = 2 * speed + rng.normal(0, 1, ROWS)
    frame = pl.DataFrame({"speed": speed, "heat": heat, "불량": 3 * heat + rng.normal(0, 1, ROWS)})
    frame.write_csv(tmp_path / "line.csv")
    (tmp_path / "graph.txt").write_text("speed -> heat\nheat -> 불량\n", encoding="utf-8")
    return tmp_path


def run(*words: str) -> int:
    return main(["scm", *words])


def test_a_model_is_fitted_kept_and_asked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("fit", "graph.txt", "line.csv") == 0
    assert "불량" in capsys.readouterr().out
    store = RunStore.current()
    (fit,) = store.runs()
    manifest = json.loads(store.read_file(fit, "manifest.json"))
    assert {"model.pickle", "report.html", "report.json", "report.txt"} <= set(manifest["digests"])
    assert manifest["versions"]["dowhy"]
    assert (folder / "runs" / fit / "figures" / "graph.png").is_file()

    assert run("do", "scm-line", "speed=60", "--samples", "500", "--replicates", "20") == 0
    assert "불량" in capsys.readouterr().out
    asked = store.runs()[-1]
    before, after = (
        pl.read_parquet(folder / "runs" / asked / f"{name}.parquet") for name in ("before", "after")
    )
    assert before.shape == after.shape == (500, 3)
    assert (after["speed"] == 60).all()
    effects = {
        of["node"]: of for of in json.loads(store.read_file(asked, "report.json"))["effects"]
    }
    truth = 6 * (60 - float(before["speed"].mean()))
    assert effects["불량"]["mean"]["low"] < truth < effects["불량"]["mean"]["high"]

    assert run("counterfactual", "scm-line", "line.csv", "heat=+1", "--replicates", "20") == 0
    asked = store.runs()[-1]
    before, after = (
        pl.read_parquet(folder / "runs" / asked / f"{name}.parquet") for name in ("before", "after")
    )
    np.testing.assert_allclose(after["heat"], before["heat"] + 1)
    np.testing.assert_allclose(after["speed"], before["speed"])
    np.testing.assert_allclose(after["불량"] - before["불량"], 3, atol=0.1)

    assert main(["runs"]) == 0
    assert capsys.readouterr().out.count("line") >= 3
    assert main(["report", fit.partition("/")[2]]) == 0


def test_a_model_that_does_not_hold_is_not_kept(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = pl.read_csv(folder / "line.csv")
    noise = pl.Series("불량", np.random.default_rng(2).normal(size=ROWS))
    frame.with_columns(noise).write_csv(folder / "noise.csv")
    assert run("fit", "graph.txt", "noise.csv") == 3
    assert "below 0.7: 불량" in capsys.readouterr().err
    assert not RunStore.current().runs("model.pickle")
    assert len(list((folder / "runs").glob("scm-noise/*/report.txt"))) == 1
    assert run("fit", "graph.txt", "noise.csv", "--set", "validate_r2=false") == 0


class Trap:
    """Whoever loads it makes a file."""

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (Path("touched"),)


def test_a_pickle_from_elsewhere_is_refused_and_runs_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("model.pickle").write_bytes(pickle.dumps(Trap()))
    assert run("do", "model.pickle", "speed=60") == 2
    assert "was not written by this installation" in capsys.readouterr().err
    assert not Path("touched").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("fit", "graph.txt"), "takes a graph and traces"),
        (("fit", "--seed", "2"), "go with GRAPH and TRACES"),
        (("fit", "graph.txt", "none.csv"), "There is no file"),
        (("fit", "graph.txt", "line.csv", "--set", "speed=1"), "There is no parameter 'speed'"),
        (("do", "scm-none", "speed=1"), "names no run"),
        (("do", "scm-line", "speed=1", "--samples", "3"), "greater than or equal to 100"),
    ],
)
def test_bad_input_ends_with_a_sentence(
    words: tuple[str, ...], sentence: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*words) == 2
    assert sentence in capsys.readouterr().err
