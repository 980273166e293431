"""What a report holds: the documented keys of ``report.json``.

Nothing in it depends on when or where a run took place: the same inputs and seed give the same
bytes.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from tasks.domain import Node

VERSION = 1

Confidence = Literal["high", "medium", "needs more data"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Interval(_Frozen):
    """A mean with its 95 % credible interval."""

    mean: float
    low: float
    high: float


class Share(_Frozen):
    """What a node contributes to epistemic uncertainty now.

    Attributes
    ----------
    fraction
        Of the total effect of all features; the fractions of a level sum to 1.
    monte_carlo_error
        Standard error of `fraction` from the orders and donors drawn.
    standard_error
        Standard error of `fraction` that also holds the finite ensemble and the finite sample of
        evaluation rows; None for a value range.
    extrapolated
        Fraction of the permuted rows that lie outside the data (a column; else None).
    """

    node: Node
    fraction: float
    monte_carlo_error: float
    standard_error: float | None = None
    extrapolated: float | None = None


class KeyImportance(_Frozen):
    """Importance of one foreign key, or of the predicted row's own columns.

    Attributes
    ----------
    key
        Such as ``->item`` (a parent) or ``<-results.driverId`` (child rows); ``(own)`` for the
        row's own columns.
    share
        Of the importance of all keys.
    reduction
        Part of the posterior variance of its importance that as many replicates again would take
        away.
    """

    key: str
    share: Interval
    reduction: float


class Score(_Frozen):
    """Held-out quality of the model, such as ``r2``."""

    name: str
    value: float
    standard_error: float


class CalibrationPoint(_Frozen):
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


class Effect(_Frozen):
    """What an intervention at a node does to mean epistemic uncertainty U.

    Attributes
    ----------
    intervention
        Such as ``impute_missing``.
    changed
        Number of cells (rows, for dropped or relinked ones) of the database that it changes.
    effect
        Posterior of 100 (U_after - U_before) / U_before, in per cent; negative = less uncertainty.
    raw, raw_error
        Mean over the replicate cells, and its standard error, before any pooling.
    nll_change, nll_change_error
        Change of the mean held-out negative log likelihood (log loss of a class), in nats a row,
        with its standard error; negative = better.
    illusory
        Whether it lowers U while it clearly worsens the held-out likelihood.
    """

    node: Node
    intervention: str
    changed: int
    effect: Interval
    raw: float
    raw_error: float
    nll_change: float
    nll_change_error: float
    illusory: bool


class Ranked(_Frozen):
    """An effect among all that may be recommended, from joint posterior draws.

    Attributes
    ----------
    rank
        From 1, by expected effect per unit of cost.
    p_reduces
        P(effect < 0).
    p_best
        Probability of being the best of the list per unit of cost.
    cost
        From the domain's contract.
    per_cost
        Effect per unit of cost.
    regret
        Expected loss, in per cent of U per unit of cost, of doing this first rather than the best.
    confidence
        ``high``: the interval excludes 0 and is narrower than half the mean's size; ``medium``: it
        excludes 0; ``needs more data``: it includes 0.
    further_replicates
        For ``needs more data``: how many replicate cells more would settle it; None where none
        would, as the mean is too near 0.
    """

    rank: int
    effect: Effect
    p_reduces: float
    p_best: float
    cost: float
    per_cost: Interval
    regret: float
    confidence: Confidence
    further_replicates: int | None = None


class GateCheck(_Frozen):
    """One rule of the contract that the data break."""

    table: str
    column: str
    rule: str
    severity: str
    rows: int
    failing: int
    examples: tuple[str, ...]


class Diagnostics(_Frozen):
    """How the effects model was sampled."""

    chains: int
    draws: int
    adapt_delta: float
    worst_r_hat: float
    least_ess_bulk: float
    least_ess_tail: float
    divergences: int
    least_e_bfmi: float


class Report(_Frozen):
    """Everything that a run found.

    Attributes
    ----------
    version
        Of these keys.
    target
        What is predicted, such as ``documents.lead_time`` or ``mean results.positionOrder, next
        60 days``.
    unit
        Of the target; empty for a class.
    tables, keys, rules
        How many the contract has.
    rows
        ``train``, ``validation``, ``test`` and ``evaluated``.
    settings
        Parameters of the run that shape the numbers: seed, members, sub-ensembles, ...
    model
        In words, such as ``24 bagged boosting members on 63 features``.
    uncertainty
        ``epistemic``, ``aleatoric``, ``total`` and, for a class, ``label_variance``: means over
        the evaluated rows.
    shares
        Tables, then columns, then ranges, each level from large to small.
    effects
        Every simulated effect, of tables, columns and ranges.
    ranking
        The recommendable effects of tables and columns, best first.
    placebo
        Effects on the column of pure noise; their intervals should hold 0.
    notes
        What a reader must know, each a sentence.
    """

    version: int = VERSION
    domain: str
    title: str
    task: str
    target: str
    output: Literal["regression", "classification"]
    unit: str
    tables: int
    keys: int
    rules: int
    gate: tuple[GateCheck, ...]
    rows: dict[str, int]
    settings: dict[str, float | int | str]
    model: str
    quality: tuple[Score, ...]
    calibration: tuple[CalibrationPoint, ...]
    uncertainty: dict[str, float]
    shares: tuple[Share, ...]
    key_importance: tuple[KeyImportance, ...]
    effects: tuple[Effect, ...]
    ranking: tuple[Ranked, ...]
    placebo: tuple[Effect, ...]
    diagnostics: Diagnostics
    notes: tuple[str, ...] = ()
