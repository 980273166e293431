"""What the gate found, on Prefect's page."""

import json

from prefect.artifacts import create_table_artifact

from flows.artifact_keys import artifact_key
from tasks.run_store import Artifact, RunStore

SHOWN_CHECKS = 50


def show_gate(store: RunStore, record: Artifact, domain: str) -> None:
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
        description="Rules of the data contract that the data break",
    )
