"""The words and the kinds of values that the registry's records and tables share."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, JsonValue

from tasks.beliefs.elicitation_record import How
from tasks.calibration.verdict import Outcome

Kind = Literal["media_mix", "statistics", "program"]
"""Of a model: a media mix, statistics with their standard errors, any other Stan program."""
Method = Literal[How, "update"]
"""By which a prior was made; ``update``: by accepting a recommendation."""
Status = Literal["proposed", "accepted", "rejected"]
SbcStatus = Literal[Outcome, "missing"]
"""Verdict of a model's newest calibration, or that there is none."""
ValidationType = Literal["quick", "comprehensive", "posterior"]

LARGEST = 1e308
"""Of the numbers that are kept."""
LARGEST_COUNT = 2**31 - 1
LARGEST_SEED = 2**63 - 1


def _storable(text: str) -> str:
    if "\0" in text:
        raise ValueError("text must not hold the character 0")
    text.encode()  # half a surrogate pair is a ValueError
    return text


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


Words = Annotated[str, AfterValidator(_storable)]
"""A text that both databases can hold; it may be empty."""
Name = Annotated[Words, Field(pattern=r"\S")]
"""A text that is not blank."""
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256 in hexadecimal digits."""
Json = dict[str, JsonValue]
"""What JSON can hold: finite numbers, and lists for tuples."""
Real = Annotated[float, Field(ge=-LARGEST, le=LARGEST)]
NotNegative = Annotated[float, Field(ge=0, le=LARGEST)]
Probability = Annotated[float, Field(ge=0, le=1)]
OpenProbability = Annotated[float, Field(gt=0, lt=1)]
Count = Annotated[int, Field(ge=1, le=LARGEST_COUNT)]
Seed = Annotated[int, Field(ge=0, le=LARGEST_SEED)]
Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""With a time zone; kept in UTC."""


def check_unique(names: Iterable[str], what: str) -> None:
    """Raise a ValueError if a name comes twice; ``what`` says of what the names are."""
    repeated = sorted(name for name, count in Counter(names).items() if count > 1)
    if repeated:
        raise ValueError(f"{what} must be named once each, got {', '.join(repeated)} more often")


class Record(BaseModel):
    """Base of all records: they do not change, and an unknown key is an error."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, from_attributes=True
    )


class FromRun(Record):
    """What a run found.

    Attributes
    ----------
    run
        Its name.
    run_digest
        SHA-256 of the run's record file that this was made from.
    """

    run: Name
    run_digest: Digest


class Stored(FromRun):
    """What the registry holds.

    Attributes
    ----------
    created_at
        When it was written.
    """

    created_at: Moment
