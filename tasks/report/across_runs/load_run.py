"""Read what a run left."""

import json
from typing import Any

import fsspec
import xarray as xr
import yaml

from tasks.errors import InputError
from tasks.report.across_runs.history import Series, series_of
from tasks.report.across_runs.run_record import RunRecord
from tasks.report.report_json import read_report
from tasks.run_store import MANIFEST, RunStore

POSTERIOR, RETRAINED = "posterior.nc", "retrained_posterior.nc"
NEEDED = ("domain.yaml", "contract.json", "diagnostics.json", "report.json", POSTERIOR)


def is_main_job(manifest: dict[str, Any]) -> bool:
    """Whether a manifest is that of a main job: its run can be held against another."""
    return set(NEEDED) <= set(manifest.get("digests", ()))


def load_run(store: RunStore, run: str) -> RunRecord:
    """Read a run of the main job.

    Parameters
    ----------
    store
        Where it lies.
    run
        ``domain/run_id``.

    Raises
    ------
    InputError
        If it is a run of another job, or its report is of another version.
    """
    manifest = json.loads(store.read_file(run, MANIFEST))
    if not is_main_job(manifest):
        raise InputError(
            f"Only runs of the main job (whence run) can be compared; {run} is none: it keeps no "
            "posterior of effects."
        )
    try:
        report = read_report(store.read_file(run, "report.json"))
    except InputError as error:
        raise InputError(f"{run} cannot be compared. {error}") from error
    return RunRecord(
        run=run,
        manifest=manifest,
        gate=json.loads(store.read_file(run, "contract.json")),
        diagnostics=json.loads(store.read_file(run, "diagnostics.json")),
        contract=yaml.safe_load(store.read_file(run, "domain.yaml")),
        report=report,
        errors=_errors(store, run, POSTERIOR),
        retrained_errors=_errors(store, run, RETRAINED) if RETRAINED in manifest["digests"] else {},
    )


def _errors(store: RunStore, run: str, name: str) -> dict[str, float]:
    """Posterior sd of each action's mean effect; of a large file no more is read than that."""
    place = f"{store.root.rstrip('/')}/{run}/{name}"
    with fsspec.open(place, "rb") as stream, xr.open_dataset(stream, group="posterior") as drawn:
        effects = drawn["mean_effect"]
        sds = effects.values.std(axis=(0, 1), ddof=1)
        return dict(zip(map(str, effects["action"].values), map(float, sds), strict=True))


def load_history(
    store: RunStore, domain: str, task: str | None
) -> tuple[str, tuple[Series, ...], list[str]]:
    """Read all runs of the main job on a domain.

    Parameters
    ----------
    store
        Where they lie.
    domain
        Its name.
    task
        Of this task alone; None for all.

    Returns
    -------
    tuple
        The folder of the domain's runs, the runs by task, and sentences on runs that cannot be
        read.

    Raises
    ------
    InputError
        If there is none.
    """
    found, records, left_out = _main_jobs(store), [], []
    runs = [run for run, of in found.items() if of[0] == domain and task in (None, of[1])]
    for run in runs:
        try:
            records.append(load_run(store, run))
        except InputError as error:
            left_out.append(f"Left out: {error}")
    if not records:
        known = ", ".join(dict.fromkeys(" ".join(of) for of in found.values())) or "none"
        what = domain if task is None else f"{domain} {task}"
        raise InputError(
            f"There must be a run of the main job that can be read of {what!r} in {store.root}, "
            f"got none; domains and tasks that were run: {known}."
        )
    return runs[-1].partition("/")[0], series_of(records), left_out


def _main_jobs(store: RunStore) -> dict[str, tuple[str, str]]:
    """Domain and task of every run of the main job, oldest first."""
    manifests = {run: json.loads(store.read_file(run, MANIFEST)) for run in store.runs()}
    return {run: (of["domain"], of["task"]) for run, of in manifests.items() if is_main_job(of)}
