"""Listing runs and printing their reports again."""

import json
from pathlib import Path

import pytest

from flows.cli import main
from tasks.run_store import RunStore


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunStore:
    """Two runs with reports of one line."""
    monkeypatch.setenv("WHENCE_RUNS", str(tmp_path / "runs"))
    store = RunStore.current()
    for run, task in (("demo/2026-01-01T00-00-00-aaaaaa", "lead-time"), ("상점/2026-01-02-b", "x")):
        manifest = {
            "domain": run.partition("/")[0],
            "task": task,
            "parameters": {"seed": 7},
            "seconds": 12.3,
        }
        files = {
            "manifest.json": json.dumps(manifest, ensure_ascii=False),
            "report.txt": f"report of {task}\n",
            "report.json": "{}\n",
            "report.html": "<p></p>\n",
        }
        store.publish(run, {name: store.save_text(name, text) for name, text in files.items()})
    return store


def test_runs_are_listed_the_latest_last(
    store: RunStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["runs"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "2026-01-01T00-00-00-aaaaaa  demo  lead-time  seed 7  12 s",
        "2026-01-02-b  상점  x  seed 7  12 s",
    ]


def test_without_runs_it_says_how_to_start_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WHENCE_RUNS", str(tmp_path))
    assert main(["runs"]) == 0
    assert "start one with `whence run`" in capsys.readouterr().out
    assert main(["report"]) == 2
    assert "There is no run in" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "printed"),
    [
        ([], "report of x\n"),
        (["2026-01-01"], "report of lead-time\n"),
        (["demo/2026-01-01T00-00-00-aaaaaa"], "report of lead-time\n"),
        (["--json"], "{}\n"),
    ],
)
def test_a_report_is_printed_as_it_was_kept(
    words: list[str], printed: str, store: RunStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", *words]) == 0
    assert capsys.readouterr().out == printed


def test_a_run_that_is_not_there_is_refused(
    store: RunStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "2025"]) == 2
    assert "'2025' names no run in" in capsys.readouterr().err


def test_the_page_is_opened_or_its_place_is_said(
    store: RunStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda url: not opened.append(url))
    assert main(["report", "2026-01-01", "--open"]) == 0
    assert opened[0].startswith("file:///")
    assert opened[0].endswith("demo/2026-01-01T00-00-00-aaaaaa/report.html")
    monkeypatch.setattr("webbrowser.open", lambda url: False)
    assert main(["report", "2026-01-01", "--open"]) == 2
    assert "No browser can be opened here: open" in capsys.readouterr().err
