"""A calibration that was killed goes on, and ends with the same bytes as one that was not."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tasks.bayes.batch import BatchSettings
from tasks.bayes.stan_program import compile_program
from tasks.calibration.chunk import simulate_chunk
from tasks.calibration.chunk_files import (
    ChunkFolder,
    load_simulations,
    save_simulations,
)
from tasks.calibration.runner import Calibration, calibration_folder, run_calibration
from tasks.calibration.simulators.hierarchical_normal import HierarchicalNormal
from tasks.calibration.simulators.key_importance import KeyImportance
from tasks.errors import InputError, RunError
from tasks.locations import resource
from tasks.progress import Progress, listening

SETTINGS = BatchSettings(seed=3, warmup=200, draws=200, kept=39, first_warmup=0)
SCRIPT = """
import sys
from pathlib import Path
from tests_calibration_runner import calibration
import tasks.calibration.runner as runner
from tasks.calibration.chunk_files import save_simulations
runner.cache_folder = lambda: Path(sys.argv[1])
simulations, _ = runner.run_calibration(calibration(), int(sys.argv[2]), workers=2)
save_simulations(Path(sys.argv[3]), simulations)
"""


def calibration(**changes: Any) -> Calibration:
    program = compile_program(resource("stan", "key_importance.stan"), many_fits=True)
    return Calibration(KeyImportance(), program, replace(SETTINGS, **changes))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tasks.calibration.runner.cache_folder", lambda: tmp_path / "chunks")
    return tmp_path / "chunks"


def result_bytes(n: int, path: Path, workers: int = 2) -> bytes:
    simulations, _ = run_calibration(calibration(), n, workers=workers)
    save_simulations(path, simulations)
    return path.read_bytes()


def chunks(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.npz"))


def test_a_run_killed_three_times_ends_with_the_same_bytes(cache: Path, tmp_path: Path) -> None:
    n, killed = 400, tmp_path / "killed"
    whole = result_bytes(n, tmp_path / "whole.npz")
    rng = np.random.default_rng()  # the moments of death differ from run to run
    module = tmp_path / "tests_calibration_runner.py"
    module.write_text(Path(__file__).read_text(encoding="utf-8"), encoding="utf-8")
    command = [sys.executable, "-c", SCRIPT, str(killed), str(n), str(tmp_path / "again.npz")]
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{Path.cwd()}"}
    for _ in range(3):
        before = len(chunks(killed))
        process = subprocess.Popen(command, env=environment)
        while process.poll() is None and len(chunks(killed)) < before + rng.integers(1, 8):
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 0.1))
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert before < len(chunks(killed)) < n // 10
    subprocess.run(command, env=environment, check=True)
    assert (tmp_path / "again.npz").read_bytes() == whole
    ours = {path.name: path.read_bytes() for path in chunks(cache)}
    assert {path.name: path.read_bytes() for path in chunks(killed)} == ours


def test_a_half_written_chunk_is_not_taken_for_a_whole_one(cache: Path, tmp_path: Path) -> None:
    whole = result_bytes(40, tmp_path / "a.npz")
    kept = chunks(cache)
    torn = kept[1].with_name(f"{kept[1].stem}.4711.unfinished")
    torn.write_bytes(kept[1].read_bytes()[:100])
    kept[1].unlink()
    assert result_bytes(40, tmp_path / "b.npz") == whole


def test_simulations_added_later_extend_the_run(cache: Path, tmp_path: Path) -> None:
    first, _ = run_calibration(calibration(), 35, workers=2)
    done = {path: path.stat().st_mtime_ns for path in chunks(cache)}
    extended = result_bytes(80, tmp_path / "extended.npz")
    assert all(path.stat().st_mtime_ns == at for path, at in done.items())
    for path in chunks(cache):
        path.unlink()
    assert result_bytes(80, tmp_path / "at_once.npz") == extended
    np.testing.assert_array_equal(
        load_simulations(tmp_path / "extended.npz").ranks[:35], first.ranks
    )


def test_the_number_of_workers_does_not_matter(cache: Path, tmp_path: Path) -> None:
    alone = result_bytes(60, tmp_path / "one.npz", workers=1)
    for path in chunks(cache):
        path.unlink()
    assert result_bytes(60, tmp_path / "three.npz", workers=3) == alone


@pytest.mark.parametrize(
    "other",
    [
        lambda: calibration(seed=4),
        lambda: calibration(adapt_delta=0.9),
        lambda: replace(calibration(), simulator=KeyImportance(sigma2_obs=2.0)),
        lambda: replace(calibration(), with_further=False),
        lambda: replace(
            calibration(),
            simulator=HierarchicalNormal(),
            program=compile_program(
                resource("stan", "hierarchical_noncentered.stan"), many_fits=True
            ),
        ),
    ],
)
def test_another_calibration_shares_no_chunk(cache: Path, other: Any) -> None:
    assert calibration_folder(other()) != calibration_folder(calibration())


def test_progress_counts_simulations(cache: Path) -> None:
    heard: list[Progress] = []
    with listening(heard.append):
        run_calibration(calibration(), 30, workers=2)
    assert [progress.done for progress in heard] == list(range(31))
    assert {progress.total for progress in heard} == {30}


def test_a_clear_failure_stops_early(cache: Path) -> None:
    class Shifted(KeyImportance):
        def draw_data(self, parameters: Any, rng: np.random.Generator) -> dict[str, Any]:
            data = super().draw_data(parameters, rng)
            return data | {"ybar": data["ybar"] + 3}

    wrong = replace(calibration(), simulator=Shifted())
    simulations, verdict = run_calibration(wrong, 400, workers=2, stop_early=True)
    assert verdict.status == "not calibrated"
    assert len(simulations.status) == 50
    assert verdict.alpha < 0.05


def test_too_few_simulations_are_refused(cache: Path) -> None:
    with pytest.raises(InputError, match="must be at least 20, got 19"):
        run_calibration(calibration(), 19, workers=1)


def test_a_process_that_dies_keeps_what_was_finished(
    cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from tasks.calibration import runner

    def dies_at_30(*arguments: Any, **settings: Any) -> Any:
        if arguments[3].start == 30:
            arguments[1].process.kill()
            arguments[1].process.wait()
        return whole_chunk(*arguments, **settings)

    whole_chunk = simulate_chunk
    monkeypatch.setattr(runner, "simulate_chunk", dies_at_30)
    folder = ChunkFolder(calibration_folder(calibration()))
    monkeypatch.setattr(runner, "calibration_folder", lambda _: folder.folder)
    with pytest.raises(RunError, match="key_importance ended with code -9"):
        run_calibration(calibration(), 60, workers=1)
    assert next(chunk.start for chunk in folder.missing(range(60))) == 30
    monkeypatch.setattr(runner, "simulate_chunk", whole_chunk)
    assert len(run_calibration(calibration(), 60, workers=1)[0].status) == 60
