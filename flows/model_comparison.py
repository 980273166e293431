"""Model comparison: competing hierarchical models of effects with known standard errors."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from prefect import flow

from flows.artifact_keys import artifact_key
from flows.comparison_parameters import ComparisonParameters
from flows.finishing import finish_run, run_name
from flows.given_files import given_source
from flows.narration import Narrator
from flows.page_artifacts import Page
from flows.results import result_storage
from tasks.inference.comparison.units import read_units
from tasks.inference.steps import compare_unit_models
from tasks.report.section import Table
from tasks.report.steps import write_comparison
from tasks.run_store import RunStore

STEPS = 2


@flow(
    name="model-comparison",
    flow_run_name="{parameters.run_title}",
    persist_result=False,
    result_storage=result_storage(RunStore.current()),
    retries=0,
)
def model_comparison(parameters: ComparisonParameters) -> str:
    """Fit competing hierarchical models to units, try to falsify each, recommend one or none.

    Parameters
    ----------
    parameters
        Data, seed, priors and thresholds.

    Returns
    -------
    str
        The run, as ``compare-data/run_id`` below the root of the run store.
    """
    began = datetime.now(UTC)
    store = RunStore.current()
    path = Path(parameters.data)
    given = read_units(path)
    data = store.save("data.csv", lambda kept: shutil.copyfile(path, kept))
    name = f"compare-{path.stem}"
    narrator = Narrator(STEPS, artifact_key(name))

    narrator.stage("COMPARE")
    compared = narrator.run(
        f"models of {len(given.labels)} units",
        compare_unit_models,
        data,
        parameters.settings,
        parameters.seed,
    )
    written = narrator.run("report", write_comparison, path.stem, compared)
    fits = {f"fits/{model}.nc": fit for model, fit in compared.fits.items()}
    files = {"data.csv": data, "comparison.json": compared.record, **fits, **written}
    names = {"domain": name, "task": f"{len(given.labels)} units"}
    page = Page(
        f"Comparison of models for {path.stem}",
        tables={"models": _models(json.loads(store.read_text(compared.record)))},
        figures=("shrinkage", "weights"),
    )
    source = given_source(path, data)
    run = run_name(name, began)
    return finish_run(run, page, names, parameters, files, source, narrator, began)


def _models(found: dict[str, Any]) -> Table:
    """A line a model: what it fails, and which is recommended."""
    rows = [
        (
            model["title"],
            "yes" if model["name"] == found["recommended"] else "no",
            ", ".join(of["check"] for of in model["findings"] if of["status"] == "fail"),
            f"{model['elpd']:.1f} ± {model['elpd_se']:.1f}",
            f"{model['weight']:.2f}",
        )
        for model in found["models"]
    ]
    head = ("model", "recommended", "fails", "ELPD", "weight")
    return Table(head, tuple(rows), (False, False, False, True, True), found["conclusion"])
