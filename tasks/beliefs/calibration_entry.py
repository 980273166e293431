"""A simulation-based calibration as rows of the registry."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tasks.beliefs.registry_findings import Validation, ValidationResult
from tasks.beliefs.registry_records import Model
from tasks.calibration.design import design_digest
from tasks.calibration.models import Validation as Kind
from tasks.calibration.simulator import Simulator


def program_entry(simulator: Simulator, program_digest: str, *, run: str, run_digest: str) -> Model:
    """A program with a design, as the registry keeps what is calibrated.

    Parameters
    ----------
    simulator
        Of the design.
    program_digest
        Of the program.
    run, run_digest
        Name of the run, and digest of its record.
    """
    drawn = simulator.draw_parameters(np.random.default_rng(0))
    return Model(
        run=run,
        run_digest=run_digest,
        model_id=simulator.program,
        kind="program",
        program=simulator.program,
        program_digest=program_digest,
        design_digest=design_digest(simulator),
        parameters=sum(values.size for values in drawn.values()),
    )


def validation_entry(
    report: Mapping[str, Any],
    model: Model,
    model_key: int,
    kind: Kind,
    *,
    run: str,
    run_digest: str,
) -> Validation:
    """A calibration for the registry.

    Parameters
    ----------
    report
        Content of the calibration's ``report.json``.
    model, model_key
        What was calibrated, and its identifier.
    kind
        Of the calibration.
    run, run_digest
        Name of the run, and digest of its record.
    """
    if model.program_digest is None or model.design_digest is None:
        raise ValueError(f"{model.model_id} has no program to calibrate")
    return Validation(
        run=run,
        run_digest=run_digest,
        model_key=model_key,
        program_digest=model.program_digest,
        design_digest=model.design_digest,
        validation_type=kind,
        simulations=report["simulations"]["made"],
        seed=report["settings"]["seed"],
        verdict=report["status"],
        alpha=report["alpha"],
        results=tuple(
            ValidationResult(
                quantity=quantity["name"],
                p_value=quantity["p_value"],
                adjusted_p_value=quantity["adjusted_p_value"],
                is_rejected=quantity["is_rejected"],
                record=dict(quantity),
            )
            for quantity in report["quantities"]
        ),
    )
