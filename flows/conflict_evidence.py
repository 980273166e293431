"""The data's side of a client's beliefs: a fitted media mix model, or statistics of columns."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from flows.belief_parameters import PriorConflictParameters
from flows.narration import Narrator
from tasks.bayes.stan_data import read_data
from tasks.beliefs.conflict_record import Number
from tasks.beliefs.conflict_run import Findings
from tasks.beliefs.fit_record import FitRecord
from tasks.beliefs.held import HeldPrior
from tasks.beliefs.holding import Held
from tasks.beliefs.share_sides import difference, share_beliefs
from tasks.beliefs.steps import FittedShares, fit_shares, hold_columns, hold_shares
from tasks.calibration.design import design_digest
from tasks.calibration.models import program_digest, simulator_of
from tasks.domain import Domain, MediaMix
from tasks.errors import RunError
from tasks.run_store import Artifact, RunStore

MODEL = "media_mix"
DESIGN = "model_data.json"


@dataclass(frozen=True)
class Evidence:
    """What the data say.

    Attributes
    ----------
    held
        Each belief that could be held against them.
    findings
        The same, for the report.
    program_digest, design_digest
        By which calibrations of the model are found; None for statistics.
    files
        Of the run.
    """

    held: Held
    findings: Findings
    program_digest: str | None = None
    design_digest: str | None = None
    files: dict[str, Artifact] = field(default_factory=dict)


def evidence(
    narrator: Narrator,
    contract: Domain,
    tables: dict[str, Artifact],
    priors: Sequence[HeldPrior],
    parameters: PriorConflictParameters,
) -> Evidence:
    """Hold beliefs against a contract's data.

    Parameters
    ----------
    narrator
        Of the run.
    contract
        With a ``media_mix`` block, or beliefs are on means and rates of its columns.
    tables
        By name.
    priors
        The beliefs.
    parameters
        Of the run.
    """
    if contract.media_mix is None:
        return _by_statistics(narrator, contract, tables, priors, parameters)
    return _by_media_mix(narrator, contract.media_mix, tables, priors, parameters)


def _by_media_mix(
    narrator: Narrator,
    block: MediaMix,
    tables: dict[str, Artifact],
    priors: Sequence[HeldPrior],
    parameters: PriorConflictParameters,
) -> Evidence:
    store, table = RunStore.current(), tables[block.table]
    period = parameters.data_period_months, parameters.until
    level, seed = parameters.confidence_threshold, parameters.seed
    fitted = narrator.run(
        "shares under the reference prior", fit_shares, table, block, *period, {}, seed
    )
    fit = FitRecord.model_validate_json(store.read_text(fitted.record))
    held = narrator.run(
        "beliefs held against the shares", hold_shares, fitted, list(priors), level, seed
    )
    stated = share_beliefs(priors, fit.channels)
    joint: Number | None = None
    files = {DESIGN: fitted.data, "posterior.nc": fitted.posterior, "fit.json": fitted.record}
    notes: tuple[str, ...] = ()
    if stated:
        try:
            under = narrator.run(
                "shares under all beliefs", fit_shares, table, block, *period, stated, seed
            )
        except RunError as error:
            notes = (f"All beliefs at once are not assessable: {error}",)
        else:
            joint = difference(fit.evidence, _evidence_of(store, under))
            files["client_posterior.nc"] = under.posterior
    findings = Findings(
        conflicts=tuple(belief.conflict for belief in held.beliefs),
        not_assessable=held.not_assessable,
        level=level,
        fit=fit,
        joint=joint,
        rows=fit.weeks,
        notes=notes,
    )
    design = simulator_of(MODEL, read_data(store.fetch(fitted.data)))
    return Evidence(held, findings, program_digest(MODEL), design_digest(design), files)


def _evidence_of(store: RunStore, fitted: FittedShares) -> Number:
    return FitRecord.model_validate_json(store.read_text(fitted.record)).evidence


def _by_statistics(
    narrator: Narrator,
    contract: Domain,
    tables: dict[str, Artifact],
    priors: Sequence[HeldPrior],
    parameters: PriorConflictParameters,
) -> Evidence:
    store, level = RunStore.current(), parameters.confidence_threshold
    held = narrator.run(
        "beliefs held against the columns",
        hold_columns,
        contract,
        tables,
        list(priors),
        parameters.data_period_months,
        parameters.until,
        level,
    )
    rows = sum(
        pl.scan_parquet(store.fetch(table), glob=False).select(pl.len()).collect().item()
        for table in tables.values()
    )
    findings = Findings(
        conflicts=tuple(belief.conflict for belief in held.beliefs),
        not_assessable=held.not_assessable,
        level=level,
        rows=rows,
        notes=(
            "Posteriors of means and rates are computed exactly, by quadrature: there is no "
            "sampler to calibrate.",
        ),
    )
    return Evidence(held, findings)
