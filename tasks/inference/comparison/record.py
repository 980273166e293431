"""What a model comparison found, in plain values: for JSON, and for whoever writes a report."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from tasks.inference.comparison.exploration import Exploration
from tasks.inference.comparison.settings import ComparisonSettings, Priors

Status = Literal["pass", "fail", "not assessable"]
ModelName = Literal[
    "hierarchical_noncentered",
    "hierarchical_skeptical",
    "hierarchical_adaptive",
    "complete_pooling",
    "precision_regression",
    "hierarchical_covariates",
    "hierarchical_student_t",
    "empirical_bayes",
]

Varied = Literal["tau_scale", "threshold"]


class Frozen(BaseModel):
    """A record that does not change."""

    model_config = ConfigDict(frozen=True)


class Estimate(Frozen):
    """Posterior of a number: mean with its Monte Carlo error, sd, and 2.5, 50, 97.5 % quantiles."""

    mean: float
    mcse: float | None
    sd: float
    low: float
    median: float
    high: float


class Finding(Frozen):
    """One criterion on which a model may be falsified.

    Attributes
    ----------
    check
        Name of the criterion.
    stage
        1 computation, 2 falsification, 3 comparison.
    status
        Whether the model passes.
    value
        The number that decides; None where it is not assessable, or fails without one.
    rule
        What the number must be, such as ``<= 1 %``.
    sentence
        What it means here.
    """

    check: str
    stage: Literal[1, 2, 3]
    status: Status
    value: float | None
    rule: str
    sentence: str


class UnitRecord(Frozen):
    """A unit as a model sees it.

    Attributes
    ----------
    label, y, sigma
        As given.
    theta
        Its true effect.
    shrinkage
        Part of the way from `y` to the model's location that `theta`'s mean has gone; None where
        `y` lies so close to the location that no part can be told.
    y_low, y_high
        95 % posterior predictive interval of a replicate of `y`.
    pareto_k
        Of the importance weights that leave this unit out.
    loo_z
        Normal score of `y` in the prediction from all other units.
    """

    label: str
    y: float
    sigma: float
    theta: Estimate
    shrinkage: float | None
    y_low: float
    y_high: float
    pareto_k: float
    loo_z: float


class ModelRecord(Frozen):
    """A fitted and judged model.

    Attributes
    ----------
    name, title
        Of the model.
    why
        Why it was fitted.
    mu
        Mean of the units' true effects.
    tau
        Their standard deviation; of the adaptive model the effective one; None where there is none.
    beta
        Coefficients by name, per standard deviation of a covariate or of the log precision.
    divergences
        Share of the transitions that diverged; None without a Markov chain, as are the next five.
    r_hat
        The largest of all parameters.
    ess_tau
        Bulk effective sample size of tau.
    gradients
        Evaluations of the gradient after warm-up.
    adapt_delta
        Acceptance rate at which it was fitted.
    integrated
        Whether the true effects were integrated out, not sampled.
    prior_covered
        Share of the estimates inside of their 95 % prior predictive intervals.
    prior_tau
        Prior's median of tau, as drawn.
    covered
        Share of the estimates inside of their 95 % posterior predictive intervals.
    elpd, elpd_se
        Expected log predictive density of a new unit, summed over the units, by leaving one out.
    elpd_difference, elpd_difference_se
        How far the best of those that stages 1 and 2 leave is ahead: 0 for that one, below 0 for a
        model that predicts better but is falsified.
    weight
        By stacking, among all models that were fitted.
    units
        In the order of the data.
    findings
        Every criterion.
    """

    name: ModelName
    title: str
    why: str
    mu: Estimate
    tau: Estimate | None
    beta: dict[str, Estimate]
    divergences: float | None
    r_hat: float | None
    ess_tau: float | None
    gradients: int | None
    adapt_delta: float | None
    integrated: bool | None
    prior_covered: float | None
    prior_tau: float | None
    covered: float
    elpd: float
    elpd_se: float
    elpd_difference: float
    elpd_difference_se: float
    weight: float
    units: tuple[UnitRecord, ...]
    findings: tuple[Finding, ...]

    @property
    def failures(self) -> tuple[Finding, ...]:
        """The criteria on which it is falsified."""
        return tuple(finding for finding in self.findings if finding.status == "fail")


class SensitivityRow(Frozen):
    """What a model says of mu and tau where a number of its prior is set to another value."""

    model: ModelName
    varied: Varied
    value: float
    mu: Estimate
    tau: Estimate


class Flag(Frozen):
    """A red flag: raised or not, on which evidence, and the model that it turns to."""

    name: str
    is_raised: bool
    evidence: str
    pivot: ModelName


class Stage(Frozen):
    """Which models a stage leaves, and why the others went."""

    name: str
    left: tuple[ModelName, ...]
    rejected: dict[ModelName, str]


class Comparison(Frozen):
    """Everything that a model comparison found.

    Attributes
    ----------
    exploration
        Statistics without a model.
    priors
        As used.
    settings
        As given.
    models
        In the order of the protocol: first the competing three, then the fallbacks.
    sensitivity
        The grids.
    tau_ratio
        Largest median of tau over the smallest, among the models that were compared at first.
    sensitivity_is_critical
        Whether this ratio is beyond its threshold.
    flags
        Every red flag.
    stages
        The three of the decision.
    recommended
        A model's name, or None where none is adequate.
    conclusion
        What to use and why, in a sentence or two.
    """

    exploration: Exploration
    priors: Priors
    settings: ComparisonSettings
    models: tuple[ModelRecord, ...]
    sensitivity: tuple[SensitivityRow, ...]
    tau_ratio: float
    sensitivity_is_critical: bool
    flags: tuple[Flag, ...]
    stages: tuple[Stage, ...]
    recommended: ModelName | None
    conclusion: str
