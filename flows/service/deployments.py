"""Work pool and deployments of a service: ``python -m flows.service.deployments FILE COPY``."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml
from prefect import get_client
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.responses import DeploymentResponse
from prefect.exceptions import ObjectAlreadyExists
from prefect.variables import Variable
from prefect.workers.process import ProcessWorker

from flows.installation.identity import code_digest
from flows.service.deployment_file import read_deployments
from flows.service.health import POOL
from tasks.bayes.digests import digest_of
from tasks.locations import resource

DEPLOYED = "whence_deployed"
"""Variable on the server: digest of what was deployed last."""
SHOWN_TOGETHER = 100
Deployment = dict[str, Any]
Switches = Mapping[str, bool]
"""Whether schedules are active, by their slugs."""


def keep_switches(
    deployments: Sequence[Deployment], known: Mapping[str, Switches]
) -> list[Deployment]:
    """Deployments whose schedules leave alone what was switched on the page.

    Parameters
    ----------
    deployments
        From a file in the form of ``prefect.yaml``.
    known
        What is on the server, by the deployment's name.

    Returns
    -------
    list of dict
        A schedule that is on the server says nothing of ``active``, unless it is to be active.

    Examples
    --------
    >>> schedules = [{"slug": "old", "active": False}, {"slug": "new", "active": False}]
    >>> keep_switches([{"name": "demo", "schedules": schedules}], {"demo": {"old": True}})
    [{'name': 'demo', 'schedules': [{'slug': 'old'}, {'slug': 'new', 'active': False}]}]
    """
    return [
        {
            **deployment,
            "schedules": [
                _without_switch(schedule)
                if schedule.get("slug") in known.get(deployment["name"], {})
                and schedule.get("active") is not True
                else schedule
                for schedule in deployment.get("schedules") or []
            ],
        }
        for deployment in deployments
    ]


def are_there(deployments: Sequence[Deployment], known: Mapping[str, Switches]) -> bool:
    """Whether all deployments are on the server, and active what is to be active.

    Examples
    --------
    >>> deployments = [{"name": "demo", "schedules": [{"slug": "nightly", "active": True}]}]
    >>> are_there(deployments, {"demo": {"nightly": True}})
    True
    >>> are_there(deployments, {"demo": {"nightly": False}})
    False
    """
    return all(
        deployment["name"] in known
        and all(
            known[deployment["name"]].get(schedule.get("slug"))
            for schedule in deployment.get("schedules") or []
            if schedule.get("active") is True
        )
        for deployment in deployments
    )


def find_examples(deployments: Sequence[Deployment]) -> list[Deployment]:
    """Deployments in which the examples of this package are found from any folder.

    A parameter that names a file of this package, and none of the working directory, names it by
    its whole path.
    """
    return [
        {
            **deployment,
            "parameters": {
                name: {key: _found(value) for key, value in given.items()}
                if isinstance(given, Mapping)
                else given
                for name, given in (deployment.get("parameters") or {}).items()
            },
        }
        for deployment in deployments
    ]


def _found(value: object) -> object:
    if isinstance(value, str) and not Path(value).exists() and resource(value).is_file():
        return str(resource(value))
    return value


def _without_switch(schedule: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in schedule.items() if name != "active"}


def _known(client: SyncPrefectClient) -> dict[str, Switches]:
    """What is on the server, by the deployment's name."""
    found: list[DeploymentResponse] = []
    while page := client.read_deployments(limit=SHOWN_TOGETHER, offset=len(found)):
        found += page
    return {
        of.name: {schedule.slug or "": schedule.active for schedule in of.schedules} for of in found
    }


def main() -> int:
    """Deploy a file, by way of a copy, unless file and code are those of the last time.

    Returns
    -------
    int
        Exit code of ``prefect deploy``.
    """
    given, copy = (Path(word) for word in sys.argv[1:])
    content = read_deployments(given)
    digest = digest_of(given.read_bytes(), str(Path.cwd()), code_digest())
    with get_client(sync_client=True) as client:
        with suppress(ObjectAlreadyExists):
            client.create_work_pool(WorkPoolCreate(name=POOL, type=ProcessWorker.type))
        known = _known(client)
    if are_there(content["deployments"], known) and Variable.get(DEPLOYED) == digest:
        print("Nothing has changed.")  # noqa: T201 (for the log)
        return 0
    content["deployments"] = find_examples(keep_switches(content["deployments"], known))
    copy.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    deploy = ("-m", "prefect", "--no-prompt", "deploy", "--all", "--prefect-file", str(copy))
    code = subprocess.run([sys.executable, *deploy], check=False).returncode
    if code == 0:
        Variable.set(DEPLOYED, digest, overwrite=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
