"""What Prefect costs: the main job as a flow, and the same steps as plain functions.

Run: python tests/benchmarks/orchestration.py [--documents 2000] [--repeats 3] [--profile FILE]

Each run is a process of its own with an empty store and an empty data folder of Prefect; both kinds
take turns, so that a busy moment of the machine falls on both alike. The plain run goes through the
same lines of the flow, with steps called as functions and nothing told to a server. Beside the wall
time stands the processor time of the process and of all that it started, Prefect's server among
them, which other work on the machine disturbs less.
"""

import argparse
import cProfile
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

import numpy as np

KINDS = ("plain", "prefect")
OURS = ("flows.", "tasks.")


class _Ended:
    """State of a task that ended well, as far as the narrator looks at it."""

    name = "Completed"

    def __init__(self, value):
        self.value = value

    def is_completed(self):
        return True

    def result(self):
        return self.value


def _plain_steps():
    """Tasks are functions, and nobody is told of anything."""
    from prefect import Task

    def call(step, *arguments, return_state=False, **named):
        value = step.fn(*arguments, **named)
        return _Ended(value) if return_state else value

    yield patch.object(Task, "__call__", call)
    for module in [known for name, known in sys.modules.items() if name.startswith(OURS)]:
        for name in vars(module):
            if name.endswith("_artifact") and name.startswith(("create", "update")):
                yield patch.object(module, name, lambda *_, **__: None)


def _child(kind: str, documents: int, profile: str | None) -> None:
    """One run; its seconds, those of the server's start, and the digests go to standard output."""
    from flows.environment import quiet_environment

    quiet_environment(debug=False)
    from flows.intervention_analysis import intervention_analysis
    from flows.local_run import run_locally
    from flows.parameters import AnalysisParameters
    from tasks.run_store import RunStore

    parameters = AnalysisParameters(domain="demo", documents=documents)
    began = time.perf_counter()
    if kind == "prefect":
        from prefect import get_client

        with get_client(sync_client=True) as client:
            client.hello()
    ready = time.perf_counter()
    profiler = cProfile.Profile()
    if profile:
        profiler.enable()
    if kind == "prefect":
        run = run_locally(intervention_analysis, parameters)
    else:
        patches = list(_plain_steps())
        for one in patches:
            one.start()
        run = intervention_analysis.fn(parameters)
    done = time.perf_counter()
    if profile:
        profiler.disable()
        profiler.dump_stats(profile)
    manifest = json.loads(RunStore.current().read_file(run, "manifest.json"))
    found = {"start": ready - began, "seconds": done - ready, "steps": manifest["steps"]}
    print(json.dumps(found | {"digests": manifest["digests"]}))


def measured(kind: str, documents: int, profile: str | None) -> dict:
    """A run in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        places = {
            name: str(Path(folder) / name)
            for name in ("WHENCE_RUNS", "WHENCE_DATA", "PREFECT_HOME")
        }
        command = [sys.executable, __file__, "--child", kind, "--documents", str(documents)]
        command += ["--profile", f"{profile}.{kind}"] if profile else []
        root = str(Path(__file__).parents[2])
        before = time.perf_counter()
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | places | {"PYTHONPATH": root},
        )
        said = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        whole = time.perf_counter() - before
    if status:
        sys.exit(f"The {kind} run ended with status {status}.")
    return json.loads(said) | {"whole": whole, "processor": used.ru_utime + used.ru_stime}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--documents", type=int, default=2000, help="size of the demo's database")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--profile", help="where to write profiles; they slow both kinds")
    parser.add_argument("--child", choices=KINDS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        _child(options.child, options.documents, options.profile)
        return
    runs = {kind: [] for kind in KINDS}
    for _ in range(options.repeats):
        for kind in KINDS:
            run = measured(kind, options.documents, options.profile)
            runs[kind].append(run)
            print(
                f"{kind:8} steps {run['seconds']:7.1f} s  server's start {run['start']:5.1f} s  "
                f"process {run['whole']:7.1f} s, processor {run['processor']:7.1f} s",
                flush=True,
            )
    digests = {json.dumps(run["digests"], sort_keys=True) for kind in KINDS for run in runs[kind]}
    print(f"{'the same' if len(digests) == 1 else 'DIFFERENT'} digests")
    for what in ("seconds", "whole", "processor"):
        plain, flow = (np.array([run[what] for run in runs[kind]]) for kind in KINDS)
        print(
            f"{what:10} {np.median(plain):8.1f} {np.median(flow):8.1f}  ratio of medians "
            f"{np.median(flow) / np.median(plain):.3f}"
        )
    _print_steps(runs)


def _print_steps(runs: dict) -> None:
    """Median seconds of each step, plain and as a task."""
    for title in runs["plain"][0]["steps"]:
        plain, flow = (
            np.median([run["steps"][title]["seconds"] for run in runs[kind]]) for kind in KINDS
        )
        print(f"  {title:44}{plain:8.2f}{flow:8.2f}")


if __name__ == "__main__":
    main()
