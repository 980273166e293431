"""`whence diff` and `whence history`: runs of one domain and task beside each other."""

import argparse
import json

from tasks.errors import InputError
from tasks.run_store import MANIFEST, RunStore


def add_commands(subcommands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add both commands to the parser."""
    diff = subcommands.add_parser(
        "diff",
        help="tell what changed between two runs, and what that did",
        description="Hold two runs of the main job against each other: what changed in data, "
        "contract, code and settings, and which shares, effects and ranks really changed with it, "
        "beyond chance.",
    )
    diff.add_argument(
        "names",
        metavar="RUN",
        nargs="*",
        help="identifiers of an earlier and a later run, or how they begin (default: the two "
        "latest of one domain and task)",
    )
    diff.add_argument("--json", action="store_true", help="print everything as JSON")
    diff.set_defaults(run=run_diff_command)


def run_diff_command(options: argparse.Namespace) -> None:
    """Carry out ``whence diff``."""
    from tasks.report.across_runs.diff import run_diff
    from tasks.report.across_runs.diff_text import diff_text
    from tasks.report.across_runs.load_run import load_run

    store = RunStore.current()
    if len(options.names) not in (0, 2):
        raise InputError(f"whence diff takes two runs, or none, got {len(options.names)}.")
    before, after = map(store.find, options.names) if options.names else _latest(store)
    found = run_diff(load_run(store, before), load_run(store, after))
    if options.json:
        print(json.dumps(found.model_dump(mode="json"), ensure_ascii=False, indent=2))
    else:
        print(diff_text(found), end="")


def _latest(store: RunStore) -> tuple[str, str]:
    """The latest run of the main job that has one before it of the same domain and task."""
    from tasks.report.across_runs.load_run import is_main_job

    later: dict[tuple[str, str], str] = {}
    for run in reversed(store.runs()):
        manifest = json.loads(store.read_file(run, MANIFEST))
        if is_main_job(manifest):
            of = manifest["domain"], manifest["task"]
            if of in later:
                return run, later[of]
            later[of] = run
    raise InputError(
        f"There are no two runs of one domain and task in {store.root}: start another with "
        "`whence run`."
    )
