"""`whence compare-models`: which hierarchical model to use for effects with known errors."""

import argparse
from pathlib import Path

from flows.parameters import parse_parameters, parse_settings
from tasks.run_store import RunStore


def add_commands(subcommands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    compare = subcommands.add_parser(
        "compare-models",
        help="compare hierarchical models of effects with known standard errors",
        description="Fit competing hierarchical models to units (sites, shops, schools) with an "
        "estimated effect and its standard error each, try to falsify every one, turn to "
        "fallbacks where red flags say so, and recommend one model or none.",
    )
    compare.add_argument(
        "data",
        metavar="DATA.csv",
        help="columns label, y (estimate), sigma (its standard error); all others are covariates",
    )
    compare.add_argument("--seed", metavar="N", help="of all random numbers (default: 1)")
    compare.add_argument(
        "--set",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="set a prior or a threshold, such as tau_scale or most_tau; an unknown NAME is "
        "answered by all that there are",
    )
    compare.add_argument("--refresh", action="store_true", help="take nothing from the cache")
    compare.set_defaults(run=run_compare)


def run_compare(options: argparse.Namespace) -> None:
    """Carry out ``whence compare-models``."""
    from flows.environment import quiet_environment

    quiet_environment(options.debug)
    from flows.comparison_parameters import ComparisonParameters
    from flows.local_run import run_locally
    from flows.model_comparison import model_comparison

    values: dict[str, object] = {"data": str(Path(options.data).absolute())}
    values |= parse_settings(options.set)
    if options.seed is not None:
        values["seed"] = options.seed
    store = RunStore.current()
    parameters = parse_parameters(ComparisonParameters, values)
    run = run_locally(model_comparison, parameters, refresh=options.refresh)
    print(store.read_file(run, "report.txt"))
    print(f"Run {run.partition('/')[2]}, kept in {store.root.rstrip('/')}/{run}/")
