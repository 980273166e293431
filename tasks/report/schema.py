"""What a report holds: the documented keys of ``report.json``.

Nothing in it depends on when or where a run took place: the same inputs and seed give the same
bytes.
"""

from typing import Literal

from pydantic import Field

from tasks.bayes.interval import Interval
from tasks.beliefs.run_records import ConflictRun
from tasks.domain import Node
from tasks.inference.learning_curves import LearningCurve
from tasks.inference.level_pooling import LevelPooling
from tasks.intervention.budget_record import BudgetRecord
from tasks.relations.row_sample import Sampled
from tasks.report.effect_record import Effect, Ranked
from tasks.report.evidence import CalibrationPoint, Diagnostics, GateCheck, ModelCheck, Score
from tasks.report.frozen import ByName, Frozen

VERSION = 4


class Share(Frozen):
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


class Interaction(Frozen):
    """What two tables explain together that neither does alone.

    Attributes
    ----------
    tables
        The two.
    fraction, monte_carlo_error
        Shapley interaction index over the total effect of all features: above 0 they act together,
        below 0 one stands for the other.
    """

    tables: tuple[str, str]
    fraction: float
    monte_carlo_error: float


class KeyImportance(Frozen):
    """Importance of one foreign key, or of the predicted row's own columns.

    Attributes
    ----------
    key
        Such as ``->item`` (a parent) or ``<-results.driverId`` (child rows); ``(own)`` for the
        row's own columns.
    share
        Of the importance of all keys; None where it is not assessable, since in too many posterior
        draws no key has an importance above 0.
    reduction
        Part of the posterior variance of its importance that as many replicates again would take
        away.
    """

    key: str
    share: Interval | None
    reduction: float


class Report(Frozen):
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
    sampled
        How the rows of the first three were drawn; None where they are all of the task's.
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
        Every simulated effect, of tables, columns and ranges, without the placebo's.
    ranking
        The recommendable effects of tables and columns, best first.
    placebo
        Effects on the column of pure noise; their intervals should hold 0.
    pooling
        Of each level's effects.
    beliefs
        The contract's priors held against data; None where it has none.
    notes
        What a reader must know, each a sentence.
    curves
        Learning curves of value ranges.
    budget
        The best use of a budget; None where none was given.
    retraining
        ``training_rows`` that members were fitted anew to, and ``held_out_rows`` that they were
        compared on; empty where none were.
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
    rows: ByName[int]
    sampled: Sampled | None = None
    settings: ByName[float | int | str]
    model: str
    quality: tuple[Score, ...]
    calibration: tuple[CalibrationPoint, ...]
    uncertainty: ByName[float]
    shares: tuple[Share, ...]
    key_importance: tuple[KeyImportance, ...]
    effects: tuple[Effect, ...]
    ranking: tuple[Ranked, ...]
    placebo: tuple[Effect, ...]
    pooling: tuple[LevelPooling, ...]
    diagnostics: Diagnostics
    model_check: ModelCheck
    beliefs: ConflictRun | None = None
    interactions: tuple[Interaction, ...] = ()
    curves: tuple[LearningCurve, ...] = ()
    budget: BudgetRecord | None = None
    retraining: ByName[int] = Field(default_factory=dict)
    notes: tuple[str, ...] = ()
