"""Memory of a process and of all that it started, while it runs (Linux)."""

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

PROC = Path("/proc")


def tree(root: int) -> list[int]:
    """A process and its descendants, as far as they still live."""
    parents = {}
    for place in PROC.glob("[0-9]*"):
        try:
            fields = (place / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(place.name)] = int(fields[1])
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def proportional_set_size(pid: int) -> float:
    """Memory of a process in GiB; what n processes share counts 1 / n of it. 0 if it is gone."""
    try:
        lines = (PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 2**20


def run_watched(
    command: Sequence[str], output: Path, environment: dict[str, str], every: float = 0.5
) -> tuple[int, float, list[tuple[float, float]]]:
    """Run a command to its end.

    Parameters
    ----------
    command, environment
        What to run.
    output
        File that takes what it prints.
    every
        Seconds from one look at its memory to the next.

    Returns
    -------
    tuple of int, float and list
        Exit status, seconds, and of each look the Unix time and the GiB of the process with all
        that it started.
    """
    began, looks = time.perf_counter(), []
    with output.open("wb") as file:
        process = subprocess.Popen(
            list(command), stdout=file, stderr=subprocess.STDOUT, env=environment
        )
        while process.poll() is None:
            looks.append((time.time(), sum(map(proportional_set_size, tree(process.pid)))))
            time.sleep(every)
    return process.returncode, time.perf_counter() - began, looks
