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
from tasks.calibration.chunk_files import load_simulations, save_simulations
from tasks.calibration.runner import Calibration, calibration_folder, run_calibration
from tasks.calibration.simulators.hierarchical_normal import HierarchicalNormal
from tasks.calibration.simulators.key_importance import KeyImportance
from tasks.errors import InputError, KilledError
from tasks.locations import resource
from tasks.progress import Progress, listening

SETTINGS = BatchSettings(seed=3, warmup=200, draws=200, kept=39, first_warmup=0)
SCRIPT = """
import sys
from pathlib import Path
from tests_calibration_runner import calibration
from tasks.calibration.chunk_files import save_simulations
from tasks.calibration.runner import run_calibration
root, n = Path(sys.argv[1]), int(sys.argv[2])
simulations, _ = run_calibration(calibration(), n, root=root, workers=2)
save_simulations(Path(sys.argv[3]), simulations)
"""


def calibration(**changes: Any) -> Calibration:
    program = compile_program(resource("stan", "key_importance.stan"), many_fits=True)
    return Calibration(KeyImportance(), program, replace(SETTINGS, **changes))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Folder of the chunks."""
    return tmp_path / "chunks"


def result_bytes(root: Path, n: int, path: Path, workers: int = 2) -> bytes:
    simulations, _ = run_calibration(calibration(), n, root=root, workers=workers)
    save_simulations(path, simulations)
    return path.read_bytes()


def chunks(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.npz"))


def test_a_run_killed_three_times_ends_with_the_same_bytes(root: Path, tmp_path: Path) -> None:
    n, killed = 400, tmp_path / "killed"
    whole = result_bytes(root, n, tmp_path / "whole.npz")
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
    ours = {path.name: path.read_bytes() for path in chunks(root)}
    assert {path.name: path.read_bytes() for path in chunks(killed)} == ours


def test_a_half_written_chunk_is_not_taken_for_a_whole_one(root: Path, tmp_path: Path) -> None:
    whole = result_bytes(root, 40, tmp_path / "a.npz")
    kept = chunks(root)
    torn = kept[1].with_name(f"{kept[1].stem}.4711.unfinished")
    torn.write_bytes(kept[1].read_bytes()[:100])
    kept[1].unlink()
    assert result_bytes(root, 40, tmp_path / "b.npz") == whole


def test_simulations_added_later_extend_the_run(root: Path, tmp_path: Path) -> None:
    first, _ = run_calibration(calibration(), 35, root=root, workers=2)
    done = {path: path.stat().st_mtime_ns for path in chunks(root)}
    extended = result_bytes(root, 80, tmp_path / "extended.npz")
    assert all(path.stat().st_mtime_ns == at for path, at in done.items())
    for path in chunks(root):
        path.unlink()
    assert result_bytes(root, 80, tmp_path / "at_once.npz") == extended
    np.testing.assert_array_equal(
        load_simulations(tmp_path / "extended.npz").ranks[:35], first.ranks
    )


def test_the_number_of_workers_does_not_matter(root: Path, tmp_path: Path) -> None:
    alone = result_bytes(root, 60, tmp_path / "one.npz", workers=1)
    for path in chunks(root):
        path.unlink()
    assert result_bytes(root, 60, tmp_path / "three.npz", workers=3) == alone


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
def test_another_calibration_shares_no_chunk(root: Path, other: Any) -> None:
    assert calibration_folder(other(), root) != calibration_folder(calibration(), root)


def test_progress_counts_simulations(root: Path) -> None:
    heard: list[Progress] = []
    with listening(heard.append):
        run_calibration(calibration(), 30, root=root, workers=2)
    assert [progress.done for progress in heard] == list(range(31))
    assert {progress.total for progress in heard} == {30}


def test_a_clear_failure_stops_early(root: Path) -> None:
    class Shifted(KeyImportance):
        def draw_data(self, parameters: Any, rng: np.random.Generator) -> dict[str, Any]:
            data = super().draw_data(parameters, rng)
            return data | {"ybar": data["ybar"] + 3}

    wrong = replace(calibration(), simulator=Shifted())
    simulations, verdict = run_calibration(wrong, 400, root=root, workers=2, stop_early=True)
    assert verdict.status == "not calibrated"
    assert len(simulations.status) == 50
    assert verdict.alpha < 0.05


def test_too_few_simulations_are_refused(root: Path) -> None:
    with pytest.raises(InputError, match="must be at least 20, got 19"):
        run_calibration(calibration(), 19, root=root, workers=1)


def fits_running() -> list[int]:
    """Processes that this one has started to fit."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = stat.read_text(encoding="utf-8").rpartition(")")
        except OSError:  # it has ended meanwhile
            continue
        if int(rest.split()[1]) == os.getpid() and "key_importance" in name:
            found.append(int(stat.parent.name))
    return found


def test_a_process_that_dies_keeps_what_was_finished(root: Path, tmp_path: Path) -> None:
    def kill_all(progress: Progress) -> None:
        if progress.done >= 60:
            for process in fits_running():
                os.kill(process, signal.SIGKILL)

    with (
        listening(kill_all),
        pytest.raises(KilledError, match="key_importance was killed by SIGKILL while it fitted"),
    ):
        run_calibration(calibration(), 400, root=root, workers=2)
    kept = {path: path.stat().st_mtime_ns for path in chunks(root)}
    assert 6 <= len(kept) < 40
    again = result_bytes(root, 400, tmp_path / "again.npz")
    assert all(path.stat().st_mtime_ns == at for path, at in kept.items())
    assert again == result_bytes(tmp_path / "other", 400, tmp_path / "whole.npz")
