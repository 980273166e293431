"""Steps of the report: what was found as text, JSON and a page with figures."""

import json
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import arviz as az
import numpy as np
import numpy.typing as npt
import polars as pl
from matplotlib.figure import Figure
from prefect import task

from tasks.beliefs.elicitation_record import Elicitation
from tasks.beliefs.run_records import ConflictRun, UpdateRun
from tasks.cache import CONTENT
from tasks.calibration.chunk_files import load_simulations
from tasks.calibration.coverage.records import StudyRecord
from tasks.calibration.coverage.summary_record import Summary
from tasks.calibration.steps import Covered, Simulated
from tasks.calibration.verdict import judge
from tasks.domain import Domain, Task
from tasks.inference.comparison.record import Comparison
from tasks.inference.steps import Compared
from tasks.intervention.cell_table import cells_from_table
from tasks.intervention.retrained_cells import retrained_from_table
from tasks.report.belief_figures import (
    conflict_figures,
    elicitation_figures,
    update_figures,
)
from tasks.report.belief_page import conflict_page, elicitation_page, update_page
from tasks.report.belief_text import conflict_text, elicitation_text, update_text
from tasks.report.calibration_figures import calibration_figures
from tasks.report.calibration_json import calibration_json
from tasks.report.calibration_page import calibration_page
from tasks.report.calibration_text import calibration_text
from tasks.report.comparison_figures import comparison_figures
from tasks.report.comparison_json import comparison_json
from tasks.report.comparison_page import comparison_page
from tasks.report.comparison_text import comparison_text
from tasks.report.compose import Findings, compose
from tasks.report.coverage_study_figure import coverage_study_figures
from tasks.report.coverage_study_page import coverage_study_page
from tasks.report.coverage_study_text import coverage_study_text
from tasks.report.data_docs import DATA_DOCS
from tasks.report.data_docs_page import data_docs_page
from tasks.report.drawing import as_png
from tasks.report.figures import all_figures
from tasks.report.page import as_page
from tasks.report.records import Records
from tasks.report.report_json import as_json
from tasks.report.scm_figures import query_figures, scm_figures
from tasks.report.scm_page import query_page, scm_page
from tasks.report.scm_text import query_text, scm_text
from tasks.report.text import as_text
from tasks.run_store import Artifact, RunStore


@task(cache_policy=CONTENT, persist_result=True, result_serializer="json")
def write_data_docs(title: str, contract: Domain, gate: Artifact) -> dict[str, Artifact]:
    """Write what the gate found as a page; its file by its path in the run's folder."""
    store = RunStore.current()
    found = json.loads(store.read_text(gate))
    report = "" if found["counts"]["blocking"] else "report.html"
    page = data_docs_page(title, contract, found, report)
    return {DATA_DOCS: store.save_text(DATA_DOCS, page)}


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

    retrained = None
    if records.retrained:
        retrained = retrained_from_table(
            pl.read_parquet(store.fetch(records.retrained), glob=False)
        )
    report = compose(
        Findings(
            contract=contract,
            name=name,
            task=target,
            settings=settings,
            gate=read(records.gate),
            quality=read(records.quality),
            shares=read(records.shares),
            pooling=read(records.pooling),
            diagnostics=read(records.diagnostics),
            model_check=read(records.model_check),
            keys=read(records.key_importance),
            cells=cells_from_table(pl.read_parquet(store.fetch(records.effects), glob=False)),
            draws=_effect_draws(store, records.posterior),
            left_out=read(records.left_out),
            not_retrained=read(records.not_retrained),
            real_changes=read(records.real_changes),
            curves=read(records.curves) if records.curves else None,
            budget=read(records.budget) if records.budget else None,
            retrained=retrained,
            retrained_draws=_effect_draws(store, records.retrained_posterior),
            beliefs=read(records.beliefs) if records.beliefs else None,
        )
    )
    texts = {
        "report.txt": as_text(report),
        "report.json": as_json(report),
        "report.html": as_page(report),
    }
    return _save_all(store, texts, all_figures(report).items())


def _effect_draws(store: RunStore, posterior: Artifact | None) -> npt.NDArray[np.float64]:
    """Draws of all effects, chain after chain, shape (S, K); none where nothing was fitted."""
    if posterior is None:
        return np.empty((0, 0))
    effect = az.from_netcdf(str(store.fetch(posterior))).posterior["effect"]
    return np.asarray(effect.values.reshape(-1, effect.shape[-1]))


