"""What a report says of interventions: effects with intervals, and the ranking."""

from typing import Literal

from tasks.bayes.interval import Interval
from tasks.domain import Node
from tasks.report.frozen import Frozen

Confidence = Literal["high", "medium", "needs more data"]


class Change(Frozen):
    """Change of a held-out score, with its standard error; negative = better."""

    value: float
    error: float


class Retrained(Frozen):
    """What an intervention does if it is made to the training rows and members are fitted anew.

    Attributes
    ----------
    effect
        Posterior of the change of U in per cent, on held-out rows that are complete and unchanged.
    raw, raw_error
        As of `Effect`.
    nll, crps
        Change of the mean held-out negative log likelihood (in nats a row) and CRPS (in the
        target's unit; Brier score of a class). Where values are drawn they err upwards: a draw is
        at best as good as the true value.
    gap_before, gap_after
        How much too sure predictions are: 0.9 less the share of targets that central 90 %
        intervals hold; of a class, the mean probability of the likeliest less its hits.
    """

    effect: Interval
    raw: float
    raw_error: float
    nll: Change
    crps: Change
    gap_before: float
    gap_after: float


class Effect(Frozen):
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
        with its standard error; negative = better. None where the values that the intervention
        puts in are drawn: they stand for true values that nobody knows, so that a likelihood of
        what was observed says nothing of the real repair.
    illusory
        Whether it lowers U while the held-out likelihood worsens: no gain, and never recommended.
    retrained
        What it does if members are fitted anew; None where that was not tried.
    """

    node: Node
    intervention: str
    changed: int
    effect: Interval
    raw: float
    raw_error: float
    nll_change: float | None
    nll_change_error: float | None
    illusory: bool
    retrained: Retrained | None = None

    @property
    def counted(self) -> Interval:
        """The effect that counts for the ranking: of members fitted anew where there is one."""
        return self.retrained.effect if self.retrained else self.effect

    @property
    def counted_raw(self) -> float:
        """The cells' mean behind it, before any pooling."""
        return self.retrained.raw if self.retrained else self.raw

    @property
    def counted_error(self) -> float:
        """Standard error of that mean."""
        return self.retrained.raw_error if self.retrained else self.raw_error


class Ranked(Frozen):
    """An effect among all that may be recommended, from joint posterior draws.

    Attributes
    ----------
    rank
        From 1, by expected effect per unit of cost.
    p_reduces
        P(effect < 0).
    p_best
        Probability of being the best of the list per unit of cost; they sum to 1 over the list.
    cost
        From the domain's contract: the node's own entry, else the default.
    per_cost
        Effect per unit of cost.
    regret
        Expected loss, in per cent of U per unit of cost, of doing this first rather than the best;
        doing nothing is among the choices.
    confidence
        ``high``: the interval excludes 0 and is narrower than half the mean's size; ``medium``: it
        excludes 0; ``needs more data``: it includes 0.
    further_replicates
        For ``needs more data``: how many replicate cells more would settle it; None where 100
        times the present number would not, as the mean is too near 0.
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
