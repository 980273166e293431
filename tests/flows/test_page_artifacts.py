"""What Prefect's page shows of a run: its answer, tables and figures, under keys that stay."""

import base64
import json
from pathlib import Path
from uuid import UUID

import pytest
from markdown_it import MarkdownIt
from prefect import flow, get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId
from prefect.client.schemas.objects import Artifact as Shown
from prefect.runtime import flow_run

from flows.analysis_page import analysis_page, share_table
from flows.artifact_keys import artifact_key
from flows.page_artifacts import Page, show_page
from flows.parameters import AnalysisParameters
from tasks.report.answer import answer
from tasks.report.report_json import as_json, read_report
from tasks.report.schema import Report
from tasks.report.section import Table
from tasks.report.text import as_text
from tasks.run_store import Artifact, RunStore
from tests.report.conftest import make_report

RUN = "상점/2026-01-02T03-04-05-678-abcdef"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
HOSTILE = ("<script>alert(1)</script>", "![x](http://elsewhere/y.png)", "*a* _b_ `c`", "- 1. #")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunStore:
    monkeypatch.delenv("WHENCE_REPORTS", raising=False)
    return RunStore(str(tmp_path / "runs"))


def files_of(store: RunStore, text: str) -> dict[str, Artifact]:
    figures = {
        f"figures/{name}.png": store.save(f"{name}.png", lambda path: path.write_bytes(PNG))
        for name in ("shares", "rank_difference")
    }
    texts = {"report.txt": text, "report.html": "<p>", "report.json": "{}", "data_docs.html": "<p>"}
    return figures | {name: store.save_text(name, content) for name, content in texts.items()}


def shown(store: RunStore, page: Page, files: dict[str, Artifact]) -> dict[str, Shown]:
    """The artifacts of a run that shows a page, by key."""

    @flow
    def showing() -> str:
        show_page(store, RUN, "상점", page, files)
        return str(flow_run.id)

    run = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[UUID(showing())]))
    with get_client(sync_client=True) as client:
        return {str(of.key): of for of in client.read_artifacts(artifact_filter=run)}


def rows_of(artifact: Shown) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = json.loads(str(artifact.data))
    return rows


def read(markdown: str) -> str:
    """The text that a reader of Markdown sees."""
    children = [child for token in MarkdownIt().parse(markdown) for child in token.children or []]
    return "".join(child.content for child in children)


@pytest.mark.usefixtures("prefect_server")
def test_a_run_is_shown_by_text_tables_and_figures(store: RunStore) -> None:
    rows = (("a_b", "1"), ("<b>", "2"))
    page = Page(
        "Shops *of* a town",
        answer=[("Source", "table <b>"), ("Repair", "mend it")],
        tables={"shares": Table(("part", "share"), rows, (False, True), "of U")},
        figures=("shares", "rank_difference", "not_drawn"),
        command="whence run 'a b'",
    )
    files = files_of(store, "Shops\n```\n-----\n")
    found, key = shown(store, page, files), artifact_key("상점")
    assert {name: of.type for name, of in found.items()} == {
        f"report-{key}": "markdown",
        f"shares-{key}": "table",
        f"figure-shares-{key}": "image",
        f"figure-rank-difference-{key}": "image",
    }
    text = str(found[f"report-{key}"].data)
    assert text.startswith("**Source** table \\<b>\n\n**Repair** mend it\n\n- Report: `")
    assert f"- Data docs: `{store.root}/{RUN}/data_docs.html`\n" in text
    assert "To run it again: `whence run 'a b'`" in text
    assert text.endswith("````text\nShops\n```\n-----\n````")
    assert found[f"report-{key}"].description == f"Shops \\*of\\* a town, run {RUN}"
    assert [tuple(map(read, row.values())) for row in rows_of(found[f"shares-{key}"])] == list(rows)
    image = str(found[f"figure-shares-{key}"].data)
    assert image.startswith("data:image/png;base64,")
    assert base64.b64decode(image.partition(",")[2]) == PNG
    again = shown(store, page, files)
    assert set(again) == set(found)
    assert not {of.id for of in again.values()} & {of.id for of in found.values()}


