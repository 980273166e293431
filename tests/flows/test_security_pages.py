"""Names that are HTML, Markdown or commands to a terminal are shown and obeyed nowhere."""

import json
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml
from markdown_it import MarkdownIt

from flows.api import create_app
from flows.api_jobs import JobQueue
from flows.api_page import as_page as api_page
from flows.cli import main
from flows.intervention_analysis import intervention_analysis
from flows.local_run import run_locally
from flows.narration import _line
from flows.parameters import AnalysisParameters, parse_parameters
from flows.terminal import STEERING, harmless
from tasks.report.belief_page import conflict_page, elicitation_page
from tasks.report.belief_text import conflict_text
from tasks.report.calibration_page import calibration_page
from tasks.report.calibration_text import calibration_text
from tasks.report.comparison_page import comparison_page
from tasks.report.comparison_text import comparison_text
from tasks.report.scm_page import query_page, scm_page
from tasks.report.scm_text import scm_text
from tests.relations.sql_databases import fill
from tests.report import (
    test_belief_report,
    test_calibration_report,
    test_comparison_figures,
    test_scm_report,
)

from .conftest import SIZES, artifacts_of

STEER = "\x1b[2J\x1b]0;x\x07\x9b31m\u202e"
DOMAIN = "<xss-a onload=alert(1)>'\"&amp;"
TITLE = f"</title></style><xss-b>{STEER}"
SHOPS = f"</style><xss-c onclick='x'>{STEER}"
SALES = "\"'><xss-d>|`x`|![x](http://elsewhere/x)"
SIZE = "javascript:alert(1)//<xss-e>"
AMOUNT = "<xss-f>_a_ &lt; $x$ {{ 7 * 7 }} {% raw %}"
CITY = f"city--><!--<xss-g>{STEER}"
CITIES = (f"</td></table><xss-h>{STEER}", "[x](javascript:alert(1))<xss-i>")
UNIT = "</text></svg><xss-j>"
TASK = f"<xss-k>{STEER}"


