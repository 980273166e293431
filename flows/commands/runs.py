"""`whence runs`: what has been run, and whether it is still what it was."""

import argparse
import json
from pathlib import Path

from tasks.leftovers import remove_leftovers
from tasks.locations import cache_folder
from tasks.run_names import run_of
from tasks.run_store import MANIFEST, RunStore
from tasks.store_check import CheckedRun, StoreCheck

ALL = ""
NOT_WHOLE = 3


def add_commands(subcommands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    runs = subcommands.add_parser(
        "runs",
        help="list what has been run, or check that it is whole",
        description="List all runs, the latest last.",
    )
    runs.add_argument(
        "--check",
        nargs="?",
        const=ALL,
        metavar="RUN",
        help="hold the files of all runs, or of one, against their manifests, and remove what "
        "killed processes left unfinished more than a day ago; exit code 3 if a run is not whole",
    )
    runs.set_defaults(run=run_runs)


def run_runs(options: argparse.Namespace) -> int:
    """Carry out ``whence runs``."""
    store = RunStore.current()
    if options.check is not None:
        return _check(store, options.check)
    runs = store.runs()
    if not runs:
        print(f"No run in {store.root}: start one with `whence run`.")
    for run in runs:
        manifest = json.loads(store.read_file(run, MANIFEST))
        parameters = manifest["parameters"]
        print(
            f"{run.partition('/')[2]}  {manifest['domain']}  {manifest['task']}  "
            f"seed {parameters['seed']}  {manifest['seconds']:.0f} s"
        )
    return 0


def _check(store: RunStore, name: str) -> int:
    check = StoreCheck(store)
    runs = check.runs()
    if name != ALL:
        runs = [run_of(name, runs, store.root)]
    faulty = 0
    for run in runs:
        found = check.check(run)
        faulty += bool(found.faults)
        domain, _, identifier = run.partition("/")
        print(f"{identifier}  {domain}  {_said(found)}", flush=True)
    removed = remove_leftovers([cache_folder(), *([Path(store.root)] if store.is_local else [])])
    if removed.count:
        size = removed.size / 1e6
        print(f"Removed {removed.count} leftovers of killed processes ({size:.1f} MB).")
    if faulty:
        print(f"{faulty} of {len(runs)} runs are not whole: run them again.")
    return NOT_WHOLE if faulty else 0


def _said(found: CheckedRun) -> str:
    if not found.has_ended:
        return "not ended: refused, broken off, or still under way"
    return "; ".join(found.faults) or f"whole, {found.files} file{'s' * (found.files != 1)}"
