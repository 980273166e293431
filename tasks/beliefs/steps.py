"""Steps of the beliefs: models fitted, beliefs held against them, updates recommended."""

import json
from collections.abc import Mapping
from datetime import date

import arviz as az
import polars as pl
from prefect import task
from pydantic import BaseModel, TypeAdapter

from tasks.bayes.bridge_sampling import LogEvidence
from tasks.bayes.stan_data import data_json, read_data
from tasks.beliefs.analysis_sides import measured_quantities, measured_side
from tasks.beliefs.bayes_factor import Bridged
from tasks.beliefs.belief import Belief
from tasks.beliefs.column_sides import KINDS, column_side
from tasks.beliefs.conflict_record import Strategy, Update
from tasks.beliefs.conflict_run import Findings, conflict_run
from tasks.beliefs.data_side import DataSide
from tasks.beliefs.fit_record import FitRecord, fit_record
from tasks.beliefs.held import HeldPrior, contract_priors
from tasks.beliefs.holding import Held, HeldBelief, hold, update_of
from tasks.beliefs.media_mix import fit_media_mix, program_data
from tasks.beliefs.media_mix_data import REFERENCE, media_mix_data, share_priors
from tasks.beliefs.quantities import parse_quantity
from tasks.beliefs.share_sides import bridge_where_needed, channel_of, share_side
from tasks.beliefs.trust import without_program
from tasks.cache import CONTENT, was_killed
from tasks.domain import Domain, MediaMix
from tasks.intervention.cell_table import cells_from_table
from tasks.run_store import Artifact, RunStore

CONTRACT = "contract"
"""Whose beliefs the priors of a contract are."""
UPDATES = TypeAdapter(tuple[Update, ...])


class FittedShares(BaseModel):
    """A media mix model fitted under some priors of the shares.

    Attributes
    ----------
    posterior
        ``posterior.nc``: an InferenceData.
    data
        ``model_data.json``: what the program was given.
    record
        ``fit.json``: a `FitRecord`.
    """

    posterior: Artifact
    data: Artifact
    record: Artifact


@task(
    cache_policy=CONTENT,
    persist_result=True,
    result_serializer="json",
    retries=1,
    retry_delay_seconds=10,
    retry_condition_fn=was_killed,
)
def fit_shares(
    table: Artifact,
    block: MediaMix,
    months: int,
    until: date | None,
    beliefs: dict[str, Belief],
    seed: int,
) -> FittedShares:
    """Fit the media mix model under beliefs by channel; without one under the reference prior."""
    store = RunStore.current()
    data = media_mix_data(
        pl.read_parquet(store.fetch(table), glob=False), block, months=months, until=until
    )
    values = program_data(data, beliefs)
    evidence, passed = fit_media_mix(values, seed=seed)
    record = fit_record(data, evidence, passed.fit)
    return FittedShares(
        posterior=store.save("posterior.nc", lambda path: passed.fit.to_netcdf(str(path))),
        data=store.save_text("model_data.json", data_json(values)),
        record=store.save_text("fit.json", record.model_dump_json(indent=1)),
    )


@task(
    cache_policy=CONTENT,
    persist_result=True,
    result_serializer="json",
    retries=1,
    retry_delay_seconds=10,
    retry_condition_fn=was_killed,
)
def hold_shares(reference: FittedShares, priors: list[HeldPrior], level: float, seed: int) -> Held:
    """Hold beliefs on channels' shares against the fit under the reference prior.

    Where its draws do not reach a belief the model is fitted under that too.
    """
    store = RunStore.current()
    fit = az.from_netcdf(str(store.fetch(reference.posterior)))
    record = FitRecord.model_validate_json(store.read_text(reference.record))
    data = read_data(store.fetch(reference.data))

    def refit(beliefs: Mapping[str, Belief]) -> tuple[LogEvidence, az.InferenceData]:
        evidence, passed = fit_media_mix(data | share_priors(record.channels, beliefs), seed=seed)
        return evidence, passed.fit

    def sides(prior: HeldPrior) -> tuple[DataSide, Bridged | None]:
        channel = channel_of(prior.quantity, record.channels)
        side = share_side(fit, record.channels, channel, REFERENCE)
        return side, bridge_where_needed(
            side, channel, prior.belief, record.channels, record.evidence, refit
        )

    return hold(store, priors, level, sides)


@task(cache_policy=CONTENT, persist_result=True, result_serializer="json")
def hold_columns(
    contract: Domain,
    tables: dict[str, Artifact],
    priors: list[HeldPrior],
    months: int,
    until: date | None,
    level: float,
) -> Held:
    """Hold beliefs on means and rates of columns against the sufficient statistics of the rows."""
    store = RunStore.current()
    frames = {
        name: pl.scan_parquet(store.fetch(table), glob=False) for name, table in tables.items()
    }
    period = months, until

    def sides(prior: HeldPrior) -> tuple[DataSide, None]:
        return column_side(contract, frames, prior.quantity, prior.belief, period), None

    return hold(store, priors, level, sides)


@task(cache_policy=CONTENT, persist_result=True, result_serializer="json")
def hold_analysis(
    contract: Domain,
    tables: dict[str, Artifact],
    shares: Artifact,
    effects: Artifact,
    level: float,
) -> Artifact:
    """Hold a contract's priors against what the main job has measured, and its columns."""
    store = RunStore.current()
    frames = {
        name: pl.scan_parquet(store.fetch(table), glob=False) for name, table in tables.items()
    }
    measured = measured_quantities(
        json.loads(store.read_text(shares)),
        cells_from_table(pl.read_parquet(store.fetch(effects), glob=False)),
    )

    def sides(prior: HeldPrior) -> tuple[DataSide, None]:
        if parse_quantity(prior.quantity).kind in KINDS:
            return column_side(contract, frames, prior.quantity, prior.belief, None), None
        return measured_side(measured, prior.quantity, prior.belief), None

    held = hold(store, list(contract_priors(contract)), level, sides)
    rows = sum(frame.select(pl.len()).collect().item() for frame in frames.values())
    found = Findings(
        conflicts=tuple(belief.conflict for belief in held.beliefs),
        not_assessable=held.not_assessable,
        level=level,
        rows=rows,
    )
    told = conflict_run(contract, CONTRACT, found, without_program())
    return store.save_text("beliefs.json", told.model_dump_json(indent=1))


@task(cache_policy=CONTENT, persist_result=True, result_serializer="json")
def recommend_updates(
    held: list[HeldBelief], strategy: Strategy, min_evidence_strength: float
) -> Artifact:
    """Recommend a prior for each belief that was held against data."""
    store = RunStore.current()
    updates = [update_of(store, belief, strategy, min_evidence_strength) for belief in held]
    return store.save_text("updates.json", UPDATES.dump_json(tuple(updates), indent=1).decode())
