"""What goes into the registry of beliefs and what comes out of it: sessions, priors, models."""

from typing import Annotated, Self

from pydantic import Field, JsonValue, model_validator

from tasks.beliefs.registry_types import (
    Count,
    Digest,
    FromRun,
    Json,
    Kind,
    Method,
    Moment,
    Name,
    NotNegative,
    OpenProbability,
    Record,
    Stored,
    Words,
    check_unique,
)


class Prior(Record):
    """What a client believes of one quantity.

    Attributes
    ----------
    belief
        A `tasks.beliefs.belief.Belief` as JSON.
    confidence
        Of the client in the belief, between 0 and 1.
    answers
        What the client said, by which the belief was fitted.
    residual
        How far the belief misses the answers; None where there is nothing to miss.
    decision
        The client's threshold of the quantity and what a decision there is worth, if known.
    """

    quantity: Name
    belief: Json
    confidence: OpenProbability
    method: Method
    answers: JsonValue = Field(default_factory=list)
    residual: NotNegative | None = None
    decision: Json | None = None
    note: Words = ""


class StoredPrior(Prior, Stored):
    """A prior in the registry.

    Attributes
    ----------
    supersedes_id
        The prior of the same client, model and quantity that was current until then.
    """

    id: int
    session_id: str
    supersedes_id: int | None


class SessionHead(FromRun):
    """Whose beliefs were elicited, of which model and when."""

    client_id: Name
    model_id: Name
    note: Words = ""
    elicited_at: Moment


class ElicitationSession(SessionHead):
    """What a client said in one sitting.

    Attributes
    ----------
    priors
        At least one, of a quantity each.
    """

    priors: Annotated[tuple[Prior, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _quantities_differ(self) -> Self:
        check_unique([prior.quantity for prior in self.priors], "quantities of a session")
        return self


class StoredSession(SessionHead, Stored):
    """A session in the registry; its priors are kept beside it."""

    id: str


class Model(FromRun):
    """A model that beliefs are about.

    Attributes
    ----------
    program, program_digest
        Of a Stan program; empty and None for statistics.
    design_digest
        Of what was simulated from, by which calibrations are found.
    parameters
        How many it has.
    contract
        The domain's contract as it was used, or empty.
    source
        Where the data lie.
    facts
        Of the fit, such as its gate and predictive checks.
    """

    model_id: Name
    kind: Kind
    program: Words = ""
    program_digest: Digest | None = None
    design_digest: Digest | None = None
    parameters: Count
    contract: Json = Field(default_factory=dict)
    source: Words = ""
    data_digest: Digest | None = None
    facts: Json = Field(default_factory=dict)

    @model_validator(mode="after")
    def _has_its_program(self) -> Self:
        if (self.kind == "statistics") is bool(self.program.strip()):
            raise ValueError("statistics have no program, and any other model has one")
        return self


class StoredModel(Model, Stored):
    """A version of a model in the registry: 1, 2, ... of each ``model_id``."""

    id: int
    version: Count
