"""`whence beliefs`: what a client believes, held against data, updated, and kept."""

import argparse
from typing import TYPE_CHECKING, Any

from flows.parameters import parse_parameters
from tasks.run_store import RunStore

if TYPE_CHECKING:
    from prefect import Flow

    from flows.belief_parameters import (
        ElicitParameters,
        PriorConflictParameters,
        UpdateParameters,
    )

    Kind = type[ElicitParameters | PriorConflictParameters | UpdateParameters]

Subcommands = "argparse._SubParsersAction[argparse.ArgumentParser]"

CONFLICT = {
    "source": "folder or database of the tables (default: that of the model's last conflict)",
    "data_period_months": "months of data, back from their end (default: 24)",
    "until": "last day of the data, as 2024-12-31 (default: their own)",
    "confidence_threshold": "probability of intervals (default: 0.95)",
    "seed": "of all random numbers (default: 1)",
}
UPDATE = {
    "update_strategy": "evidence_weighted (default), power_prior, replace or keep",
    "min_evidence_strength": "Bayes factor from which on a belief is changed (default: 10)",
}


def add_commands(subcommands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command and its own subcommands to the parser."""
    beliefs = subcommands.add_parser(
        "beliefs",
        help="hold what a client believes against data, and update it",
        description="Record what a client believes, hold it against data, update it, and keep "
        "the history. WHENCE_DATABASE names the database (default: a file of SQLite).",
    )
    own = beliefs.add_subparsers(metavar="WHAT", required=True)
    elicit = own.add_parser("elicit", help="fit priors to what a client said, and record them")
    elicit.add_argument("answers", metavar="FILE.yaml", help="what the client said")
    elicit.set_defaults(run=_elicit)
    conflict = own.add_parser("conflict", help="hold a client's current priors against data")
    conflict.add_argument("client_id", metavar="CLIENT")
    conflict.add_argument("model_id", metavar="MODEL", help="domain, or path of a contract")
    _add_options(conflict, CONFLICT)
    conflict.set_defaults(run=_conflict)
    update = own.add_parser("update", help="recommend new priors where the data speak against one")
    update.add_argument("session_id", metavar="SESSION")
    _add_options(update, UPDATE)
    update.set_defaults(run=_update)
    for name, what in (("accept", "put a recommended prior in force"), ("reject", "keep the old")):
        decide = own.add_parser(name, help=what)
        decide.add_argument("recommendation", metavar="ID", type=int)
        decide.add_argument("--by", metavar="NAME", default="", help="who decides")
        decide.set_defaults(run=_decide, accepts=name == "accept")
    history = own.add_parser("history", help="every prior of a client, old ones too")
    history.add_argument("client_id", metavar="CLIENT")
    history.set_defaults(run=_history)
    upgrade = own.add_parser("upgrade", help="bring an older database to this version")
    upgrade.set_defaults(run=_upgrade)


def _add_options(parser: argparse.ArgumentParser, options: dict[str, str]) -> None:
    for name, what in options.items():
        parser.add_argument(f"--{name.replace('_', '-')}", metavar="X", help=what)


def _given(options: argparse.Namespace, names: tuple[str, ...]) -> dict[str, object]:
    return {name: getattr(options, name) for name in names if getattr(options, name) is not None}


def _elicit(options: argparse.Namespace) -> None:
    from flows.belief_parameters import ElicitParameters

    _run_flow("elicit_beliefs", ElicitParameters, {"answers": options.answers}, options)


def _conflict(options: argparse.Namespace) -> None:
    from flows.belief_parameters import PriorConflictParameters

    given = _given(options, ("client_id", "model_id", *CONFLICT))
    _run_flow("prior_conflict", PriorConflictParameters, given, options)


def _update(options: argparse.Namespace) -> None:
    from flows.belief_parameters import UpdateParameters

    given = _given(options, ("session_id", *UPDATE))
    _run_flow("update_priors", UpdateParameters, given, options)


def _run_flow(
    name: str, kind: "Kind", values: dict[str, object], options: argparse.Namespace
) -> None:
    """Run a flow of the module of the same name, and print its report."""
    from importlib import import_module

    from flows.environment import quiet_environment

    quiet_environment(options.debug)
    parameters = parse_parameters(kind, values)
    from flows.local_run import run_locally

    job: Flow[Any, str] = getattr(import_module(f"flows.{name}"), name)
    store = RunStore.current()
    run = run_locally(job, parameters)
    print(store.read_file(run, "report.txt"))
    print(f"Run {run.partition('/')[2]}, kept in {store.root.rstrip('/')}/{run}/")


def _decide(options: argparse.Namespace) -> None:
    from getpass import getuser

    from tasks.beliefs.registry import Registry
    from tasks.beliefs.registry_updates import accept, reject

    decide = accept if options.accepts else reject
    with Registry.current() as registry:
        decided = decide(registry, options.recommendation, options.by or getuser())
    new = f"the new prior is {decided.new_prior_id}" if decided.new_prior_id else "the prior stays"
    print(f"Recommendation {decided.id} is {decided.status} by {decided.decided_by}: {new}.")


def _history(options: argparse.Namespace) -> None:
    from tasks.beliefs.history import history_lines
    from tasks.beliefs.registry import Registry

    with Registry.current() as registry:
        print("\n".join(history_lines(registry, options.client_id)))


def _upgrade(options: argparse.Namespace) -> None:
    from tasks.beliefs.registry_engine import make_engine
    from tasks.beliefs.registry_schema import upgrade_schema
    from tasks.beliefs.registry_url import database_url

    url = database_url()
    upgrade_schema(make_engine(url))
    print(f"{url} is at this version.")
