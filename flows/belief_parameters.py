"""Parameters of the flows on beliefs: what Prefect's page, the API and the command line set."""

from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from flows.analysis_names import domain_name
from flows.form import TAG, form
from flows.source_parameter import PLACES, Location
from tasks.beliefs.conflict_record import Strategy
from tasks.beliefs.elicitation_record import Name

Identifier = Annotated[str, Field(min_length=1, max_length=300)]
Seed = Annotated[int, Field(ge=0, lt=2**32, description="Of all random numbers.")]


TITLES = {
    "answers": "Answers of the client",
    "client_id": "Client",
    "model_id": "Model: a domain",
    "source": "Where the tables lie",
    "data_period_months": "Months of data",
    "until": "Last day",
    "session_id": "Session",
    "update_strategy": "Strategy",
    "min_evidence_strength": "Least Bayes factor",
}


class _Parameters(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, **form(titles=TITLES)
    )


class ElicitParameters(_Parameters):
    """One session of elicitation."""

    answers: Annotated[
        str, Field(description="YAML file of what the client said (data_contracts/examples).")
    ]

    @property
    def run_title(self) -> str:
        """Name of the file."""
        return Path(self.answers).stem

    @property
    def tags(self) -> tuple[str, ...]:
        """As `JobParameters` has it."""
        return TAG, "elicit", Path(self.answers).stem


class PriorConflictParameters(_Parameters):
    """A client's current priors held against data."""

    client_id: Annotated[Name, Field(description="Whose beliefs are tested.")]
    model_id: Annotated[
        Identifier,
        Field(
            description="Domain, or path of a contract, whose quantities the beliefs speak of: "
            "with a media_mix block its channels' shares, else means of its columns."
        ),
    ]
    source: Annotated[
        Location | None,
        Field(
            description=f"Where the tables lie: {PLACES}; where nothing is given that of the "
            "model's last conflict, else the contract's own."
        ),
    ] = None
    data_period_months: Annotated[
        int, Field(ge=1, le=600, description="Months of data, back from their end.")
    ] = 24
    until: Annotated[
        date | None, Field(description="Last day of the data; their own where nothing is given.")
    ] = None
    confidence_threshold: Annotated[
        float,
        Field(
            gt=0.5,
            lt=1,
            description="Probability of intervals; data that are less probable than the rest "
            "under a belief are in conflict with it.",
        ),
    ] = 0.95
    seed: Seed = 1

    @property
    def run_title(self) -> str:
        """Client and model."""
        return f"{self.client_id}: {domain_name(self.model_id)}"

    @property
    def tags(self) -> tuple[str, ...]:
        """As `JobParameters` has it."""
        return TAG, "prior", self.client_id


class UpdateParameters(_Parameters):
    """New priors for those of a session that the data speak against."""

    session_id: Annotated[Identifier, Field(description="Session of elicitation.")]
    update_strategy: Annotated[
        Strategy,
        Field(
            description="evidence_weighted: mixture of belief and reference by their posterior "
            "probabilities. power_prior: the belief flattened as far as the data demand. replace: "
            "what the data say, as a law of the same family. keep: the belief stands."
        ),
    ] = "evidence_weighted"
    min_evidence_strength: Annotated[
        float, Field(ge=1, description="Bayes factor from which on a belief is changed.")
    ] = 10.0

    @property
    def run_title(self) -> str:
        """Session and strategy."""
        return f"{self.session_id}: {self.update_strategy}"

    @property
    def tags(self) -> tuple[str, ...]:
        """As `JobParameters` has it."""
        return TAG, "update", self.session_id
