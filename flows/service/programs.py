"""How the programs of a service are started from a Python environment."""

import os
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from flows.api_guard import TOKEN
from flows.installation.plan import DATABASE, Plan, environment_of, prefect_database
from flows.installation.state import log_file
from flows.service.child import Program

PAGE, WORKER, API, DEPLOY = "page", "worker", "api", "deploy"
TITLES = {PAGE: "Prefect's server", WORKER: "the worker", API: "the HTTP service"}
SECONDS_TO_END = 10.0
SECONDS_FOR_FLOW_RUNS = 30.0


def worker_name(environment: Path) -> str:
    """Name on Prefect's page of the worker of an environment."""
    return f"whence-{sha256(str(environment).encode()).hexdigest()[:8]}"


def program_of(name: str, environment: Path, plan: Plan, gate: int | None = None) -> Program:
    """One of the programs.

    Parameters
    ----------
    name
        `PAGE`, `WORKER`, `API` or `DEPLOY`.
    environment
        The ``sys.prefix`` that it is started from.
    plan
        What is served.
    gate
        Descriptor of the gate at which `PAGE` or `API` waits once it is loaded; None if nowhere.
    """
    variables = environment_of(plan, environment, os.environ)
    if name == PAGE:
        database = prefect_database(plan.database, plan.folder)
        variables[DATABASE] = database.render_as_string(hide_password=False)
    if name == API and TOKEN in os.environ:
        variables[TOKEN] = os.environ[TOKEN]
    inherited = {PAGE: [plan.page.fileno()], API: [plan.api.fileno()]}
    at_gate = [] if gate is None else [gate]
    return Program(
        name=name,
        command=[
            str(environment / "bin" / "python3"),
            "-m",
            *_module(name, environment, plan, at_gate),
        ],
        environment=variables,
        log=log_file(plan.folder, name),
        descriptors=inherited.get(name, []) + at_gate,
        seconds_to_end=SECONDS_FOR_FLOW_RUNS if name == WORKER else SECONDS_TO_END,
    )


def _module(name: str, environment: Path, plan: Plan, gate: Sequence[int]) -> Sequence[str]:
    """The module to run, and its arguments."""
    return {
        PAGE: ("flows.service.prefect_page", str(plan.page.fileno()), *map(str, gate)),
        WORKER: ("flows.service.worker", worker_name(environment)),
        API: ("flows.cli", "api", "--fd", str(plan.api.fileno()), *(f"--gate={of}" for of in gate)),
        DEPLOY: (
            "flows.service.deployments",
            str(plan.deployments),
            str(plan.folder / "deployed.yaml"),
        ),
    }[name]
