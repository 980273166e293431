"""`whence diff` and `whence history`: runs of one domain and task beside each other."""

import argparse
import json
import os
import webbrowser
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import fsspec

from tasks.errors import InputError
from tasks.run_store import MANIFEST, RunStore
from tasks.whole_files import whole_file

PAGE = "history.html"


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

    history = subcommands.add_parser(
        "history",
        help="write a page of a domain's runs from the oldest to the newest",
        description="Write a page of all runs of a domain: what changed from one to the next, and "
        "how uncertainty, quality, shares and effects moved.",
    )
    history.add_argument("domain", metavar="DOMAIN", help="name of a domain that has been run")
    history.add_argument("--task", metavar="NAME", help="of this task alone")
    history.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE.html",
        help="where to write it (default: history.html beside the domain's runs)",
    )
    history.add_argument("--open", action="store_true", help="open it in a browser")
    history.set_defaults(run=run_history)


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


def run_history(options: argparse.Namespace) -> None:
    """Carry out ``whence history``."""
    from tasks.report.across_runs.history_page import history_page
    from tasks.report.across_runs.load_run import load_history

    store, output = RunStore.current(), options.output
    if output and not output.parent.is_dir():
        raise InputError(f"-o must be a file in a folder that exists, got {str(output)!r}.")
    folder, series, left_out = load_history(store, options.domain, options.task)
    page = history_page(options.domain, series, _links(store, output), left_out)
    place = str(output) if output else f"{store.root.rstrip('/')}/{folder}/{PAGE}"
    if output or store.is_local:
        with whole_file(Path(place)) as unfinished:
            unfinished.write_text(page, encoding="utf-8")
    else:
        with fsspec.open(place, "w", encoding="utf-8") as stream:
            stream.write(page)
    runs = sum(len(of.entries) for of in series)
    print(f"History of {runs} run{'s' * (runs != 1)}: {place}")
    if options.open:
        is_here = output or store.is_local
        if not is_here or not webbrowser.open(Path(place).absolute().as_uri()):
            raise InputError(f"No browser can be opened here: open {place}.")


def _links(store: RunStore, output: Path | None) -> Callable[[str], str]:
    """Addresses of runs' reports, relative to the page where both lie in folders."""

    def link(run: str) -> str:
        if output is None:
            return quote(f"{run.partition('/')[2]}/report.html")
        if not store.is_local:
            return f"{store.root.rstrip('/')}/{quote(f'{run}/report.html')}"
        report = Path(store.root).absolute() / run / "report.html"
        return quote(Path(os.path.relpath(report, output.absolute().parent)).as_posix())

    return link
