"""Kill runs at random times: does the next run go on from the last finished step, to the same end?

``python -m tests.benchmarks.kills --kills 30`` runs the demo undisturbed, then again and again in
fresh folders, and ends it by SIGKILL at a time drawn uniformly over what the undisturbed run took;
some of the runs after it are killed too, until one is left alone. A line a kill, then a table.
Time is that of the processors, of all processes of a run: a machine that others use has no other.
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
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

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
AGAIN = 0.6
"""Probability that the run after a kill is killed too."""
START, END = "(before the first step)", "(after the last step)"


@dataclass
class Ended:
    """A run that has ended by itself or was killed.

    Attributes
    ----------
    seconds
        Of the processors, from its start.
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


def environment(place: Path, server: str | None) -> dict[str, str]:
    """Of runs whose store, data and server, unless one is given, lie in a folder of their own."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    given = {"PREFECT_API_URL": server} if server else {}
    return (
        own
        | given
        | {
            "WHENCE_RUNS": str(place / "runs"),
            "WHENCE_DATA": str(place / "data"),
            "PREFECT_HOME": str(place / "prefect"),
            "TMPDIR": str(place / "tmp"),
            "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "600",  # on a busy machine
        }
    )


def run(
    words: Sequence[str], place: Path, kill_after: float = np.inf, server: str | None = None
) -> Ended:
    """``whence run`` with these words; all its processes are killed after so many seconds."""
    (place / "tmp").mkdir(parents=True, exist_ok=True)
    said, seconds = place / "said.txt", 0.0
    with said.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "flows.cli", "run", *words],
            cwd=ROOT,
            env=environment(place, server),
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=file,
        )
    while process.poll() is None:
        seconds = max(seconds, processor_seconds(process.pid))
        if seconds > kill_after:
            os.killpg(process.pid, signal.SIGKILL)
            break
        time.sleep(0.1)
    code, text = process.wait(), said.read_text(encoding="utf-8")
    if code not in (0, -signal.SIGKILL):
        raise RuntimeError(f"exit code {code}:\n{text}")
    steps = [found for line in text.splitlines() if (found := STEP.match(line))]
    return Ended(seconds, code != 0, {found[1]: found[2] == "cached" for found in steps})


def told_step(line: str) -> str | None:
    """The step that a line of a run tells to be finished."""
    found = STEP.match(line)
    return found[1] if found else None


def processor_seconds(session: int) -> float:
    """What the processes of a session have used so far, those that have ended among them."""
    ticks = 0
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            fields = status.read_text(encoding="utf-8").rpartition(")")[2].split()
            if int(fields[3]) == session:
                ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


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
    server: str | None = None,
) -> list[Kill]:
    """Run, kill, run again, and so on; the last run is left alone."""
    kills: list[Kill] = []
    finished: set[str] = set()
    is_last = False
    while True:
        after = np.inf if is_last else rng.uniform(0, undisturbed.seconds)
        ended = run(words, place, after, server)
        if kills:
            compare(kills[-1], ended, finished)
        if not ended.was_killed:
            break
        finished |= set(ended.steps)
        left = [title for title in undisturbed.steps if title not in ended.steps]
        under_way = left[0] if left else END
        kills.append(
            Kill(
                second=ended.seconds,
                under_way=under_way if ended.steps else START,
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
    """What the run after a kill made of the steps that any run before it had finished."""
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
