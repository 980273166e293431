"""Which files of a run one opens first, and where they are served."""

import os
from urllib.parse import quote

from tasks.report.data_docs import DATA_DOCS
from tasks.run_store import RunStore

REPORTS = "WHENCE_REPORTS"
LINKED = {"report.html": "Report", DATA_DOCS: "Data docs", "report.json": "JSON"}
"""Files by their path in a run's folder, and what they are called."""


def served_at() -> str | None:
    """Base address of the reports; None where they are not served."""
    return os.environ.get(REPORTS) or None


def address(base: str, run: str, file: str) -> str:
    """Where a file of a run is served.

    Parameters
    ----------
    base
        Where the runs are served.
    run
        As ``domain/run_id``.
    file
        By its path in the run's folder.

    Examples
    --------
    >>> address("http://127.0.0.1:8642/runs", "상점/2026", "report.html")
    'http://127.0.0.1:8642/runs/%EC%83%81%EC%A0%90/2026/report.html'
    """
    return f"{base.rstrip('/')}/{quote(f'{run}/{file}')}"


def place_of(store: RunStore, run: str, file: str) -> str:
    """Where a file of a run is opened: its address where reports are served, else its path.

    Parameters
    ----------
    store
        That holds the run.
    run, file
        As of `address`.
    """
    base = served_at()
    return address(base, run, file) if base else f"{store.root.rstrip('/')}/{run}/{file}"
