"""`whence serve`: Prefect's page, a worker and the HTTP service, kept running."""

import argparse
from functools import partial
from pathlib import Path

from flows.commands.api import HOST, PORT, listening, port
from tasks.errors import InputError
from tasks.locations import resource

PAGE_PORT = 4200
DEPLOYMENTS = "prefect.yaml"


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
    serve.set_defaults(run=run_serve)


def run_serve(options: argparse.Namespace) -> int:
    """Carry out ``whence serve``."""
    from flows.service.plan import Plan, prefect_database
    from flows.service.state import service_folder
    from flows.service.supervisor import Supervisor, alone, end_leftovers, turn_logs

    folder = service_folder()
    deployments = deployments_file(options.deployments)
    prefect_database(options.database, folder)
    with alone(folder):
        end_leftovers(folder)
        turn_logs(folder)
        with listening(HOST, options.port) as page, listening(HOST, options.api_port) as api:
            plan = Plan(folder, page, api, options.database, deployments, runs_root())
            Supervisor(plan, partial(print, flush=True)).run()
    return 0


def deployments_file(given: Path | None) -> Path:
    """The file that is deployed.

    Raises
    ------
    InputError
        If the one that was given is not there.
    """
    if given is not None:
        if not given.is_file():
            raise InputError(f"--deployments must name a file, got {str(given)!r}.")
        return given.absolute()
    here = Path(DEPLOYMENTS).absolute()
    return here if here.is_file() else resource(DEPLOYMENTS)


def runs_root() -> str:
    """Root of the run store, wherever a program is started."""
    from tasks.run_store import RunStore

    root = RunStore.current().root
    return root if "://" in root else str(Path(root).absolute())
