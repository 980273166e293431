"""Which Stan programs have a generator, and how to get it for a user's design."""

from collections.abc import Mapping
from typing import Any

from tasks.calibration.simulator import Simulator
from tasks.calibration.simulators.hierarchical_normal import HierarchicalNormal
from tasks.calibration.simulators.intervention_effects import InterventionEffects
from tasks.calibration.simulators.key_importance import KeyImportance
from tasks.errors import InputError

MODELS: dict[str, type[HierarchicalNormal | InterventionEffects | KeyImportance]] = {
    "hierarchical_noncentered": HierarchicalNormal,
    "intervention_effects": InterventionEffects,
    "key_importance": KeyImportance,
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
        If no generator is known for the model, or the data lack a variable of the design or hold
        one out of its bounds.

    Examples
    --------
    >>> simulator_of("key_importance").program
    'key_importance.stan'
    """
    if model not in MODELS:
        raise InputError(
            f"There is no generator for model {model}; known: {', '.join(MODELS)}. Write one in "
            "tasks/calibration/simulators/ and list it in models.py."
        )
    return MODELS[model]() if data is None else MODELS[model].from_data(data)
