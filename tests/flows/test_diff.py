"""`whence diff` and `whence history` on real runs of a small database, and on made-up ones."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import fsspec
import polars as pl
import pytest

from flows.cli import main
from flows.intervention_analysis import intervention_analysis
from flows.local_run import run_locally
from flows.parameters import AnalysisParameters, parse_parameters
from tasks.report.across_runs.changed_effects import changed_effects
from tasks.report.across_runs.load_run import load_run
from tasks.run_store import RunStore
from tests.report.conftest import make_report
from tests.report.diff_runs import keep, run_record
from tests.report.test_page import Parsed

from .conftest import HTML, SIZES, SmallDatabase

pytestmark = pytest.mark.usefixtures("prefect_server")
Printed = pytest.CaptureFixture[str]
NAMES = ("first", "again", "seed", "mended", "contract")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunStore]:
    """A store of this module's own: its histories hold no other run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WHENCE_RUNS", str(tmp_path_factory.mktemp("compared")))
        yield RunStore.current()


@pytest.fixture(scope="module")
def runs(store: RunStore, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The same twice, under another seed, with a column mended, with another contract."""
    database = SmallDatabase(tmp_path_factory.mktemp("shops") / "database")

    def run(**changes: object) -> str:
        values = SIZES | {"domain": database.write(), "retrain": 0} | changes
        return run_locally(intervention_analysis, parse_parameters(AnalysisParameters, values))

    found = {"first": run(), "again": run(), "seed": run(seed=2)}
    size = pl.col(HTML)
    shops = database.tables["shops"].with_columns(size.fill_null(size.mean().round(1)))
    database.tables["shops"] = shops
    found["mended"] = run()
    database.content["tables"]["sales"]["columns"]["people"]["range"] = [0, 60]
    return found | {"contract": run()}


def identifier(run: str) -> str:
    return run.partition("/")[2]


def compared(runs: dict[str, str], before: str, after: str, printed: Printed) -> dict[str, Any]:
    """The JSON that `whence diff` prints of two runs."""
    assert main(["diff", identifier(runs[before]), identifier(runs[after]), "--json"]) == 0
    found: dict[str, Any] = json.loads(printed.readouterr().out)
    return found


def details(found: dict[str, Any]) -> dict[str, list[str]]:
    """By kind, what differs; every kind is recorded."""
    assert all(of["recorded"] for of in found["differences"])
    return {of["kind"]: of["details"] for of in found["differences"] if of["details"]}


def test_a_run_records_what_it_was_made_from(store: RunStore, runs: dict[str, str]) -> None:
    manifest = json.loads(store.read_file(runs["first"], "manifest.json"))
    assert manifest["tables"].keys() == {"shops", "sales"}
    assert "tasks/attribution/shapley.py" in manifest["code"]
    assert "tasks/report/steps.py:write_report" in manifest["code"]
    assert "stan/intervention_effects.stan" in manifest["stan"]
    assert not [name for name in manifest["code"] if name.endswith(".stan")]


def test_the_same_again_changed_nothing(
    store: RunStore, runs: dict[str, str], capsys: Printed
) -> None:
    found = compared(runs, "first", "again", capsys)
    assert found["same"]
    assert details(found) == {}
    assert {of["probability"] for of in found["effects"] + found["shares"]} <= {0.0, None}
    assert main(["diff", identifier(runs["first"]), identifier(runs["again"])]) == 0
    assert "Both runs tell the very same" in capsys.readouterr().out


def test_another_seed_changed_nothing_real(
    store: RunStore, runs: dict[str, str], capsys: Printed
) -> None:
    found = compared(runs, "first", "seed", capsys)
    assert details(found) == {"seed": ["1 -> 2"]}
    assert found["effects"]
    assert max(of["probability"] for of in found["effects"]) < 0.95
    assert main(["diff", identifier(runs["first"]), identifier(runs["seed"])]) == 0
    assert "Only the seed changed, so nothing real did" in capsys.readouterr().out


def test_a_mended_column_is_told(store: RunStore, runs: dict[str, str], capsys: Printed) -> None:
    found = compared(runs, "again", "mended", capsys)
    (shops,) = details(found).pop("data")
    assert shops.startswith(f"shops (40 rows; {HTML} ")
    assert "-> 0 missing" in shops
    assert f"impute_missing shops.{HTML}" in found["before"]["alone"]


def test_a_line_of_the_contract_is_told(
    store: RunStore, runs: dict[str, str], capsys: Printed
) -> None:
    found = compared(runs, "mended", "contract", capsys)
    assert details(found) == {
        "contract": ["tables.sales.columns.people.range: [0.0, 100.0] -> [0.0, 60.0]"]
    }


def test_without_names_the_two_latest_of_a_task_are_compared(
    store: RunStore, runs: dict[str, str], capsys: Printed
) -> None:
    other_job = {"domain": "sbc-x", "task": "x", "parameters": {"seed": 1}, "seconds": 1.0}
    later = {"manifest.json": store.save_text("manifest.json", json.dumps(other_job))}
    store.publish("sbc-x/2999-01-01", later)
    assert main(["diff"]) == 0
    told = capsys.readouterr().out
    ids = [identifier(runs[name]) for name in ("mended", "contract")]
    assert f"From run {ids[0]} to run {ids[1]}." in told


def test_effects_that_a_flow_asks_for_are_those_that_are_told(
    store: RunStore, runs: dict[str, str], capsys: Printed
) -> None:
    asked = changed_effects(load_run(store, runs["first"]), load_run(store, runs["seed"]))
    told = compared(runs, "first", "seed", capsys)["effects"]
    assert [of.model_dump(mode="json") for of in asked] == told


def test_a_history_is_written_beside_the_runs(
    store: RunStore, runs: dict[str, str], capsys: Printed
) -> None:
    assert main(["history", "상점"]) == 0
    page = Path(store.root) / "상점" / "history.html"
    assert capsys.readouterr().out == f"History of 5 runs: {page}\n"
    found = Parsed(page.read_text(encoding="utf-8"))
    links = [of for of in found.values("href") if not of.startswith("#")]
    assert links == [f"{identifier(runs[name])}/report.html" for name in NAMES]
    assert all((page.parent / of).is_file() for of in links)
    assert found.tags["b"] == found.tags["i"] == 0
    assert main(["runs"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(store.runs())


def test_a_history_elsewhere_leads_to_the_runs(
    store: RunStore, runs: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda url: not opened.append(url))
    page = tmp_path / "한 쪽.html"
    assert main(["history", "상점", "--task", "amount", "-o", str(page), "--open"]) == 0
    assert opened == [page.as_uri()]
    found = Parsed(page.read_text(encoding="utf-8"))
    links = [of for of in found.values("href") if not of.startswith("#")]
    assert len(links) == 5
    assert all((tmp_path / unquote(of)).is_file() for of in links)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["diff", "1999", "2000"], "'1999' names no run in"),
        (["diff", "1999"], "whence diff takes two runs, or none, got 1."),
        (["history", "f1"], "of 'f1' in"),
        (["history", "상점", "--task", "x"], "of '상점 x' in"),
        (["history", "상점", "-o", "no/such/folder/x.html"], "-o must be a file in a folder"),
    ],
)
def test_what_is_not_there_is_refused_in_a_sentence(
    words: list[str], why: str, store: RunStore, runs: dict[str, str], capsys: Printed
) -> None:
    assert main(words) == 2
    told = capsys.readouterr().err
    assert why in told
    assert len(told.splitlines()) == 1


def test_without_two_runs_there_is_nothing_to_compare(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    monkeypatch.setenv("WHENCE_RUNS", str(tmp_path))
    assert main(["diff"]) == 2
    assert "There are no two runs of one domain and task in" in capsys.readouterr().err


def test_a_store_elsewhere_keeps_its_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    root = f"memory://{tmp_path.name}/runs"
    monkeypatch.setenv("WHENCE_RUNS", root)
    report = make_report([("items", "weight"), ("plants", "age")])
    for day in (1, 2):
        keep(RunStore.current(), run_record(report, f"demo/2026-01-0{day}"))
    assert main(["history", "demo"]) == 0
    assert capsys.readouterr().out == f"History of 2 runs: {root}/demo/history.html\n"
    with fsspec.open(f"{root}/demo/history.html", encoding="utf-8", mode="r") as page:
        links = Parsed(page.read()).values("href")
    assert [of for of in links if of[0] != "#"] == [f"2026-01-0{day}/report.html" for day in (1, 2)]
    local = tmp_path / "page.html"
    assert main(["history", "demo", "-o", str(local)]) == 0
    links = Parsed(local.read_text(encoding="utf-8")).values("href")
    assert f"{root}/demo/2026-01-01/report.html" in links
    assert main(["history", "demo", "--open"]) == 2
    assert "No browser can be opened here: open memory://" in capsys.readouterr().err
