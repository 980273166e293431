"""What a client says in an interview, as its YAML file holds it; `answer_checks` has the rules."""

from typing import Annotated

import numpy as np
from pydantic import AfterValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from tasks.beliefs.conflict_record import Decision
from tasks.beliefs.elicitation_record import How, Name
from tasks.beliefs.quantities import parse_quantity
from tasks.domain import PriorFamily
from tasks.domain_tables import Frozen

SMALLEST, LARGEST = 1e-12, 1e15
"""Sizes of numbers other than 0 that laws can be computed with."""


def _of_ordinary_size(number: float) -> float:
    if number == 0 or SMALLEST <= abs(number) <= LARGEST:
        return number
    what = f"must be 0 or between {SMALLEST:g} and {LARGEST:g} in size; choose another unit"
    raise PydanticCustomError("size", what)


Number = Annotated[
    float, Field(strict=True, allow_inf_nan=False), AfterValidator(_of_ordinary_size)
]
Count = Annotated[int, Field(strict=True, ge=0)]
Text = Annotated[str, Field(pattern=r"^[^\x00]*$")]
QuantityName = Annotated[
    str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*$")
]
Confidence = Annotated[Number, Field(gt=0, lt=1)]
Positive = Annotated[Number, Field(gt=0)]


class SpokenDecision(Decision):
    """What hangs on a quantity: one acts if it lies above the threshold.

    Attributes
    ----------
    threshold
        In the quantity's unit, within its bounds.
    worth
        What hangs on it, in the client's currency; None where it is not known.
    action
        What is done above the threshold, in words.
    """

    model_config = ConfigDict(strict=True)

    action: Text = "act"


class Chips(Frozen):
    """Chips laid on a grid of bins: the roulette method.

    Attributes
    ----------
    edges
        Of the bins, increasing.
    counts
        Chips in each bin; one fewer than edges.
    """

    edges: tuple[Number, ...]
    counts: tuple[Count, ...]


class SpokenBelief(Frozen):
    """What a client says of one quantity, in exactly one of four ways.

    Attributes
    ----------
    mean, sd
        Mean and standard deviation.
    quantiles
        Value by the probability that the quantity lies below it.
    chips
        Chips in bins.
    parameters
        Of `family`: a law that is stated outright.
    family
        Of the law; the best of those that can where nothing is given.
    df
        Degrees of freedom of a fitted Student-t: 3 where nothing is given.
    bounds
        Between which the quantity lies, None for an open side. Where nothing is given 0 and 1 for
        ``share[...]`` and ``rate[...]``, and none for others.
    confidence
        In this belief, strictly between 0 and 1; the interview's own where nothing is given.
    decision
        What hangs on the quantity.
    note
        Why it is believed.
    """

    family: PriorFamily | None = None
    mean: Number | None = None
    sd: Positive | None = None
    quantiles: dict[Number, Number] | None = None
    chips: Chips | None = None
    parameters: dict[str, Number] | None = None
    df: Positive | None = None
    bounds: tuple[Number | None, Number | None] | None = None
    confidence: Confidence | None = None
    decision: SpokenDecision | None = None
    note: Text = ""

    def ways(self) -> tuple[How, ...]:
        """In which ways something was said; one where the belief is sound."""
        given: dict[How, bool] = {
            "mean_sd": self.mean is not None or self.sd is not None,
            "quantiles": self.quantiles is not None,
            "chips": self.chips is not None,
            "stated": self.parameters is not None,
        }
        return tuple(how for how, is_given in given.items() if is_given)

    def limits(self, quantity: str) -> tuple[float | None, float | None]:
        """Bounds of the quantity: those that were said, else those of its name; None where open.

        Examples
        --------
        >>> SpokenBelief().limits("share[tv]"), SpokenBelief().limits("mean[orders.weight]")
        ((0.0, 1.0), (None, None))
        """
        if self.bounds is not None:
            return self.bounds
        return parse_quantity(quantity).bounds

    def interval(self, quantity: str) -> tuple[float, float]:
        """As `limits`, infinite where a side is open."""
        low, high = self.limits(quantity)
        return -np.inf if low is None else low, np.inf if high is None else high


class Interview(Frozen):
    """An interview with a client: the whole YAML file.

    Attributes
    ----------
    client, model
        Who was asked, and the model whose quantities were asked for.
    note
        Of the interview.
    confidence
        In every belief that has none of its own, strictly between 0 and 1.
    beliefs
        By the name of the quantity, such as ``share[tv]``.
    """

    client: Name
    model: Name
    note: Text = ""
    confidence: Confidence | None = None
    beliefs: Annotated[dict[QuantityName, SpokenBelief], Field(min_length=1)]