class Seen(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()
        self.comments: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.add(tag)
        self.attributes |= {(name, value or "") for name, value in attrs}

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


OBEYED = {"script", "iframe", "object", "embed", "base", "form", "input", "link", "img", "frame"}


def check_page(page: str) -> None:
    seen = Seen()
    seen.feed(page)
    seen.close()
    assert not {tag for tag in seen.tags if tag.startswith("xss")}
    assert not seen.tags & OBEYED
    for name, value in seen.attributes:
        assert not name.startswith("on"), name
        if name in ("href", "src", "xlink:href", "action", "formaction", "data"):
            plain = value.startswith("#") or value in ("report.html", "data_docs.html")
            assert plain or value == "/openapi.json", (name, value)
        assert "javascript:" not in value.lower() or name == "title", (name, value)
    assert "default-src 'none'" in page


def check_text(text: str) -> None:
    assert not STEERING.search(text), STEERING.findall(text)


def check_markdown(text: str) -> None:
    """Also if the page that shows it takes HTML inside of Markdown."""
    seen = Seen()
    seen.feed(MarkdownIt("commonmark", {"html": True}).enable("table").render(text))
    seen.close()
    assert not {tag for tag in seen.tags if tag.startswith("xss")}
    assert not seen.tags & OBEYED
    assert {name for name, _ in seen.attributes} <= {"class", "start"}
    check_text(text)


@pytest.mark.parametrize(
    "page",
    [
        "<!DOCTYPE html><xss-a>",
        "<p onclick='x'>",
        '<a href="javascript:alert(1)">x</a>',
        "<script>x</script>",
        '<img src="http://elsewhere">',
    ],
)
def test_the_check_sees_what_would_be_obeyed(page: str) -> None:
    csp = "<meta content=\"default-src 'none'\">"
    check_page(f"{csp}<p>&lt;script&gt;</p>")
    with pytest.raises(AssertionError):
        check_page(csp + page)
    with pytest.raises(AssertionError):
        check_markdown(page)
    check_markdown(r"\<xss-a\> `<script>`" + "\n\n```\n<script>x</script>\n```")


def contract(location: str) -> dict[str, Any]:
    return {
        "name": DOMAIN,
        "title": TITLE,
        "source": {"kind": "sql", "location": location},
        "tables": {
            SHOPS: {
                "primary_key": "id",
                "columns": {
                    "id": {"type": "integer"},
                    CITY: {"type": "category", "values": [CITIES[0]]},
                    SIZE: {"type": "number", "range": [0, 150], "unit": UNIT, "required": True},
                },
            },
            SALES: {
                "primary_key": "sale",
                "foreign_keys": {"shop": SHOPS},
                "time": "day",
                "columns": {
                    "sale": {"type": "integer"},
                    "shop": {"type": "integer"},
                    "day": {"type": "time", "required": True, "severity": "block"},
                    "people": {"type": "integer", "range": [0, 30]},
                    AMOUNT: {"type": "number", "unit": UNIT},
                },
                "expectations": [{"kind": "ordered", "lower": "people", "upper": "sale"}],
            },
        },
        "costs": {"nodes": {f"{SHOPS}.{SIZE}": 3}},
        "causal_graph": [[f"{SHOPS}.{SIZE}", f"{SALES}.people"]],
        "actions": {f"{SHOPS}.{SIZE}": "*=0.9", f"{SHOPS}.{CITY}": f"={CITIES[0]}"},
        "priors": {
            f"share[{SHOPS}]": {
                "family": "beta",
                "parameters": {"alpha": 2, "beta": 2},
                "confidence": 0.5,
                "note": f"<xss-l>{STEER}",
            }
        },
        "tasks": {
            TASK: {
                "kind": "column",
                "output": "regression",
                "table": SALES,
                "column": AMOUNT,
                "split": {"validation": "2020-12-01", "test": "2021-01-01"},
            }
        },
    }


def tables() -> dict[str, pl.DataFrame]:
    rng = np.random.default_rng(1)
    n_shops, n_sales = 40, 1200
    size, shop = rng.gamma(4.0, 25.0, n_shops).round(1), rng.integers(0, n_shops, n_sales)
    people, day = rng.integers(1, 40, n_sales), np.sort(rng.integers(0, 550, n_sales))
    shops = {
        "id": np.arange(n_shops),
        CITY: rng.choice(CITIES, n_shops),
        SIZE: pl.Series(size).set(pl.Series(rng.random(n_shops) < 0.25), None),
    }
    sales = {
        "sale": np.arange(n_sales),
        "shop": shop,
        "day": pl.Series(np.datetime64("2020-01-01") + day).cast(pl.Date).cast(pl.String),
        "people": people,
        AMOUNT: (0.2 * size[shop] + people + rng.normal(0, 2, n_sales)).round(2),
    }
    return {SHOPS: pl.DataFrame(shops), SALES: pl.DataFrame(sales)}


def texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from (text for pair in value.items() for part in pair for text in texts_in(part))
    elif isinstance(value, list):
        yield from (text for part in value for text in texts_in(part))


@pytest.mark.usefixtures("prefect_server")
def test_a_run_with_hostile_names_is_shown_and_obeyed_nowhere(
    runs_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path}/shop.db"
    fill(url, tables())
    path = tmp_path / "contract.yaml"
    path.write_text(yaml.safe_dump(contract(url)), encoding="utf-8")
    values = {"domain": str(path), "retrain": 0, "budget": 9, "check_model": "never", **SIZES}
    parameters = parse_parameters(AnalysisParameters, values)
    assert "<xss-k>" in parameters.run_title
    check_text(parameters.run_title)
    run = run_locally(intervention_analysis, parameters)
    folder = runs_root / run
    pages = [page.read_text(encoding="utf-8") for page in folder.glob("*.html")]
    assert len(pages) == 2
    for page in pages:
        check_page(page)
    told = "".join(pages)
    for number in "bcdefghij":
        assert f"&lt;xss-{number}" in told, number
    check_text((folder / "report.txt").read_text(encoding="utf-8"))

    shown = artifacts_of(folder)
    assert len(shown) > 2
    for artifact in shown.values():
        check_markdown(artifact.description or "")
        if artifact.type == "markdown":
            check_markdown(artifact.data)
        elif artifact.type == "table":
            for text in texts_in(json.loads(artifact.data)):
                check_markdown(text)

    capsys.readouterr()
    commands = (["report", run], ["runs"], ["report", run, "--json"], ["check", str(path)])
    target = ["--target", f"{SALES}.{AMOUNT}"]
    for command in (*commands, ["profile", url, *target, "-o", str(tmp_path / "drafted.yaml")]):
        code = main(command)
        said = capsys.readouterr()
        assert code in (0, 2)
        assert "xss-" in said.out + said.err
        check_text(said.out)
        check_text(said.err)
        if "--json" in command:
            assert json.loads(said.out)["domain"] == DOMAIN


def hostile_pages() -> dict[str, str]:
    simulations = test_calibration_report.normal_means(test_calibration_report.HOSTILE)
    verdict = test_calibration_report.judge(simulations)
    settings: dict[str, float | int | str] = {"seed": 7}
    compared = test_comparison_figures.compared(test_comparison_figures.HOSTILE, 60)
    conflict, session = test_belief_report.hostile(), test_belief_report.hostile_session()
    fit, query = test_scm_report.hostile_fit(), test_scm_report.hostile_query()
    title = f"<xss-t>{STEER}"
    document = create_app(JobQueue(Path("nowhere"), lambda *_: None)).openapi()  # type: ignore[arg-type, return-value]
    return {
        "calibration": calibration_page(title, verdict, simulations, settings),
        "comparison": comparison_page(title, *compared),
        "conflict": conflict_page(conflict),
        "elicitation": elicitation_page(f"<xss-s>{STEER}", session),
        "fit": scm_page(title, fit),
        "query": query_page(title, query),
        "api": api_page(document, "http://<xss-h>\"onload='x'"),
        "calibration text": calibration_text(title, verdict, simulations, settings),
        "comparison text": comparison_text(title, compared[0]),
        "conflict text": conflict_text(conflict),
        "fit text": scm_text(title, fit),
    }


def test_every_other_page_shows_hostile_names_and_obeys_none() -> None:
    for name, page in hostile_pages().items():
        if name.endswith("text"):
            check_text(page)
        else:
            check_page(page)


def test_what_is_printed_steers_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert harmless("무게\tx\n") == "무게\tx\n"
    assert harmless(STEER) == r"\u001b[2J\u001b]0;x\u0007\u009b31m\u202e"
    assert json.loads(f'"{harmless(STEER)}"') == STEER
    assert main(["run", f"no{STEER}domain"]) == 2
    assert main(["run", "demo", "--set", f"x{STEER}=1", "--debug"]) == 2
    said = capsys.readouterr()
    assert r"\u001b[2J" in said.err
    check_text(said.err)


def test_a_step_is_told_without_steering(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    _line(f"step {STEER}", end="\n")
    said = capsys.readouterr().err
    check_text(said.removeprefix("\r\x1b[2K"))
    assert said.startswith("\r\x1b[2K")
