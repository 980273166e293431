"""`whence runs --check` on the terminal."""

import json
from pathlib import Path

import pytest

from flows.cli import main
from tasks.run_store import MANIFEST, RunStore


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunStore:
    """Two runs that have ended and one that has not."""
    monkeypatch.setenv("WHENCE_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("WHENCE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    store = RunStore.current()
    report = store.save_text("report.txt", "report\n")
    for run in ("demo/2026-01-01-a", "상점/2026-01-02-b"):
        manifest = json.dumps({"digests": {"report.txt": report.sha256}})
        store.publish(run, {"report.txt": report, MANIFEST: store.save_text(MANIFEST, manifest)})
    store.publish("demo/2026-01-03-c", {"report.txt": report})
    return store


def test_a_line_a_run(store: RunStore, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "--check"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "2026-01-01-a  demo  whole, 1 file",
        "2026-01-02-b  상점  whole, 1 file",
        "2026-01-03-c  demo  not ended: refused, broken off, or still under way",
    ]


def test_a_run_that_is_not_whole_gives_code_3(
    store: RunStore, capsys: pytest.CaptureFixture[str]
) -> None:
    (Path(store.root) / "상점/2026-01-02-b/report.txt").unlink()
    assert main(["runs", "--check"]) == 3
    out = capsys.readouterr().out
    assert "2026-01-02-b  상점  report.txt is missing\n" in out
    assert "1 of 3 runs are not whole" in out
    assert main(["runs", "--check", "2026-01-01"]) == 0
    assert capsys.readouterr().out == "2026-01-01-a  demo  whole, 1 file\n"
    assert main(["runs", "--check", "2026-01-02"]) == 3


def test_a_run_that_is_not_there_is_refused(
    store: RunStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["runs", "--check", "2025"]) == 2
    assert "'2025' names no run in" in capsys.readouterr().err
