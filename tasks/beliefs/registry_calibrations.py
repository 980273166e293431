"""Simulation-based calibrations of models, found by what was calibrated."""

from sqlalchemy import ColumnElement, select

from tasks.beliefs.registry import Registry
from tasks.beliefs.registry_findings import StoredValidation, Validation
from tasks.beliefs.registry_lookup import known
from tasks.beliefs.tables import ModelMetadata, SbcResult, SbcValidation


def record_validation(registry: Registry, validation: Validation) -> int:
    """Keep a calibration with its results.

    Returns
    -------
    int
        Its identifier.

    Raises
    ------
    InputError
        If the registry does not know the model.
    """
    origin = validation.model_dump(include={"run", "run_digest"})
    with registry.transaction("adding") as session:
        known(session, ModelMetadata, validation.model_key)
        row = SbcValidation(
            **validation.model_dump(exclude={"results"}),
            results=[SbcResult(**result.model_dump(), **origin) for result in validation.results],
        )
        session.add(row)
        session.flush()
        return row.id


def newest_validation(
    registry: Registry, program_digest: str, design_digest: str
) -> StoredValidation | None:
    """The newest calibration of a program with a design; None where there is none."""
    return _newest(registry, program_digest, SbcValidation.design_digest == design_digest)


def newest_elsewhere(
    registry: Registry, program_digest: str, design_digest: str
) -> StoredValidation | None:
    """The newest calibration of a program with any other design; None where there is none."""
    return _newest(registry, program_digest, SbcValidation.design_digest != design_digest)


def _newest(
    registry: Registry, program_digest: str, design: ColumnElement[bool]
) -> StoredValidation | None:
    with registry.transaction("reading") as session:
        newest_first = (
            select(SbcValidation)
            .where(SbcValidation.program_digest == program_digest, design)
            .order_by(SbcValidation.id.desc())
        )
        row = session.scalars(newest_first.limit(1)).first()
        return None if row is None else StoredValidation.model_validate(row)
