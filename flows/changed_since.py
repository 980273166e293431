"""What changed since a domain's run before this one."""

import json
import logging
from typing import Any

from tasks.errors import InputError
from tasks.folder_names import folder_name
from tasks.report.across_runs.diff import RunDiff, run_diff
from tasks.report.across_runs.diff_text import LIKELY, cause, effects_told
from tasks.report.across_runs.load_run import is_main_job, load_run
from tasks.report.numerals import mean_of, probability
from tasks.run_store import MANIFEST, RunStore

REPORT = "report.json"
TOLD = 5
"""Changed effects that are told."""

logger = logging.getLogger(__name__)


def effects_changed(store: RunStore, run: str) -> dict[str, Any] | None:
    """Which effects changed with a probability above 0.95, for a notification.

    Parameters
    ----------
    store
        That holds the run.
    run
        A whole run of the main job, as ``domain/run_id``.

    Returns
    -------
    dict or None
        ``before``, the run that it is held against; ``told``, a sentence; ``effects``: ``name``,
        ``from``, ``to`` in per cent, and ``probability`` in per cent, of the likeliest. None where
        nothing changed, there is no run before it, or that cannot be read.
    """
    before = run_before(store, run)
    if before is None:
        return None
    try:
        found = run_diff(load_run(store, before), load_run(store, run))
    except (InputError, OSError, KeyError, ValueError) as error:
        logger.warning("%s is not held against %s: %s", run, before, error)
        return None
    return None if cause(found) else _told(found)


def run_before(store: RunStore, run: str) -> str | None:
    """The latest earlier run of the same domain and task; None where it told the same, or is not.

    Parameters
    ----------
    store, run
        As of `effects_changed`.
    """
    manifest = json.loads(store.read_file(run, MANIFEST))
    folder = f"{folder_name(manifest['domain'])}/"
    for other in reversed([of for of in store.runs() if of.startswith(folder) and of < run]):
        found = json.loads(store.read_file(other, MANIFEST))
        if is_main_job(found) and found["task"] == manifest["task"]:
            is_same = found["digests"][REPORT] == manifest["digests"][REPORT]
            return None if is_same else other
    return None


def _told(found: RunDiff) -> dict[str, Any] | None:
    likely = [of for of in found.effects if of.probability > LIKELY]
    if not likely:
        return None
    return {
        "before": found.before.run,
        "told": effects_told(found),
        "effects": [
            {
                "name": of.name,
                "from": mean_of(of.before),
                "to": mean_of(of.after),
                "probability": probability(of.probability),
            }
            for of in sorted(likely, key=lambda of: -of.probability)[:TOLD]
        ],
    }
