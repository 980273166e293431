"""Parts of a report on what its numbers rest: data, quality of the model, sampling."""

from typing import Literal

from tasks.report.frozen import Frozen


class GateCheck(Frozen):
    """One rule of the contract that the data break."""

    table: str
    column: str
    rule: str
    severity: str
    rows: int
    failing: int
    examples: tuple[str, ...]


class Score(Frozen):
    """Held-out quality of the model, such as ``r2``."""

    name: str
    value: float
    standard_error: float


class CalibrationPoint(Frozen):
    """What was said and how often it came true, with a 95 % interval.

    Attributes
    ----------
    said
        Regression: level of a central predictive interval. Classification: mean probability of a
        bin.
    observed, low, high
        Share of the held-out rows.
    rows
        Number of rows behind it.
    """

    said: float
    observed: float
    low: float
    high: float
    rows: int


class ModelCheck(Frozen):
    """Whether simulation-based calibration of the effects model was needed, and what it said.

    Attributes
    ----------
    need
        ``not needed``, ``recommended`` or ``essential``.
    decision
        Why, as a sentence.
    status
        ``calibrated``, ``not calibrated``, ``not assessable``, or ``skipped``.
    reasons
        Sentences that lead to the status.
    simulations
        That were made; 0 if it was skipped.
    """

    need: Literal["not needed", "recommended", "essential"]
    decision: str
    status: Literal["calibrated", "not calibrated", "not assessable", "skipped"]
    reasons: tuple[str, ...]
    simulations: int


class Diagnostics(Frozen):
    """How the effects model was sampled.

    Attributes
    ----------
    draws
        Kept in each chain.
    """

    chains: int
    draws: int
    adapt_delta: float
    worst_r_hat: float
    least_ess_bulk: float
    least_ess_tail: float
    divergences: int
    least_e_bfmi: float
