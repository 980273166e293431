"""What Prefect's page shows of a run: its answer with links, tables, and the figures to look at."""

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from prefect.artifacts import (
    create_image_artifact,
    create_markdown_artifact,
    create_table_artifact,
)

from flows.artifact_keys import artifact_key
from flows.markdown_text import as_markdown, code, code_block
from flows.report_places import LINKED, place_of, served_at
from tasks.report.section import Table
from tasks.run_store import Artifact, RunStore

REPORT = "report.txt"


@dataclass(frozen=True)
class Page:
    """What a flow shows beside the text of its report.

    Attributes
    ----------
    title
        Of the report.
    answer
        Sentences under their names; empty where the text of the report begins with them.
    tables
        By the beginning of their keys.
    figures
        Names of those to look at; one that the run has not drawn is left out.
    command
        Makes the run again; empty where there is none to tell.
    """

    title: str
    answer: Sequence[tuple[str, str]] = ()
    tables: Mapping[str, Table] = field(default_factory=dict)
    figures: Sequence[str] = ()
    command: str = ""


def show_page(
    store: RunStore, run: str, domain: str, page: Page, files: Mapping[str, Artifact]
) -> None:
    """Show a run that is in the store; each artifact has a key that its domain's runs share.

    Parameters
    ----------
    store
        That holds it.
    run
        As ``domain/run_id``.
    domain
        What its artifacts are called after.
    page
        What to show.
    files
        Of the run, by their path in its folder; ``report.txt`` among them.
    """
    of_run = f"{as_markdown(page.title)}, run {as_markdown(run)}"
    create_markdown_artifact(
        summary(store, run, page, files), key=f"report-{artifact_key(domain)}", description=of_run
    )
    for name, shown in page.tables.items():
        show_table(name, domain, shown)
    for name in page.figures:
        file = f"figures/{name}.png"
        if file in files:
            create_image_artifact(
                _source(store, run, file, files[file]),
                key=f"figure-{name.replace('_', '-')}-{artifact_key(domain)}",
                description=f"{name.replace('_', ' ').capitalize()} of {of_run}",
            )


def show_table(name: str, domain: str, shown: Table) -> None:
    """Show a table; names and values from the data are shown as they are.

    Parameters
    ----------
    name
        Beginning of its key.
    domain
        The rest of it.
    shown
        Its caption is told above it.
    """
    rows = [map(as_markdown, row) for row in shown.rows]
    create_table_artifact(
        [dict(zip(shown.head, row, strict=True)) for row in rows],
        key=f"{name}-{artifact_key(domain)}",
        description=as_markdown(shown.caption),
    )


def summary(store: RunStore, run: str, page: Page, files: Mapping[str, Artifact]) -> str:
    """The answer, where the run's pages are, how to make it again, and its text, as Markdown."""
    parts = [
        *(f"**{as_markdown(name)}** {as_markdown(sentence)}" for name, sentence in page.answer),
        _places(store, run, [file for file in LINKED if file in files]),
        f"To run it again: {code(page.command)}" if page.command else "",
        code_block(store.read_text(files[REPORT])),
    ]
    return "\n\n".join(filter(None, parts))


def _places(store: RunStore, run: str, files: Iterable[str]) -> str:
    places = {LINKED[file]: place_of(store, run, file) for file in files}
    if served_at():
        return " · ".join(f"[{name}](<{place}>)" for name, place in places.items())
    return "\n".join(f"- {name}: {code(place)}" for name, place in places.items())


def _source(store: RunStore, run: str, file: str, figure: Artifact) -> str:
    """Address of a figure: where it is served, else the figure itself."""
    if served_at():
        return place_of(store, run, file)
    return f"data:image/png;base64,{b64encode(store.fetch(figure).read_bytes()).decode()}"
