"""What the gate found: on Prefect's page, in the folder of a run that it stops, as an event."""

import json
from collections.abc import Mapping
from typing import NoReturn

from flows.events import tell
from flows.page_artifacts import show_table
from tasks.errors import InputError
from tasks.report.data_docs import DATA_DOCS
from tasks.report.section import Table
from tasks.run_store import Artifact, RunStore

SHOWN_CHECKS = 50
HEAD = ("table", "column", "rule", "severity", "faulty", "examples")


def show_gate(store: RunStore, record: Artifact, domain: str, run: str) -> None:
    """Show the rules that the data break."""
    checks = [check for check in json.loads(store.read_text(record))["checks"] if check["failing"]]
    rows = [
        (
            check["table"],
            check["column"],
            check["rule"],
            check["severity"],
            f"{check['failing']:,} of {check['rows']:,}",
            "; ".join(check["examples"]),
        )
        for check in checks[:SHOWN_CHECKS]
    ]
    caption = (
        f"Rules of the data contract that the data break; all rules are in {DATA_DOCS} of run {run}"
    )
    show_table("gate", domain, Table(HEAD, tuple(rows), (False,) * len(HEAD), caption))


def refuse(
    store: RunStore, run: str, domain: str, files: Mapping[str, Artifact], refusal: str
) -> NoReturn:
    """Show what the gate found in the folder of a run that it stops, and tell of it.

    Raises
    ------
    InputError
        With the refusal, and where the data docs lie.
    """
    store.publish(run, files)
    tell("whence.gate.failed", domain, run, refusal=refusal)
    raise InputError(f"{refusal}\nEvery rule: {store.root.rstrip('/')}/{run}/{DATA_DOCS}")
