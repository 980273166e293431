"""Step of the report: effects ranked and told as text, JSON and a page with figures."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import arviz as az
import polars as pl
from prefect import task
from pydantic import BaseModel

from tasks.cache import CONTENT
from tasks.domain import Domain, Task
from tasks.intervention.cell_table import cells_from_table
from tasks.report.compose import Findings, compose
from tasks.report.drawing import as_png
from tasks.report.figures import all_figures
from tasks.report.page import as_page
from tasks.report.report_json import as_json
from tasks.report.text import as_text
from tasks.run_store import Artifact, RunStore


class Records(BaseModel):
    """What the steps before found, by the names of their files."""

    gate: Artifact
    quality: Artifact
    shares: Artifact
    key_importance: Artifact
    effects: Artifact
    left_out: Artifact
    posterior: Artifact
    diagnostics: Artifact


@task(cache_policy=CONTENT, persist_result=True, result_serializer="json")
def write_report(
    contract: Domain,
    name: str,
    target: Task,
    records: Records,
    settings: dict[str, float | int | str],
) -> dict[str, Artifact]:
    """Rank the effects and write the report; its files by their path in the run's folder."""
    store = RunStore.current()

    def read(artifact: Artifact) -> Any:
        return json.loads(store.read_text(artifact))

    effect = az.from_netcdf(str(store.fetch(records.posterior))).posterior["effect"]
    report = compose(
        Findings(
            contract=contract,
            name=name,
            task=target,
            settings=settings,
            gate=read(records.gate),
            quality=read(records.quality),
            shares=read(records.shares),
            diagnostics=read(records.diagnostics),
            keys=read(records.key_importance),
            cells=cells_from_table(pl.read_parquet(store.fetch(records.effects))),
            draws=effect.values.reshape(-1, effect.shape[-1]),
            left_out=read(records.left_out),
        )
    )
    figures = {
        f"figures/{title}.png": store.save(
            f"{title}.png", partial(_write_bytes, content=as_png(figure))
        )
        for title, figure in all_figures(report).items()
    }
    return {
        "report.txt": store.save_text("report.txt", as_text(report)),
        "report.json": store.save_text("report.json", as_json(report)),
        "report.html": store.save_text("report.html", as_page(report)),
        **figures,
    }


def _write_bytes(path: Path, content: bytes) -> None:
    path.write_bytes(content)
