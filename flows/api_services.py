"""What the HTTP service offers: which parameters a client sends, and which flow then runs."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError, create_model

from flows.api_child import run_in_child
from flows.api_guard import TOKEN, served_place
from flows.belief_parameters import PriorConflictParameters, UpdateParameters
from flows.refusal import refusal
from flows.sbc_parameters import SbcParameters
from tasks.contract import known_domains
from tasks.errors import InputError

_OVER_HTTP: dict[str, Any] = {
    name: (field.annotation, field)
    for name, field in SbcParameters.model_fields.items()
    if name != "data"
}
SbcRequest: type[BaseModel] = create_model(
    "SbcRequest", __config__=SbcParameters.model_config, **_OVER_HTTP
)
"""A calibration without ``data``, which names a file of the server."""


@dataclass(frozen=True)
class Service:
    """Long work that a client may ask for.

    Attributes
    ----------
    description
        For the client.
    request
        What the client sends.
    admit
        Makes the flow's parameters of it; refuses by an InputError or a ValidationError.
    flow
        Where the flow is, as ``module:name``.
    example
        A request.
    """

    description: str
    request: type[BaseModel]
    admit: Callable[[BaseModel], BaseModel]
    flow: str
    example: Mapping[str, object]


def read_request(service: Service, values: object) -> BaseModel:
    """Check what a client sent, strictly: no text passes for a number.

    Parameters
    ----------
    service
        Which the request is for.
    values
        From JSON.

    Raises
    ------
    InputError
        If they break a rule of the service or of its flow.
    """
    if not isinstance(values, dict):
        raise InputError(
            f"The request must be an object of parameters, got {type(values).__name__}."
        )
    try:
        text = json.dumps(values, allow_nan=False)
    except ValueError as error:
        raise InputError("The request must hold finite numbers, got one that is not.") from error
    try:
        request = service.request.model_validate_json(text, strict=True)
        service.admit(request)
    except ValidationError as error:
        raise InputError(refusal(service.request, error)) from error
    return request


async def run_service(name: str, values: Mapping[str, Any]) -> str:
    """Carry out a service in a process of its own, which does not see the token.

    Parameters
    ----------
    name
        Of the service.
    values
        A request that was checked, as JSON.

    Returns
    -------
    str
        The run, as ``domain/run_id``.
    """
    service = SERVICES[name]
    parameters = service.admit(service.request.model_validate(values))
    environment = {name: value for name, value in os.environ.items() if name != TOKEN}
    return await run_in_child(service.flow, parameters, environment)


def _with_places(request: BaseModel) -> BaseModel:
    values = request.model_dump()
    domains = known_domains()
    if values["model_id"] not in domains:
        name = f"model_id, where it is none of {', '.join(domains)},"
        values["model_id"] = str(served_place(values["model_id"], name))
    if values["source"] is not None:
        values["source"] = str(served_place(values["source"], "source"))
    return PriorConflictParameters.model_validate(values)


def _calibration(request: BaseModel) -> BaseModel:
    values = request.model_dump()
    if values["validation_type"] == "posterior" and not values["design_of"]:
        raise InputError(
            "posterior calibration needs the run to calibrate around: name one as design_of."
        )
    return SbcParameters.model_validate(values)


def _as_it_is(request: BaseModel) -> BaseModel:
    return request


SERVICES = {
    "prior-conflict": Service(
        "Hold a client's current priors against data. A model_id that is no known domain, and "
        "source, are paths relative to the folder that the server serves, if any.",
        PriorConflictParameters,
        _with_places,
        "flows.prior_conflict:prior_conflict",
        {"client_id": "acme", "model_id": "media_mix", "data_period_months": 12},
    ),
    "sbc-validate": Service(
        "Calibrate a Bayesian model by simulation: whether its posterior can be trusted.",
        SbcRequest,
        _calibration,
        "flows.sbc_validate:sbc_validate",
        {"model_id": "hierarchical_noncentered", "validation_type": "quick", "seed": 1},
    ),
    "update-priors": Service(
        "Recommend new priors for those of a session that the data speak against.",
        UpdateParameters,
        _as_it_is,
        "flows.update_priors:update_priors",
        {"session_id": "SESSION", "update_strategy": "evidence_weighted"},
    ),
}
"""By the last part of their address."""
