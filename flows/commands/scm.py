"""`whence scm`: structural causal models, fitted to traces and asked what if."""

import argparse
import sys
from pathlib import Path

from flows.parameters import parse_parameters, parse_settings
from tasks.errors import InputError
from tasks.run_store import RunStore

REFUSED = 1


def add_commands(subcommands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command and its own subcommands to the parser."""
    scm = subcommands.add_parser(
        "scm",
        help="fit a structural causal model to traces, and ask it what if",
        description="Structural causal models: mechanisms fitted to a graph and traces, accepted "
        "when they hold on held-out rows, and asked what happens under actions.",
    )
    inner = scm.add_subparsers(metavar="COMMAND", required=True)
    _add_fit(inner)
    do = inner.add_parser(
        "do",
        help="what happens to units drawn anew under actions",
        description="Draw units without and with the actions, under the same noise.",
    )
    do.add_argument("model", metavar="MODEL", help=MODEL)
    do.add_argument("--samples", metavar="N", help="units to draw (default: 1000)")
    counterfactual = inner.add_parser(
        "counterfactual",
        help="what given units would have been under actions",
        description="What given units would have been under the actions; each keeps its noise.",
    )
    counterfactual.add_argument("model", metavar="MODEL", help=MODEL)
    counterfactual.add_argument("data", metavar="DATA", help="units: CSV, Parquet or JSON")
    for kind, parser in (("do", do), ("counterfactual", counterfactual)):
        parser.add_argument("actions", metavar="ACTION", nargs="+", help=ACTION)
        parser.add_argument(
            "--replicates", metavar="N", help="refits for the intervals (default: 50)"
        )
        _add_common(parser)
        parser.set_defaults(run=run_query, kind=kind)


MODEL = "run of the fit or how its name begins, folder of runs (scm-TRACES) or model.pickle"
ACTION = "X=5 sets, X=+1 or X+=1 shifts up, X-=1 down, X*=2 scales, valid=true sets a label"


def _add_fit(inner: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    fit = inner.add_parser(
        "fit",
        help="fit a structural model to a graph and traces",
        description="Fit a structural model to two files. Without files a worker: a request in "
        "JSON on standard input, the answer in JSON on standard output, exit code 1 where the "
        "model is refused.",
    )
    fit.add_argument(
        "graph", metavar="GRAPH", nargs="?", help="JSON, or a text with an edge a line"
    )
    fit.add_argument(
        "traces", metavar="TRACES", nargs="?", help="CSV, Parquet or JSON, one column a node"
    )
    fit.add_argument(
        "--set",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="with files: quality, r2_threshold, scope, test_size, missing, time_limit, "
        "validate_r2",
    )
    _add_common(fit)
    worker = fit.add_argument_group("worker")
    worker.add_argument("--loop", action="store_true", help="answer one request a line")
    worker.add_argument(
        "--most", metavar="MB", type=_positive, default=64.0, help="size of a request (64)"
    )
    worker.add_argument(
        "--memory", metavar="GB", type=_positive, default=8.0, help="memory of a process (8)"
    )
    fit.set_defaults(run=run_fit)


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", metavar="N", help="of all random numbers (default: 1)")
    parser.add_argument("--refresh", action="store_true", help="take nothing from the cache")


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"must be above 0, got {text}")
    return value


def run_fit(options: argparse.Namespace) -> int:
    """Carry out ``whence scm fit``."""
    if options.graph is None:
        return _work(options)
    if options.traces is None:
        raise InputError("`whence scm fit` takes a graph and traces, or a request on its input.")
    from flows.environment import quiet_environment

    quiet_environment(options.debug)
    from flows.local_run import run_locally
    from flows.scm_fit import scm_fit
    from flows.scm_parameters import ScmFitParameters

    places = {name: str(Path(getattr(options, name)).absolute()) for name in ("graph", "traces")}
    values: dict[str, object] = {**places, **parse_settings(options.set)}
    if options.seed is not None:
        values["seed"] = options.seed
    parameters = parse_parameters(ScmFitParameters, values)
    _show(run_locally(scm_fit, parameters, refresh=options.refresh))
    return 0


def _work(options: argparse.Namespace) -> int:
    if options.set or options.seed is not None or options.refresh:
        raise InputError(
            "--set, --seed and --refresh go with GRAPH and TRACES: a request on standard input "
            "has its own config."
        )
    if sys.stdin.isatty():
        print("Waiting for a request in JSON on standard input.", file=sys.stderr)
    from flows.scm_worker import MEGABYTE, limit_memory, serve, standard_output_kept

    limit_memory(options.memory)
    most = int(options.most * MEGABYTE)
    with standard_output_kept() as sink:
        store = RunStore.current()
        succeeded = serve(sys.stdin.buffer, sink, store, most=most, loop=options.loop)
    return 0 if succeeded or options.loop else REFUSED


def run_query(options: argparse.Namespace) -> int:
    """Carry out ``whence scm do`` and ``whence scm counterfactual``."""
    from flows.environment import quiet_environment

    quiet_environment(options.debug)
    from flows.local_run import run_locally
    from flows.scm_parameters import ScmQueryParameters
    from flows.scm_query import scm_query

    values: dict[str, object] = {
        "kind": options.kind,
        "model": options.model,
        "actions": tuple(options.actions),
    }
    if options.kind == "counterfactual":
        values["data"] = str(Path(options.data).absolute())
    for name in ("samples", "replicates", "seed"):
        if getattr(options, name, None) is not None:
            values[name] = getattr(options, name)
    parameters = parse_parameters(ScmQueryParameters, values)
    _show(run_locally(scm_query, parameters, refresh=options.refresh))
    return 0


def _show(run: str) -> None:
    store = RunStore.current()
    print(store.read_file(run, "report.txt"))
    print(f"Run {run.partition('/')[2]}, kept in {store.root.rstrip('/')}/{run}/")