@pytest.mark.usefixtures("prefect_server")
def test_where_reports_are_served_links_and_figures_lead_there(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHENCE_REPORTS", "http://127.0.0.1:8642/runs/")
    found = shown(store, Page("Shops", figures=("shares",)), files_of(store, "Shops"))
    place = "http://127.0.0.1:8642/runs/%EC%83%81%EC%A0%90/2026-01-02T03-04-05-678-abcdef"
    key = artifact_key("상점")
    assert found[f"figure-shares-{key}"].data == f"{place}/figures/shares.png"
    tokens = MarkdownIt().parse(str(found[f"report-{key}"].data))
    children = [child for token in tokens for child in token.children or []]
    assert [child.attrs["href"] for child in children if child.type == "link_open"] == [
        f"{place}/{file}" for file in ("report.html", "data_docs.html", "report.json")
    ]
    assert store.root not in str(found[f"report-{key}"].data)


@pytest.mark.usefixtures("prefect_server")
def test_names_from_the_data_do_nothing_on_the_page(store: RunStore) -> None:
    rows = tuple((name,) for name in HOSTILE)
    page = Page(HOSTILE[0], [(HOSTILE[2], HOSTILE[1])], {"t": Table(("x",), rows, (False,))})
    found, key = shown(store, page, files_of(store, "x")), artifact_key("상점")
    assert [read(row["x"]) for row in rows_of(found[f"t-{key}"])] == list(HOSTILE)
    for told in (found[f"report-{key}"].data, found[f"report-{key}"].description):
        kinds = {
            child.type for token in MarkdownIt().parse(str(told)) for child in token.children or []
        }
        assert not kinds & {"image", "html_inline", "em", "link_open"}


@pytest.fixture(scope="module")
def report() -> Report:
    columns = [(table, f"c{k}") for table in ("a", "b", "c", "d", "e", "f") for k in range(3)]
    return make_report(columns)


def test_tables_of_a_main_job_say_what_its_report_says(report: Report) -> None:
    page = analysis_page(report, AnalysisParameters())
    text = " ".join(as_text(report).split())
    assert page.answer == answer(report).lines
    assert [name for name, _ in page.answer][-4:] == ["Source", "Repair", "Placebo", "Model"]
    top = page.tables["interventions"]
    assert [row[0] for row in top.rows] == [str(k) for k in range(1, 11)]
    for row, entry in zip(top.rows, report.ranking, strict=False):
        told = dict(zip(top.head, row, strict=True))
        effects = f"{told['rank']} {told['action']} {told['effect, %']} {told['95 % interval']} "
        reading = "retrained" if told["retrained"] == "yes" else "re-scored"
        assert f"{effects}{told['P(< 0), %']} {reading}" in text
        assert f" {told['per cost']} [" in text
        assert told["confidence"] == entry.confidence


def test_the_largest_shares_of_each_level_are_told(report: Report) -> None:
    table = share_table(report)
    by_level: dict[str, list[str]] = {}
    for row in table.rows:
        by_level.setdefault(row[0], []).append(row[1])
    for level, names in by_level.items():
        largest = sorted(
            (share for share in report.shares if share.node.level == level),
            key=lambda share: -share.fraction,
        )
        assert names == [str(share.node) for share in largest[:5]]
    assert list(by_level) == ["table", "column", "range"]
    first = dict(zip(table.head, table.rows[0], strict=True))
    share = report.shares[0]
    assert (
        first["share of U, %"] == f"{100 * share.fraction:.1f} ± {100 * share.standard_error:.1f}"
    )


@pytest.mark.usefixtures("prefect_server")
def test_a_report_without_any_effect_is_shown(report: Report, store: RunStore) -> None:
    bare = report.model_copy(update={"effects": (), "ranking": (), "placebo": (), "shares": ()})
    read_report(as_json(bare))
    page = analysis_page(bare, AnalysisParameters())
    found, key = shown(store, page, files_of(store, as_text(bare))), artifact_key("상점")
    assert rows_of(found[f"interventions-{key}"]) == rows_of(found[f"shares-{key}"]) == []
