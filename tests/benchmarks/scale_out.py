"""The demo with its loops on threads, processes and a local Dask cluster: time and memory.

Run: python tests/benchmarks/scale_out.py [--documents 20000] [--repeats 1] [RUNNER ...]

Each run has an empty store, so that every step is computed. Runners take turns. All must give the
same digests. Memory is the peak of the process and of all that it started, as proportional set
size: what processes share counts once.
"""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

import numpy as np

from tasks.run_store import RunStore
from tests.benchmarks.process_memory import run_watched

RUNNERS = ("threads", "processes", "dask")
LOOPS = ("ensemble", "repairs in replicate cells", "members fitted anew")


def measured(runner: str, documents: int | None) -> dict:
    """A run with an empty store: seconds, peak of memory in GiB, steps and digests."""
    with tempfile.TemporaryDirectory() as folder:
        places = {
            name: str(Path(folder) / name)
            for name in ("WHENCE_RUNS", "WHENCE_DATA", "PREFECT_HOME")
        }
        command = [sys.executable, "-m", "flows.cli", "run", "demo"]
        command += ["--set", f"documents={documents}"] if documents else []
        output = Path(folder) / "output"
        status, seconds, looks = run_watched(
            command, output, os.environ | places | {"WHENCE_RUNNER": runner}
        )
        if status:
            sys.exit(f"{runner}: status {status}\n{output.read_text(encoding='utf-8')[-3000:]}")
        store = RunStore(places["WHENCE_RUNS"])
        manifest = json.loads(store.read_file(store.runs()[-1], "manifest.json"))
    return {"seconds": seconds, "memory": max(memory for _, memory in looks), **manifest}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("runners", nargs="*", default=RUNNERS, metavar="RUNNER")
    parser.add_argument("--documents", type=int, help="size of the demo's database")
    parser.add_argument("--repeats", type=int, default=1)
    options = parser.parse_args()
    runs = {runner: [] for runner in options.runners}
    for _ in range(options.repeats):
        for runner in options.runners:
            run = measured(runner, options.documents)
            runs[runner].append(run)
            steps = "  ".join(f"{title} {run['steps'][title]['seconds']:.1f}" for title in LOOPS)
            print(f"{runner}: {run['seconds']:.1f} s, {run['memory']:.2f} GiB; {steps}", flush=True)
    digests = {json.dumps(run["digests"]) for of in runs.values() for run in of}
    print(f"\n{'the same' if len(digests) == 1 else 'DIFFERENT'} digests")
    first = next(iter(runs))
    rows = {"whole run": lambda run: run["seconds"]}
    rows |= {title: lambda run, t=title: run["steps"][t]["seconds"] for title in LOOPS}
    rows["peak of memory, GiB"] = lambda run: run["memory"]
    print(f"{'median':30}" + "".join(f"{runner:>18}" for runner in runs))
    for name, value in rows.items():
        medians = {runner: np.median([value(run) for run in of]) for runner, of in runs.items()}
        told = (f"{median:9.2f}  x{median / medians[first]:6.2f}" for median in medians.values())
        print(f"{name:30}" + "".join(f"{text:>18}" for text in told))


if __name__ == "__main__":
    main()
