"""How a structural model is fitted and judged: what a request, a flow and a cache key share."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from tasks.intervention.structural.candidates import Quality
from tasks.intervention.structural.traces import Missing
from tasks.intervention.structural.validation import Scope


class FitSettings(BaseModel):
    """Quality, test and limits of a fit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    quality: Annotated[
        Quality,
        Field(
            description="Which models compete for each node: good (linear, polynomial, boosting), "
            "better (also forests, support vectors, neighbours and others); best (AutoGluon) is "
            "refused, since it goes with no pandas from 3 on."
        ),
    ] = "good"
    validate_r2: Annotated[
        bool, Field(description="Refuse a model whose mechanisms do not hold on held-out rows.")
    ] = True
    r2_threshold: Annotated[float, Field(ge=0, le=1, description="Least R² on held-out rows.")] = (
        0.7
    )
    scope: Annotated[
        Scope,
        Field(description="Whether every node must reach the threshold, or the mean of all nodes."),
    ] = "every_node"
    test_size: Annotated[
        float, Field(ge=0.05, le=0.5, description="Part of the rows that is held out.")
    ] = 0.2
    missing: Annotated[
        Missing,
        Field(description="Whether rows with missing values are an error, or are left out."),
    ] = "error"
    time_limit: Annotated[
        float, Field(gt=0, le=86_400, description="Seconds that the fit may take.")
    ] = 600.0
    seed: Annotated[int, Field(ge=0, lt=2**32, description="Of all random numbers.")] = 1

    @field_validator("quality", "scope", "missing", mode="before")
    @classmethod
    def _in_lower_case(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value
