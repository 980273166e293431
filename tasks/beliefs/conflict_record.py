"""What is told of a belief held against data, and of its update: for JSON, reports and registry."""

from typing import Annotated, Literal

from pydantic import Field, FiniteFloat

from tasks.beliefs.belief import Belief
from tasks.domain_tables import Frozen

Severity = Literal["none", "weak", "moderate", "strong", "very strong"]
Sensitivity = Literal["no concern", "prior-data conflict", "strong prior or weak data"]
Method = Literal["quadrature", "importance", "bridge"]
Strategy = Literal["evidence_weighted", "power_prior", "replace", "keep"]


class Number(Frozen):
    """A number with the Monte Carlo standard error that it was computed with; 0 where exact."""

    value: FiniteFloat
    mcse: Annotated[FiniteFloat, Field(ge=0)] = 0.0


class Posterior(Frozen):
    """A posterior of one quantity.

    Attributes
    ----------
    mean, sd, low, high
        Mean, standard deviation and ends of the central credible interval.
    level
        Probability of that interval.
    above
        Probability that the quantity lies above the decision's threshold; None without one.
    """

    mean: Number
    sd: Number
    low: FiniteFloat
    high: FiniteFloat
    level: FiniteFloat
    above: Number | None = None


class Decision(Frozen):
    """What hangs on a quantity: one acts if it lies above the threshold.

    Attributes
    ----------
    threshold
        In the quantity's unit.
    worth
        What hangs on it, in the client's currency; None where it is not known.
    action
        What is done above the threshold, in words.
    """

    threshold: FiniteFloat
    worth: Annotated[FiniteFloat, Field(ge=0)] | None = None
    action: str = "act"


class Curves(Frozen):
    """Densities on a common grid, for the figures.

    Attributes
    ----------
    x
        Values of the quantity, increasing.
    client, reference_posterior, client_posterior
        Density of the client's belief, of the posterior under the reference prior, and of that
        under the client's belief.
    """

    x: tuple[FiniteFloat, ...]
    client: tuple[FiniteFloat, ...]
    reference_posterior: tuple[FiniteFloat, ...]
    client_posterior: tuple[FiniteFloat, ...]


class Conflict(Frozen):
    """A belief on one quantity held against data.

    Attributes
    ----------
    quantity
        Its name, such as ``share[tv]``.
    client, confidence
        The belief, and how confident the client is in it.
    reference
        The reference prior.
    method
        How the Bayes factor was computed.
    from_reference, from_client
        Posterior under the reference prior (the data's side) and under the client's belief.
    log_bayes_factor
        Log of p(data | reference) / p(data | client), in nats.
    severity
        Class of the Bayes factor.
    severity_is_certain
        Whether the class is the same 2 standard errors to either side.
    log_point_bayes_factor
        As `log_bayes_factor`, against a point where the likelihood is highest.
    kl, kl_tail
        Kullback-Leibler divergence of the posterior under the reference prior from the belief, in
        nats, and the prior-predictive probability of one at least as large; None where it is
        infinite because the belief rules out what the data hold possible.
    wasserstein
        1-Wasserstein distance of these two, in standard deviations of the belief; None where the
        belief has none.
    tail
        Prior-predictive probability of a statistic that is as surprising or more.
    prior_sensitivity, likelihood_sensitivity, sensitivity
        Power-scaling sensitivity of the posterior under the client's belief, and what it says.
    is_conflict
        Whether `tail` is below 1 - level.
    sentence
        The verdict in plain words.
    curves
        For the figures.
    """

    quantity: str
    client: Belief
    confidence: FiniteFloat
    reference: Belief
    method: Method
    from_reference: Posterior
    from_client: Posterior
    log_bayes_factor: Number
    severity: Severity
    severity_is_certain: bool
    log_point_bayes_factor: Number
    kl: Number | None
    kl_tail: Number | None
    wasserstein: Number | None
    tail: Number
    prior_sensitivity: Number
    likelihood_sensitivity: Number
    sensitivity: Sensitivity
    is_conflict: bool
    sentence: str
    curves: Curves


class Update(Frozen):
    """A recommendation: the prior that is to take the place of a belief, and why.

    Attributes
    ----------
    quantity, strategy, min_evidence_strength
        What was asked.
    log_bayes_factor
        As of `Conflict`.
    is_change
        Whether another prior is recommended than the client's.
    client_probability
        Posterior probability of the client's belief, from its confidence and the Bayes factor.
    power
        Of a power prior; None for another strategy.
    old, new
        The client's belief and what is recommended.
    reason
        In plain words.
    decision
        What hangs on it; None where nothing was said.
    before, after
        Posterior of the quantity under the old and under the new prior.
    decision_change
        In plain words: what is done before and after, and the expected gain.
    expected_gain
        Worth times what the change of action gains in probability; None without worth or
        threshold.
    x, old_density, data_density, new_density
        For the figure: the client's belief, the posterior under the reference prior, and the new
        prior.
    """

    quantity: str
    strategy: Strategy
    min_evidence_strength: FiniteFloat
    log_bayes_factor: Number
    is_change: bool
    client_probability: Annotated[FiniteFloat, Field(ge=0, le=1)]
    power: FiniteFloat | None = None
    old: Belief
    new: Belief
    reason: str
    decision: Decision | None = None
    before: Posterior
    after: Posterior
    decision_change: str
    expected_gain: FiniteFloat | None = None
    x: tuple[FiniteFloat, ...]
    old_density: tuple[FiniteFloat, ...]
    data_density: tuple[FiniteFloat, ...]
    new_density: tuple[FiniteFloat, ...]
