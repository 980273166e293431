"""`whence serve`: Prefect's page, a worker and the HTTP service, kept running."""

import argparse
from functools import partial
from pathlib import Path

from flows.commands.api import HOST, PORT, listening, port

PAGE_PORT = 4200
FAILED_CHECK = 3


def add_commands(subcommands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    serve = subcommands.add_parser(
        "serve",
        help="keep Prefect's page, a worker and the HTTP service running",
        description="Serve Prefect's page with all deployments, a worker that carries out their "
        "runs, and the HTTP service, for this machine alone. What dies is started again; a run "
        "that was cut off goes on from its last finished step. Ctrl-C ends all.",
    )
    serve.add_argument(
        "--database",
        metavar="URL",
        help="where Prefect keeps its state: postgresql://..., or env:NAME of a variable that "
        "holds the URL with its password (default: SQLite in the data folder)",
    )
    serve.add_argument("--port", type=port, default=PAGE_PORT, help="default %(default)s")
    serve.add_argument(
        "--api-port", type=port, default=PORT, help="of the HTTP service (default %(default)s)"
    )
    serve.add_argument(
        "--deployments",
        type=Path,
        metavar="FILE",
        help="what is deployed (default: prefect.yaml of the working directory, else the one that "
        "ships with whence)",
    )
    serve.add_argument(
        "--check",
        action="store_true",
        help="serve nothing, but say how what is served does; the exit code is 3 if it does not",
    )
    serve.set_defaults(run=run_serve)


def run_serve(options: argparse.Namespace) -> int:
    """Carry out ``whence serve``."""
    from flows.installation.plan import Plan, prefect_database
    from flows.installation.state import service_folder
    from flows.service.deployment_file import find_deployments
    from flows.service.folder import alone, end_leftovers, turn_logs
    from flows.service.supervisor import Supervisor
    from tasks.parallel import Runner

    folder = service_folder()
    if options.check:
        return check(folder)
    deployments = find_deployments(options.deployments)
    prefect_database(options.database, folder)
    Runner.current()
    with alone(folder):
        end_leftovers(folder)
        turn_logs(folder)
        with listening(HOST, options.port) as page, listening(HOST, options.api_port) as api:
            plan = Plan(folder, page, api, options.database, deployments, runs_root())
            Supervisor(plan, partial(print, flush=True)).run()
    return 0


def check(folder: Path) -> int:
    """Say how the service of a folder does: 0 where all is in order, else 3."""
    from flows.service.checks import judge
    from flows.service.probes import look

    findings = judge(look(folder, runs_root()))
    for finding in findings:
        print(finding.line)
    return FAILED_CHECK if any(finding.fault for finding in findings) else 0


def runs_root() -> str:
    """Root of the run store, wherever a program is started."""
    from tasks.run_store import RunStore

    root = RunStore.current().root
    return root if "://" in root else str(Path(root).absolute())
