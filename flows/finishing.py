"""How every run ends: its files shown with a manifest, its report on Prefect's page."""

from collections.abc import Mapping
from datetime import datetime

from prefect.runtime import flow_run
from pydantic import BaseModel

from flows.narration import Narrator
from flows.page_artifacts import Page, show_page
from flows.provenance import manifest_of
from tasks.folder_names import folder_name
from tasks.run_store import MANIFEST, Artifact, RunStore


def run_name(domain: str, began: datetime) -> str:
    """The run that goes on, as ``domain/run_id``: later runs sort after it."""
    second, thousandth = f"{began:%Y-%m-%dT%H-%M-%S}", began.microsecond // 1000
    return f"{folder_name(domain)}/{second}-{thousandth:03d}-{str(flow_run.id)[:6]}"


def finish_run(
    run: str,
    page: Page,
    names: Mapping[str, str],
    parameters: BaseModel,
    files: Mapping[str, Artifact],
    source: Artifact | None,
    narrator: Narrator,
    began: datetime,
    tables: Mapping[str, Artifact] | None = None,
) -> str:
    """Show the files of a run that ends now, the manifest last; then Prefect's page shows it.

    Parameters
    ----------
    run
        From `run_name`.
    page
        What Prefect's page shows.
    names
        ``domain`` and ``task``.
    parameters
        Of the flow.
    files
        By their path in the run's folder; ``report.txt`` among them.
    source
        The data that the run was given; None where they are generated.
    narrator
        Of the run.
    began
        When the run began.
    tables
        The data as they were read, by table; None where the flow reads no tables.

    Returns
    -------
    str
        The run.
    """
    store = RunStore.current()
    read = tables or {}
    manifest = manifest_of(parameters, names, files, narrator.timings, began, source, read)
    store.publish(run, {**files, MANIFEST: store.save_text(MANIFEST, manifest)})
    show_page(store, run, names["domain"], page, files)
    narrator.finish()
    return run
