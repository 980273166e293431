"""What a conflict run tells, put together from its parts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tasks.beliefs.conflict_record import Conflict, Number
from tasks.beliefs.fit_record import FitRecord
from tasks.beliefs.registry_records import Model
from tasks.beliefs.run_records import Calibration, ConflictRun
from tasks.domain import Domain

Kind = Literal["media_mix", "statistics"]


@dataclass(frozen=True)
class Findings:
    """What was found of a client's beliefs.

    Attributes
    ----------
    conflicts
        Of those that could be held against data.
    not_assessable
        Why another one could not, by its quantity.
    level
        Probability of intervals.
    rows
        Of the tables that were read.
    fit
        Of the media mix model; None for statistics.
    joint
        Log Bayes factor of the reference prior against all beliefs at once; None where it was not
        computed.
    notes
        What a reader must know.
    """

    conflicts: tuple[Conflict, ...]
    not_assessable: Mapping[str, str]
    level: float
    rows: int
    fit: FitRecord | None = None
    joint: Number | None = None
    notes: tuple[str, ...] = ()

    @property
    def kind(self) -> Kind:
        """Shares of a media mix, or statistics of columns."""
        return "media_mix" if self.fit else "statistics"

    @property
    def parameters(self) -> int:
        """Of the model; of statistics a mean or rate each."""
        return self.fit.parameters if self.fit else max(len(self.conflicts), 1)


def conflict_run(
    contract: Domain, client: str, found: Findings, calibration: Calibration
) -> ConflictRun:
    """Put a conflict run together.

    Parameters
    ----------
    contract
        Of the model.
    client
        Whose beliefs they are.
    found
        What came of them.
    calibration
        Whether the model is to be calibrated, and was.
    """
    fit = found.fit
    return ConflictRun(
        client=client,
        model=contract.name,
        kind=found.kind,
        title=contract.title,
        period=(fit.first_day, fit.last_day) if fit else None,
        rows=fit.weeks if fit else found.rows,
        parameters=found.parameters,
        level=found.level,
        checks=fit.checks if fit else (),
        is_adequate=fit.is_adequate if fit else True,
        diagnostics=fit.diagnostics if fit else {},
        calibration=calibration,
        joint_log_bayes_factor=found.joint,
        conflicts=found.conflicts,
        not_assessable=dict(found.not_assessable),
        notes=(*found.notes, *(fit.notes if fit else ())),
    )


def decision_worth(contract: Domain, worths: Sequence[float | None]) -> float | None:
    """What hangs on the verdicts at most: of the contract's decision and those of the beliefs."""
    known = [worth for worth in (contract.decision_worth, *worths) if worth is not None]
    return max(known, default=None)


def model_entry(
    contract: Domain,
    found: Findings,
    *,
    run: str,
    run_digest: str,
    source: str,
    data_digest: str | None,
    program_digest: str | None,
    design_digest: str | None,
) -> Model:
    """The model as the registry keeps it.

    Parameters
    ----------
    contract, found
        As of `conflict_run`.
    run, run_digest
        Name of the run, and digest of its record.
    source, data_digest
        Where the data lie, and their digest.
    program_digest, design_digest
        By which its calibrations are found; None for statistics.
    """
    fit = found.fit
    facts: dict[str, Any] = fit.model_dump(mode="json") if fit else {}
    return Model(
        run=run,
        run_digest=run_digest,
        model_id=contract.name,
        kind=found.kind,
        program="media_mix.stan" if fit else "",
        program_digest=program_digest,
        design_digest=design_digest,
        parameters=found.parameters,
        contract=contract.model_dump(mode="json", exclude_defaults=True),
        source=source,
        data_digest=data_digest,
        facts=facts,
    )
