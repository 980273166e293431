"""Parameters of a calibration: what Prefect's page asks for and what the command line sets."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from flows.form import TAG, form
from tasks.calibration.models import MODELS, Validation, simulator_of
from tasks.calibration.sequential import FEWEST

PARAMETERS = "parameters.json"
DATA = "data.json"
"""What a run's folder holds from its beginning, so that it can be resumed."""
TITLES = {
    "model_id": "Model",
    "validation_type": "Kind of validation",
    "num_simulations": "Simulated data sets",
    "data": "Data, for their design",
    "design_of": "Run, for its design",
}


class SbcParameters(BaseModel):
    """One simulation-based calibration of a Bayesian model."""

    model_config = ConfigDict(frozen=True, extra="forbid", **form(titles=TITLES))

    model_id: Annotated[
        str,
        Field(
            description="Stan program to calibrate, by its name.",
            json_schema_extra={"enum": list(MODELS)},
        ),
    ] = "hierarchical_noncentered"
    validation_type: Annotated[
        Validation,
        Field(
            description="quick: stops early on a clear failure, ranks parameters and joint log "
            "likelihood. comprehensive: all simulations, further quantities too. posterior: "
            "around the posterior given data or design_of."
        ),
    ] = "comprehensive"
    num_simulations: Annotated[
        int, Field(ge=FEWEST, le=1_000_000, description="Data sets to simulate and fit.")
    ] = 1000
    data: Annotated[
        str | None,
        Field(
            description="JSON file of the program's data, whose design and priors are "
            "calibrated; the model's own design where nothing is given."
        ),
    ] = None
    design_of: Annotated[
        str | None,
        Field(description="Run that fitted the model, in place of data: its design is calibrated."),
    ] = None
    seed: Annotated[int, Field(ge=0, lt=2**32, description="Of all random numbers.")] = 1
    adapt_delta: Annotated[
        float, Field(gt=0, lt=1, description="Acceptance rate that warm-up aims at.")
    ] = 0.8

    @field_validator("model_id")
    @classmethod
    def _has_a_generator(cls, model: str) -> str:
        simulator_of(model)
        return model

    @model_validator(mode="after")
    def _has_one_design(self) -> Self:
        if self.data is not None and self.design_of is not None:
            raise ValueError(
                "data and design_of both give a design: leave one of them out, got "
                f"{self.data!r} and {self.design_of!r}"
            )
        return self

    @model_validator(mode="after")
    def _has_what_it_is_around(self) -> Self:
        if self.validation_type == "posterior" and self.data is None and self.design_of is None:
            raise ValueError(
                f"posterior calibration of {self.model_id} needs the data to calibrate around: "
                "give a JSON file as data (--data FILE.json)"
            )
        return self

    @property
    def run_title(self) -> str:
        """Model, kind and number."""
        return f"{self.model_id}: {self.validation_type}, {self.num_simulations:,} simulations"

    @property
    def tags(self) -> tuple[str, ...]:
        """As `JobParameters` has it."""
        return TAG, "sbc", self.model_id
