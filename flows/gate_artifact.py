"""What the gate found, on Prefect's page, and in the folder of a run that it stops."""

import json
from collections.abc import Mapping
from typing import NoReturn

from prefect.artifacts import create_table_artifact

from flows.artifact_keys import artifact_key
from tasks.errors import InputError
from tasks.report.data_docs import DATA_DOCS
from tasks.run_store import Artifact, RunStore

SHOWN_CHECKS = 50


def show_gate(store: RunStore, record: Artifact, domain: str, run: str) -> None:
    """Show the rules that the data break."""
    checks = [check for check in json.loads(store.read_text(record))["checks"] if check["failing"]]
    create_table_artifact(
        [
            {
                "table": check["table"],
                "column": check["column"],
                "rule": check["rule"],
                "severity": check["severity"],
                "faulty": f"{check['failing']} of {check['rows']}",
                "examples": "; ".join(check["examples"]),
            }
            for check in checks[:SHOWN_CHECKS]
        ],
        key=f"gate-{artifact_key(domain)}",
        description="Rules of the data contract that the data break; all rules are in "
        f"{DATA_DOCS} of run {run}",
    )


def refuse(store: RunStore, run: str, files: Mapping[str, Artifact], refusal: str) -> NoReturn:
    """Show what the gate found in the folder of a run that it stops.

    Raises
    ------
    InputError
        With the refusal, and where the data docs lie.
    """
    store.publish(run, files)
    raise InputError(f"{refusal}\nEvery rule: {store.root.rstrip('/')}/{run}/{DATA_DOCS}")
