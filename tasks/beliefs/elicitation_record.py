"""An elicitation: what a client was asked, what was answered, and the priors that follow."""

from typing import Annotated, Literal

from pydantic import Field, FiniteFloat

from tasks.beliefs.belief import Belief
from tasks.beliefs.conflict_record import Decision
from tasks.domain_tables import Frozen

Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^/\\\x00-\x1f\x7f]+$")]
"""Of a client or model, as a folder can bear it."""

How = Literal["stated", "mean_sd", "quantiles", "chips"]


class Answer(Frozen):
    """One answer and what a fitted prior says in its place.

    Attributes
    ----------
    said
        In words, such as ``P(share < 0.2)`` or ``chips between 0.1 and 0.2``.
    stated, fitted
        What the client said and what the prior gives, in the same unit.
    low, high
        Ends of the interval whose probability is stated, None where it is open or the answer
        speaks of none: a quantile has only `high`, chips have both.
    """

    said: str
    stated: FiniteFloat
    fitted: FiniteFloat
    low: FiniteFloat | None = None
    high: FiniteFloat | None = None


class ElicitedPrior(Frozen):
    """A prior as it was elicited.

    Attributes
    ----------
    quantity
        Its name, such as ``share[tv]``.
    belief
        The fitted law.
    confidence
        Of the client in it, strictly between 0 and 1.
    how
        From what it was fitted.
    answers
        What was said, beside what the fit gives.
    residual
        Root mean square difference of stated and fitted, in probability for quantiles and chips;
        None where the answers fix the law.
    others
        Residual of each other family that was tried, by name; those that cannot be fitted are
        left out.
    decision
        What hangs on the quantity.
    note
        Whose belief it is, and why.
    """

    quantity: str
    belief: Belief
    confidence: Annotated[FiniteFloat, Field(gt=0, lt=1)]
    how: How
    answers: tuple[Answer, ...]
    residual: FiniteFloat | None
    others: dict[str, FiniteFloat]
    decision: Decision | None = None
    note: str = ""


class Elicitation(Frozen):
    """A session with a client.

    Attributes
    ----------
    client, model
        Whose beliefs they are, and the model whose quantities they speak of.
    note
        Of the session.
    priors
        At least one; each quantity once.
    """

    client: Name
    model: Name
    note: str = ""
    priors: Annotated[tuple[ElicitedPrior, ...], Field(min_length=1)]
