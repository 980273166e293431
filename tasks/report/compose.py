"""A report put together from what the steps found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tasks.beliefs.run_records import ConflictRun
from tasks.domain import PLACEBO, Domain, Node, Task
from tasks.inference.learning_curves import LearningCurve
from tasks.inference.level_pooling import LevelPooling
from tasks.intervention.budget_record import BudgetRecord
from tasks.intervention.replicate_cells import ReplicateCells
from tasks.intervention.retrained_cells import RetrainedCells
from tasks.report.effects import counted_draws, effects_of
from tasks.report.evidence import CalibrationPoint, Diagnostics, GateCheck, ModelCheck, Score
from tasks.report.ranking import rank
from tasks.report.schema import Interaction, KeyImportance, Report, Share
from tasks.targets import describe_target

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Findings:
    """What a run found, as the steps keep it.

    Attributes
    ----------
    contract, name, task
        The domain and what is predicted.
    settings
        Parameters that shape the numbers.
    gate, quality, shares, pooling, diagnostics, model_check
        Contents of ``contract.json``, ``quality.json``, ``shares.json``, ``pooling.json``,
        ``diagnostics.json``, ``model_check.json``.
    keys
        Content of ``keys.json``.
    cells
        Content of ``effects.parquet``.
    draws
        Posterior draws of the effects in per cent, shape (S, K).
    left_out
        Actions that were not simulated, and why.
    not_retrained
        Actions for which members were not fitted anew, and why.
    retrained, retrained_draws
        Content of ``retrained.parquet``, and posterior draws of its effects, shape (S, K'); None
        and no draw where no member was fitted anew.
    real_changes
        Content of ``real_changes.json``.
    curves, budget
        Content of ``learning_curves.json`` and ``budget.json``; None where they were not asked for.
    beliefs
        Content of ``beliefs.json``; None where the contract has no priors.
    """

    contract: Domain
    name: str
    task: Task
    settings: Mapping[str, float | int | str]
    gate: Record
    quality: Record
    shares: Record
    pooling: Sequence[Record]
    diagnostics: Record
    model_check: Record
    keys: Sequence[Record]
    cells: ReplicateCells
    draws: npt.NDArray[np.float64]
    left_out: Mapping[str, str]
    not_retrained: Mapping[str, str]
    real_changes: Mapping[str, Record]
    retrained: RetrainedCells | None
    retrained_draws: npt.NDArray[np.float64]
    curves: Record | None = None
    budget: Record | None = None
    beliefs: Record | None = None


def compose(found: Findings) -> Report:
    """Put the report together.

    Parameters
    ----------
    found
        What the steps found.
    """
    effects = effects_of(found.cells, found.draws, found.retrained, found.retrained_draws)
    draws = counted_draws(found.cells, found.draws, found.retrained, found.retrained_draws)
    n_cells = found.cells.u_before.size
    real = [k for k, effect in enumerate(effects) if effect.node.table != PLACEBO]
    target, unit = describe_target(found.contract, found.task)
    quality = found.quality
    return Report(
        domain=found.contract.name,
        title=found.contract.title,
        task=found.name,
        target=target,
        output=found.task.output,
        unit=unit,
        tables=len(found.contract.tables),
        keys=sum(len(table.foreign_keys) for table in found.contract.tables.values()),
        rules=found.gate["counts"]["rules"],
        gate=_gate(found.gate),
        rows=quality["rows"],
        sampled=quality.get("sampled"),
        settings=dict(found.settings),
        model=quality["model"],
        quality=tuple(Score(name=name, **entry) for name, entry in quality["scores"].items()),
        calibration=tuple(_calibration(*point) for point in quality["calibration"]),
        uncertainty=quality["uncertainty"],
        shares=_shares(found.shares),
        key_importance=_keys(found.keys),
        effects=tuple(effects[k] for k in real),
        ranking=rank([effects[k] for k in real], draws[:, real], found.contract.costs, n_cells),
        placebo=tuple(effect for effect in effects if effect.node.table == PLACEBO),
        pooling=tuple(LevelPooling(**level) for level in found.pooling),
        diagnostics=Diagnostics(
            **{name: found.diagnostics[name] for name in Diagnostics.model_fields}
        ),
        model_check=ModelCheck(**found.model_check),
        beliefs=ConflictRun.model_validate(found.beliefs) if found.beliefs else None,
        interactions=_interactions(found.shares.get("interactions") or ()),
        retraining=_retraining(found.retrained),
        curves=tuple(LearningCurve(**one) for one in (found.curves or {}).get("curves", ())),
        budget=BudgetRecord.model_validate(found.budget) if found.budget else None,
        notes=_notes(found),
    )


def _retraining(retrained: RetrainedCells | None) -> dict[str, int]:
    if retrained is None:
        return {}
    return {
        "training_rows": retrained.training_rows,
        "held_out_rows": retrained.held_out_rows,
    }


def _gate(record: Record) -> tuple[GateCheck, ...]:
    fields = tuple(GateCheck.model_fields)
    return tuple(
        GateCheck(**{field: check[field] for field in fields})
        for check in record["checks"]
        if check["failing"]
    )


def _calibration(said: float, observed: Record) -> CalibrationPoint:
    return CalibrationPoint(
        said=said,
        observed=observed["count"] / observed["n"],
        low=observed["low"],
        high=observed["high"],
        rows=observed["n"],
    )


def _shares(record: Record) -> tuple[Share, ...]:
    return tuple(
        Share(
            node=Node(**entry["node"]),
            fraction=entry["fraction"],
            monte_carlo_error=entry["fraction_monte_carlo_error"],
            standard_error=entry.get("standard_error"),
            extrapolated=entry.get("extrapolated"),
        )
        for level in ("tables", "columns", "ranges")
        for entry in sorted(record[level], key=lambda entry: -entry["fraction"])
    )


def _interactions(entries: Sequence[Record]) -> tuple[Interaction, ...]:
    largest_first = sorted(entries, key=lambda entry: -abs(entry["fraction"]))
    return tuple(Interaction(**entry) for entry in largest_first)


def _keys(entries: Sequence[Record]) -> tuple[KeyImportance, ...]:
    return tuple(
        KeyImportance(key=entry["key"], share=entry["share"], reduction=entry["reduction"])
        for entry in sorted(entries, key=lambda entry: -entry["mean"])
    )


def _notes(found: Findings) -> tuple[str, ...]:
    notes = list(found.quality["not_assessable"])
    if not found.shares["converged"]:
        notes.append("The shares did not reach the precision asked for: see their errors.")
    notes += [reason for action, reason in found.left_out.items() if PLACEBO in action]
    notes += found.not_retrained.values()
    notes += (found.curves or {}).get("left_out", {}).values()
    notes += [f"{one['action']}: {one['note']}" for one in found.real_changes.values()]
    if found.real_changes:
        notes.append("Real changes: neither the target nor its past values change.")
    if found.left_out:
        notes.append(
            f"{len(found.left_out)} interventions at the nodes looked at change nothing, or next "
            "to nothing: left_out.json says why."
        )
    return tuple(notes)
