"""`whence coverage`: whether told effects are the true ones."""

import argparse

from flows.parameters import parse_parameters, parse_settings
from tasks.run_store import RunStore


def add_commands(subcommands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    coverage = subcommands.add_parser(
        "coverage",
        help="test on generated databases whether told effects are the true ones",
        description="Coverage study: generate databases with known true effects, tell effects as "
        "the main job does, and count how often the intervals hold the true ones. What an earlier "
        "study with the same seed and sizes has finished is not done again, also if it was killed; "
        "more databases extend it.",
    )
    coverage.add_argument("--databases", metavar="N", help="databases to generate (default: 200)")
    coverage.add_argument("--seed", metavar="N", help="of all random numbers (default: 1)")
    coverage.add_argument(
        "--set",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="members, replicates, leading, truth_members, truth_rows",
    )
    coverage.add_argument(
        "--refresh", action="store_true", help="try databases again that failed in an earlier run"
    )
    coverage.set_defaults(run=run_coverage)


def run_coverage(options: argparse.Namespace) -> None:
    """Carry out ``whence coverage``."""
    from flows.environment import quiet_environment

    quiet_environment(options.debug)
    from flows.coverage_parameters import CoverageParameters
    from flows.coverage_study import coverage_study
    from flows.local_run import run_locally

    values: dict[str, object] = dict(parse_settings(options.set))
    for name in ("databases", "seed"):
        if getattr(options, name) is not None:
            values[name] = getattr(options, name)
    parameters = parse_parameters(CoverageParameters, values)
    run = run_locally(coverage_study, parameters, refresh=options.refresh)
    store = RunStore.current()
    print(store.read_file(run, "report.txt"))
    print(f"Run {run.partition('/')[2]}, kept in {store.root.rstrip('/')}/{run}/")
