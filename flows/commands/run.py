"""`whence run` and `whence report`: the main job and what it found."""

import argparse
import webbrowser
from pathlib import Path

from flows.analysis_names import DRAFT
from flows.parameters import AnalysisParameters, parse_parameters, parse_settings
from tasks.errors import InputError
from tasks.run_store import RunStore


def add_commands(subcommands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands to the parser."""
    run = subcommands.add_parser(
        "run",
        help="find where a model's uncertainty comes from, and what mending it is worth",
        description="Run the main job on a domain: gate, features, ensemble, attribution, "
        "simulated repairs, effects with credible intervals, ranking, report. Steps whose inputs "
        "and code have not changed are taken from the cache.",
    )
    run.add_argument(
        "domain",
        metavar="DOMAIN",
        nargs="?",
        help="name of a domain, or a contract's YAML (default: demo; with --source alone, a "
        "contract that is drafted from the tables)",
    )
    run.add_argument(
        "--source",
        metavar="LOCATION",
        help="where the tables lie: a folder, a database's URL without a password, env:NAME or "
        "block:NAME of what holds one",
    )
    run.add_argument("--target", metavar="T.C", help="a task of the contract, or table.column")
    run.add_argument("--seed", metavar="N", help="of all random numbers (default: 1)")
    run.add_argument(
        "--set",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help=f"set a parameter: {', '.join(AnalysisParameters.model_fields)}",
    )
    run.add_argument("--refresh", action="store_true", help="take nothing from the cache")
    run.set_defaults(run=run_run)

    report = subcommands.add_parser(
        "report",
        help="print or open the report of a run",
        description="Print the report of a run, or open its page in a browser.",
    )
    report.add_argument(
        "name",
        metavar="RUN",
        nargs="?",
        help="identifier of a run or how it begins (default: the latest)",
    )
    report.add_argument("--json", action="store_true", help="print report.json")
    report.add_argument("--open", action="store_true", help="open report.html")
    report.set_defaults(run=run_report)


def run_run(options: argparse.Namespace) -> None:
    """Carry out ``whence run``."""
    domain = options.domain or (DRAFT if options.source else "demo")
    values: dict[str, object] = {"domain": domain}
    for name in ("source", "target", "seed"):
        if getattr(options, name) is not None:
            values[name] = getattr(options, name)
    values |= parse_settings(options.set)
    parameters = parse_parameters(AnalysisParameters, values)
    from flows.environment import quiet_environment

    quiet_environment(options.debug)
    from flows.intervention_analysis import intervention_analysis
    from flows.local_run import run_locally

    store = RunStore.current()
    run = run_locally(intervention_analysis, parameters, refresh=options.refresh)
    print(store.read_file(run, "report.txt"))
    print(f"Run {run.partition('/')[2]}, kept in {store.root.rstrip('/')}/{run}/")


def run_report(options: argparse.Namespace) -> None:
    """Carry out ``whence report``."""
    store = RunStore.current()
    runs = store.runs()
    if not options.name and not runs:
        raise InputError(f"There is no run in {store.root}: start one with `whence run`.")
    run = store.find(options.name) if options.name else runs[-1]
    if options.open:
        page = Path(store.root) / run / "report.html"
        if not store.is_local or not webbrowser.open(page.absolute().as_uri()):
            raise InputError(f"No browser can be opened here: open {store.root}/{run}/report.html.")
        return
    print(store.read_file(run, "report.json" if options.json else "report.txt"), end="")
