"""Runs read from a store: all that a comparison needs, and what is no main job."""

import json
from pathlib import Path

import pytest

from tasks.errors import InputError
from tasks.report.across_runs.load_run import load_history, load_run
from tasks.report.schema import Report
from tasks.run_store import RunStore
from tests.report.diff_runs import CONTRACT, MANIFEST, keep, run_record


@pytest.fixture(params=["folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> RunStore:
    root = {"folder": str(tmp_path / "runs"), "memory": f"memory://{tmp_path.name}/runs"}
    return RunStore(root[request.param])


def test_a_run_is_read_as_it_was_kept(store: RunStore, report: Report) -> None:
    record = run_record(report, error=0.25, retrained_errors={"impute_missing items": 0.5})
    found = load_run(store, keep(store, record))
    assert found.report == report
    assert found.contract == CONTRACT
    assert found.manifest["parameters"] == MANIFEST["parameters"]
    assert found.errors == pytest.approx(dict(record.errors))
    assert found.retrained_errors == pytest.approx(dict(record.retrained_errors))
    without = run_record(report, "demo/2026-01-02", retrained_errors={})
    assert load_run(store, keep(store, without)).retrained_errors == {}


def other_job(store: RunStore, run: str = "sbc-key/2026-01-05") -> str:
    """A run that keeps no posterior, as calibrations do."""
    manifest = json.dumps({"domain": "sbc-key", "task": "x", "digests": {"report.json": "1"}})
    store.publish(run, {"manifest.json": store.save_text("manifest.json", manifest)})
    return run


def test_a_run_of_another_job_is_refused_in_a_sentence(store: RunStore) -> None:
    with pytest.raises(
        InputError, match=r"Only runs of the main job .* sbc-key/2026-01-05 is none"
    ):
        load_run(store, other_job(store))


def test_a_report_of_another_version_is_refused_in_a_sentence(
    store: RunStore, report: Report
) -> None:
    old = keep(store, run_record(report.model_copy(update={"version": 1})))
    with pytest.raises(InputError, match=r"demo/2026-01-01 cannot be compared\. A report must be"):
        load_run(store, old)


def test_a_history_holds_all_main_jobs_of_a_domain_by_task(store: RunStore, report: Report) -> None:
    other_task = report.model_copy(update={"task": "returns"})
    for day, of in enumerate((report, other_task, report, report), start=1):
        version = 1 if day == 3 else 4
        changed = of.model_copy(update={"version": version})
        named = {"task": of.task}
        keep(store, run_record(changed, f"demo/2026-01-0{day}", manifest=named))
    keep(store, run_record(report, "상점/2026-01-09", manifest={"domain": "상점"}))
    other_job(store, "demo/2026-01-08")
    folder, series, left_out = load_history(store, "demo", None)
    assert folder == "demo"
    assert {of.task: [one.record.run for one in of.entries] for of in series} == {
        "lead-time": ["demo/2026-01-01", "demo/2026-01-04"],
        "returns": ["demo/2026-01-02"],
    }
    assert series[0].task == "lead-time"  # that of the latest run
    assert len(left_out) == 1
    assert left_out[0].startswith("Left out: demo/2026-01-03 cannot be compared.")
    _, (alone,), _ = load_history(store, "demo", "returns")
    assert alone.task == "returns"


def test_a_domain_or_task_without_runs_is_refused(store: RunStore, report: Report) -> None:
    keep(store, run_record(report))
    with pytest.raises(InputError, match=r"of 'f1' in .* got none; .* were run: demo lead-time\."):
        load_history(store, "f1", None)
    with pytest.raises(InputError, match=r"of 'demo late' in"):
        load_history(store, "demo", "late")


def test_an_empty_store_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="were run: none"):
        load_history(RunStore(str(tmp_path)), "demo", None)
