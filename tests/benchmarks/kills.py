"""Kill runs at random times: does the next run go on from the last finished step, to the same end?

``python -m tests.benchmarks.kills --kills 30`` runs the demo undisturbed, then again and again in
fresh folders, and ends it by SIGKILL at a time drawn uniformly over what the undisturbed run took;
some of the runs after it are killed too, until one is left alone. A line a kill, then a table.
"""

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Timer

import numpy as np

from tasks.run_store import MANIFEST, RunStore
from tasks.store_check import StoreCheck

ROOT = Path(__file__).parents[2]
DEMO = (
    "demo",
    *(
        "--set",
        "documents=700",
        "--set",
        "members=8",
        "--set",
        "replicates=4",
        "--set",
        "retrain=2",
    ),
)
STEP = re.compile(r"(\S.*?) +(cached|[0-9.]+ s)$")
AGAIN = 0.35
"""Probability that the run after a kill is killed too."""
START, END = "(before the first step)", "(after the last step)"


@dataclass
class Ended:
    """A run that has ended by itself or was killed.

    Attributes
    ----------
    seconds
        From its start.
    was_killed
        Whether it was.
    steps
        Whether cached, by title, of the steps that it told to be finished.
    """

    seconds: float
    was_killed: bool
    steps: dict[str, bool]


@dataclass
class Kill:
    """A kill and what came of it."""

    second: float
    under_way: str
    finished: int
    false_wholes: int
    cached: int = 0
    computed_again: list[str] = field(default_factory=list)
    same_digests: bool = False


def environment(place: Path) -> dict[str, str]:
    """Of runs whose store, data and server lie in a folder of their own."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    return own | {
        "WHENCE_RUNS": str(place / "runs"),
        "WHENCE_DATA": str(place / "data"),
        "PREFECT_HOME": str(place / "prefect"),
        "TMPDIR": str(place / "tmp"),
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "600",  # on a busy machine
    }


def run(words: Sequence[str], place: Path, kill_after: float | None = None) -> Ended:
    """``whence run`` with these words; the whole process group is killed after so many seconds."""
    (place / "tmp").mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "flows.cli", "run", *words],
        cwd=ROOT,
        env=environment(place),
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    killer = Timer(kill_after or 0, os.killpg, [process.pid, signal.SIGKILL])
    if kill_after is not None:
        killer.start()
    lines = process.stderr.read().splitlines()
    code = process.wait()
    killer.cancel()
    was_killed = code == -signal.SIGKILL
    if code and not was_killed:
        raise RuntimeError(f"exit code {code}:\n" + "\n".join(lines))
    steps = [found for line in lines if (found := STEP.match(line))]
    return Ended(
        seconds=time.monotonic() - began,
        was_killed=was_killed,
        steps={found[1]: found[2] == "cached" for found in steps},
    )


def digests(place: Path) -> list[dict[str, str]]:
    """Of every run that is listed as ended."""
    store = RunStore(str(place / "runs"))
    return [json.loads(store.read_file(run, MANIFEST))["digests"] for run in store.runs()]


def false_wholes(place: Path, expected: dict[str, str]) -> int:
    """Runs that are listed as ended and are not what the undisturbed run is."""
    check = StoreCheck(RunStore(str(place / "runs")))
    ended = [found for run in check.runs() if (found := check.check(run)).has_ended]
    faulty = sum(bool(found.faults) for found in ended)
    return faulty + sum(of != expected for of in digests(place))


def fresh(template: Path, place: Path) -> Path:
    """A folder without runs, and with a server whose tables are made already."""
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(template / "prefect", place / "prefect")
    return place


def killed_until_done(
    words: Sequence[str],
    place: Path,
    undisturbed: Ended,
    expected: dict[str, str],
    rng: np.random.Generator,
) -> list[Kill]:
    """Run, kill, run again, and so on; the last run is left alone."""
    kills: list[Kill] = []
    finished: set[str] = set()
    is_last = False
    while True:
        after = None if is_last else rng.uniform(0, undisturbed.seconds)
        ended = run(words, place, after)
        if kills:
            compare(kills[-1], ended, finished)
        if not ended.was_killed:
            break
        finished = set(ended.steps)
        left = [title for title in undisturbed.steps if title not in finished]
        under_way = left[0] if left else END
        kills.append(
            Kill(
                second=ended.seconds,
                under_way=under_way if finished else START,
                finished=len(finished),
                false_wholes=false_wholes(place, expected),
            )
        )
        is_last = rng.random() > AGAIN
    same = digests(place)[-1] == expected
    for kill in kills:
        kill.same_digests = same
    return kills


def compare(kill: Kill, ended: Ended, finished: set[str]) -> None:
    """What the run after a kill made of the steps that were finished before it."""
    known = {title: cached for title, cached in ended.steps.items() if title in finished}
    kill.cached = sum(known.values())
    kill.computed_again = [title for title, cached in known.items() if not cached]


def told(number: int, kill: Kill) -> str:
    again = ", ".join(kill.computed_again) or "none"
    return (
        f"{number:>3}  {kill.second:6.1f} s  {kill.under_way:<44}{kill.finished:>3} finished, "
        f"{kill.cached:>2} cached after, again: {again}; "
        f"{'same' if kill.same_digests else 'OTHER'} digests, {kill.false_wholes} false wholes"
    )


def summary(kills: Sequence[Kill], titles: Sequence[str]) -> str:
    """Kills by the step that was under way."""
    by_step: dict[str, list[Kill]] = defaultdict(list)
    for kill in kills:
        by_step[kill.under_way].append(kill)
    head = (
        f"{'step under way':<44}{'kills':>6}{'again':>7}{'other digests':>15}{'false wholes':>14}"
    )
    rows = [
        f"{title:<44}{len(of):>6}{sum(len(kill.computed_again) for kill in of):>7}"
        f"{sum(not kill.same_digests for kill in of):>12}"
        f"{sum(kill.false_wholes for kill in of):>14}"
        for title in (START, *titles, END)
        if (of := by_step.get(title))
    ]
    return "\n".join([head, *rows])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    with tempfile.TemporaryDirectory(prefix="kills-") as name:
        folder = Path(name)
        run(DEMO, folder / "warm")  # compiles what is compiled once
        undisturbed = run(DEMO, fresh(folder / "warm", folder / "undisturbed"))
        (expected,) = digests(folder / "undisturbed")
        print(
            f"undisturbed: {undisturbed.seconds:.0f} s, {len(undisturbed.steps)} steps", flush=True
        )
        kills: list[Kill] = []
        while len(kills) < options.kills:
            place = fresh(folder / "warm", folder / "trial")
            for kill in killed_until_done(DEMO, place, undisturbed, expected, rng):
                kills.append(kill)
                print(told(len(kills), kill), flush=True)
    print(summary(kills, list(undisturbed.steps)))


if __name__ == "__main__":
    main()
