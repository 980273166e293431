"""Which Stan programs have a generator, and how to get it for a user's design."""

from collections.abc import Mapping
from typing import Any, Literal

from tasks.bayes.stan_program import compile_program
from tasks.calibration.simulator import DesignedSimulator, Simulator
from tasks.calibration.simulators.acquisition_curve import AcquisitionCurve
from tasks.calibration.simulators.complete_pooling import CompletePooling
from tasks.calibration.simulators.hierarchical_adaptive import HierarchicalAdaptive
from tasks.calibration.simulators.hierarchical_covariates import HierarchicalCovariates
from tasks.calibration.simulators.hierarchical_normal import HierarchicalNormal
from tasks.calibration.simulators.hierarchical_student_t import HierarchicalStudentT
from tasks.calibration.simulators.intervention_effects import InterventionEffects
from tasks.calibration.simulators.key_importance import KeyImportance
from tasks.calibration.simulators.media_mix import MediaMix
from tasks.calibration.simulators.precision_regression import PrecisionRegression
from tasks.errors import InputError
from tasks.locations import resource

Validation = Literal["quick", "comprehensive", "posterior"]
"""Kinds of calibration."""

MODELS: dict[str, type[DesignedSimulator]] = {
    "hierarchical_noncentered": HierarchicalNormal,
    "hierarchical_adaptive": HierarchicalAdaptive,
    "hierarchical_covariates": HierarchicalCovariates,
    "hierarchical_student_t": HierarchicalStudentT,
    "complete_pooling": CompletePooling,
    "precision_regression": PrecisionRegression,
    "intervention_effects": InterventionEffects,
    "key_importance": KeyImportance,
    "media_mix": MediaMix,
    "acquisition_curve": AcquisitionCurve,
}
"""Generators by the name of their program without its ending."""


def simulator_of(model: str, data: Mapping[str, Any] | None = None) -> Simulator:
    """Generator of parameters and data for a model.

    Parameters
    ----------
    model
        Name of its program in ``stan/``, without the ending.
    data
        Data of the program whose design and priors are to be calibrated; what was observed is not
        looked at. None takes the generator's own design.

    Raises
    ------
    InputError
        If there is no such model or no generator for it, or the data lack a variable of the design
        or hold one out of its bounds.

    Examples
    --------
    >>> simulator_of("key_importance").program
    'key_importance.stan'
    """
    if model not in MODELS:
        choice = f"choose one of {', '.join(MODELS)}"
        if resource("stan", f"{model}.stan").exists():
            raise InputError(
                f"The program stan/{model}.stan has no generator of parameters and data: write one "
                f"in tasks/calibration/simulators/ and list it in models.py, or {choice}."
            )
        raise InputError(f"There is no model {model!r} in stan/: {choice}.")
    return MODELS[model]() if data is None else MODELS[model].from_data(data)


def program_digest(model: str) -> str:
    """Digest of a model's program, which is compiled where it was not."""
    return compile_program(resource("stan", simulator_of(model).program), many_fits=True).digest
