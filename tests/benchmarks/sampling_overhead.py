"""What `sample()` costs beyond the executable itself: one chain of eight schools, 1000 + 1000.

Run: python tests/benchmarks/sampling_overhead.py
"""

import json
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tasks.bayes.stan_model import SIGNIFICANT_DIGITS, sample
from tasks.bayes.stan_program import compile_program
from tasks.locations import resource

REPETITIONS = 40


def seconds(run: Callable[[int], object], seed: int) -> float:
    started = time.perf_counter()
    run(seed)
    return time.perf_counter() - started


def main() -> None:
    program = compile_program(resource("stan", "hierarchical_noncentered.stan"))
    source = resource("stan", "hierarchical_noncentered.stan")
    data_file = resource("stan", "examples", "eight_schools.json")
    data = json.loads(data_file.read_text(encoding="utf-8"))

    with tempfile.TemporaryDirectory() as folder:

        def executable(seed: int) -> None:
            command = [str(program.executable), "id=1", "random", f"seed={seed}", "data"]
            command += [f"file={data_file}", "output", f"file={Path(folder) / 'draws.csv'}"]
            command += [f"sig_figs={SIGNIFICANT_DIGITS}", "method=sample"]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

        runs: dict[str, Callable[[int], object]] = {
            "executable": executable,
            "sample(program)": lambda seed: sample(program, data, seed=seed, chains=1),
            "sample(path)": lambda seed: sample(source, data, seed=seed, chains=1),
        }
        for run in runs.values():
            run(0)
        # Alternating, so that a busy moment of the machine falls on all alike.
        times = {name: np.empty(REPETITIONS) for name in runs}
        for seed in range(REPETITIONS):
            for name, run in runs.items():
                times[name][seed] = seconds(run, seed + 1)

    bare = times["executable"]
    print(f"{'':18}{'median ms':>10}{'extra ms':>10}{'ratio':>8}")
    for name, values in times.items():
        extra = 1000 * np.median(values - bare)
        ratio = np.median(values) / np.median(bare)
        print(f"{name:18}{1000 * np.median(values):>10.1f}{extra:>10.1f}{ratio:>8.2f}")


if __name__ == "__main__":
    main()
