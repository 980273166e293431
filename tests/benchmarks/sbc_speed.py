"""1000 simulations of eight schools: against Stan alone, and against a loop of cmdstanpy.

Run: python tests/benchmarks/sbc_speed.py [--cmdstanpy]

The same data sets are fitted with 1000 + 1000 iterations by the calibration (ranks, chunks on disk
and all) and by `sbc_bare_loop.cpp`, which calls Stan's service and writes nothing, each on all
cores, in alternating blocks, so that a busy moment of the machine falls on both alike. Then the
calibration as it is by default: a shorter chain first, a longer one where that does not suffice.
"""

import argparse
import shutil
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import cmdstanpy

from tasks.bayes.batch import BatchSettings
from tasks.bayes.compiler import run_make
from tasks.bayes.stan_data import data_json
from tasks.bayes.stan_program import StanProgram, compile_program
from tasks.bayes.toolchain import ensure_toolchain
from tasks.calibration.chunk import simulate
from tasks.calibration.runner import Calibration, run_calibration
from tasks.calibration.simulators.hierarchical_normal import HierarchicalNormal
from tasks.cores import usable_cores
from tasks.locations import resource

N, BLOCK = 1000, 250
SOURCE = resource("stan", HierarchicalNormal.program)
SAME_FITS = BatchSettings(seed=1, first_warmup=0, most_draws=1000)
DEFAULT = BatchSettings(seed=1)


def seconds(run) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def compile_bare_loop(folder: Path) -> Path:
    program = shutil.copy(SOURCE, folder / "bare.stan")
    main = shutil.copy(Path(__file__).with_name("sbc_bare_loop.cpp"), folder)
    run_make(ensure_toolchain().home, f"CMDSTAN_MAIN={main}", str(Path(program).with_suffix("")))
    return folder / "bare"


def requests(folder: Path) -> list[Path]:
    """The data sets as the executables read them, a file a block."""
    files = []
    for first in range(0, N, BLOCK):
        lines = []
        for number in range(first, first + BLOCK):
            drawn = simulate(HierarchicalNormal(), 1, number, with_further=False)
            lines.append(f"{number + 1} {data_json(drawn.data)}\n")
        files.append(folder / f"{first}.jsonl")
        files[-1].write_text("".join(lines), encoding="utf-8")
    return files


def cmdstanpy_loop(program: StanProgram, workers: int, n: int) -> None:
    """What one would write without a batch runner: a fit after another, two at a time."""
    model = cmdstanpy.CmdStanModel(exe_file=program.executable)

    def fit(number: int) -> None:
        drawn = simulate(HierarchicalNormal(), 1, number, with_further=False)
        done = model.sample(drawn.data, chains=1, seed=1, show_progress=False)
        done.draws()

    with cmdstanpy.disable_logging(), ThreadPoolExecutor(workers) as pool:
        list(pool.map(fit, range(n)))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cmdstanpy", action="store_true", help="the loop too, some minutes")
    with_loop = parser.parse_args().cmdstanpy
    program = compile_program(SOURCE, many_fits=True)
    cores = usable_cores()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bare, files = compile_bare_loop(folder), requests(folder)

        def ours(settings: BatchSettings, n: int) -> float:
            calibration = Calibration(HierarchicalNormal(), program, settings)
            return seconds(lambda: run_calibration(calibration, n, root=folder, workers=cores))

        times = {"Stan's service in a loop": 0.0, "calibration, same fits": 0.0}
        times["calibration, default"] = 0.0
        for k, file in enumerate(files, start=1):
            command = [str(bare), str(file), "1", str(cores)]
            times["Stan's service in a loop"] += seconds(
                partial(subprocess.run, command, check=True)
            )
            times["calibration, same fits"] += ours(SAME_FITS, k * BLOCK)
            times["calibration, default"] += ours(DEFAULT, k * BLOCK)
        if with_loop:
            times["cmdstanpy loop"] = seconds(lambda: cmdstanpy_loop(program, cores, N))
    least = times["Stan's service in a loop"]
    print(f"{N} simulations on {cores} cores")
    for name, taken in times.items():
        print(f"{name:28}{taken:8.1f} s{taken / least:8.2f}")


if __name__ == "__main__":
    main()