@task(cache_policy=CONTENT, persist_result=True, result_serializer="json")
def write_calibration(
    title: str, simulated: Simulated, settings: dict[str, float | int | str]
) -> dict[str, Artifact]:
    """Judge simulations and write the report; its files by their path in the run's folder."""
    store = RunStore.current()
    simulations = load_simulations(store.fetch(simulated.simulations))
    told = title, judge(simulations, alpha=simulated.alpha), simulations, settings
    texts = {
        "report.txt": calibration_text(*told),
        "report.json": calibration_json(*told),
        "report.html": calibration_page(*told),
    }
    return _save_all(store, texts, calibration_figures(told[1], simulations).items())


@task(cache_policy=CONTENT, persist_result=True, result_serializer="json")
def write_coverage_study(covered: Covered) -> dict[str, Artifact]:
    """Write the report of a coverage study; its files by their path in the run's folder."""
    store = RunStore.current()
    summary = Summary.model_validate_json(store.read_text(covered.summary))
    record = StudyRecord.model_validate_json(store.read_text(covered.outcomes))
    settings = record.settings.model_dump()
    texts = {
        "report.txt": coverage_study_text(summary, settings),
        "report.html": coverage_study_page(summary, record.outcomes, settings),
    }
    return _save_all(store, texts, coverage_study_figures(summary, record.outcomes).items())


@task(cache_policy=CONTENT, persist_result=True, result_serializer="json")
def write_comparison(title: str, compared: Compared) -> dict[str, Artifact]:
    """Write the report of a model comparison; its files by their path in the run's folder."""
    store = RunStore.current()
    found = Comparison.model_validate_json(store.read_text(compared.record))
    fits = {name: az.from_netcdf(str(store.fetch(fit))) for name, fit in compared.fits.items()}
    texts = {
        "report.txt": comparison_text(title, found),
        "report.json": comparison_json(title, found),
        "report.html": comparison_page(title, found, fits),
    }
    return _save_all(store, texts, comparison_figures(found, fits).items())


@task(cache_policy=CONTENT, persist_result=True, result_serializer="json")
def write_scm(title: str, record: Artifact) -> dict[str, Artifact]:
    """Write the report of a structural model; its files by their path in the run's folder."""
    store = RunStore.current()
    found = json.loads(store.read_text(record))
    texts = {"report.txt": scm_text(title, found), "report.html": scm_page(title, found)}
    return _save_all(store, texts, scm_figures(found).items())


@task(cache_policy=CONTENT, persist_result=True, result_serializer="json")
def write_scm_query(title: str, record: Artifact) -> dict[str, Artifact]:
    """Write what a structural model answered; its files by their path in the run's folder."""
    store = RunStore.current()
    found = json.loads(store.read_text(record))
    texts = {"report.txt": query_text(title, found), "report.html": query_page(title, found)}
    return _save_all(store, texts, query_figures(found).items())


@task(cache_policy=CONTENT, persist_result=True, result_serializer="json")
def write_elicitation(session: str, record: Artifact) -> dict[str, Artifact]:
    """Write the report of an elicitation; its files by their path in the run's folder."""
    store = RunStore.current()
    found = Elicitation.model_validate_json(store.read_text(record))
    texts = {
        "report.txt": elicitation_text(session, found),
        "report.html": elicitation_page(session, found),
    }
    return _save_all(store, texts, elicitation_figures(session, found).items())


@task(cache_policy=CONTENT, persist_result=True, result_serializer="json")
def write_conflict(record: Artifact) -> dict[str, Artifact]:
    """Write what data say of beliefs; its files by their path in the run's folder."""
    store = RunStore.current()
    found = ConflictRun.model_validate_json(store.read_text(record))
    texts = {"report.txt": conflict_text(found), "report.html": conflict_page(found)}
    return _save_all(store, texts, conflict_figures(found).items())


@task(cache_policy=CONTENT, persist_result=True, result_serializer="json")
def write_update(record: Artifact) -> dict[str, Artifact]:
    """Write which priors should change; its files by their path in the run's folder."""
    store = RunStore.current()
    found = UpdateRun.model_validate_json(store.read_text(record))
    texts = {"report.txt": update_text(found), "report.html": update_page(found)}
    return _save_all(store, texts, update_figures(found).items())


def _save_all(
    store: RunStore, texts: Mapping[str, str], figures: Iterable[tuple[str, Figure]]
) -> dict[str, Artifact]:
    """Keep texts and figures, by their path in the run's folder."""
    saved = {name: store.save_text(name, text) for name, text in texts.items()}
    for title, figure in figures:
        write = partial(_write_bytes, content=as_png(figure))
        saved[f"figures/{title}.png"] = store.save(f"{title}.png", write)
    return saved


def _write_bytes(path: Path, content: bytes) -> None:
    path.write_bytes(content)
