"""What prior to use for data to come, where the data at hand speak against a belief."""

import math
from dataclasses import replace

import numpy as np

from tasks.beliefs.bayes_factor import Bridged, ClientSide, under_belief
from tasks.beliefs.belief import Belief
from tasks.beliefs.conflict import check_probabilities
from tasks.beliefs.conflict_record import Decision, Posterior, Strategy, Update
from tasks.beliefs.cumulative import summary
from tasks.beliefs.cut_law import Floats
from tasks.beliefs.data_side import DataSide
from tasks.beliefs.densities import common_grid, density, posterior_density
from tasks.beliefs.importance import refuse_unreliable, reweighted
from tasks.beliefs.jackknife import normalised, replicates
from tasks.beliefs.marginal_likelihood import marginal_likelihood
from tasks.beliefs.new_priors import client_probability, evidence_weighted, matched, power_prior
from tasks.beliefs.update_wording import decision_change, reason
from tasks.errors import InputError

Weighted = tuple[DataSide, Floats]
"""Values and log weights of a posterior, as of `replicates`."""


def update(
    quantity: str,
    side: DataSide,
    client: Belief,
    confidence: float,
    strategy: Strategy,
    min_evidence_strength: float = 10.0,
    decision: Decision | None = None,
    level: float = 0.95,
    bridged: Bridged | None = None,
) -> Update:
    """Recommend a prior.

    A belief stands unless the data are at least `min_evidence_strength` times as probable under
    the reference prior as under it. Else, by strategy:

    ``evidence_weighted``
        the mixture of the belief and the reference prior by their posterior probabilities;
    ``power_prior``
        the belief flattened as far as makes the data most probable;
    ``replace``
        a law of the belief's family with the moments of the posterior under the reference prior;
    ``keep``
        the belief.

    The new prior has seen these data: it is for data to come. The posterior `after` shows what the
    same data would have said under it, for comparison with `before`; where the Bayes factor was
    bridged its error is not in those of `after`.

    Parameters
    ----------
    quantity, side, client, confidence, decision, level, bridged
        As of `tasks.beliefs.conflict.conflict`.
    strategy
        Which prior takes the belief's place.
    min_evidence_strength
        Bayes factor from which on it does, at least 1.

    Returns
    -------
    Update
        Its `expected_gain` is judged under the posterior `after`: one acts where the probability
        of a quantity above the threshold is at least 1/2; if the action changes from `before` to
        `after` the gain is ``worth * |2 * P_after(above) - 1|``, how much more probable it is that
        the new action is right than that the old one is; else it is 0.

    Raises
    ------
    InputError
        As of `under_belief`; if `min_evidence_strength` is below 1, a mixture is to be raised to a
        power, or draws hardly reach the new prior.
    """
    check_probabilities(confidence, level)
    if not (math.isfinite(min_evidence_strength) and min_evidence_strength >= 1):
        raise InputError(f"min_evidence_strength must be at least 1, got {min_evidence_strength:g}")
    against = under_belief(side, client, bridged)
    log_bf = against.log_bayes_factor
    weight = client_probability(log_bf.value, confidence)
    is_strong = log_bf.value >= math.log(min_evidence_strength)
    new, power = client, None
    if is_strong and strategy == "evidence_weighted":
        new = evidence_weighted(client, side.reference, weight)
    elif is_strong and strategy == "power_prior":
        new, power = power_prior(side, client)
    elif is_strong and strategy == "replace":
        new = matched(side, client)
    is_change = new != client
    old_side: Weighted = against.side, against.rows
    new_side = old_side
    if is_change and strategy == "evidence_weighted":
        new_side = _blend(side, against, weight)
    elif is_change:
        to_new = reweighted(side, new)
        refuse_unreliable(to_new, new)
        new_side = side, replicates(side, to_new.log_weights)
    threshold = None if decision is None else decision.threshold
    before, after = (summary(*one, level, threshold) for one in (old_side, new_side))
    likelihood = marginal_likelihood(side)
    x = common_grid([client, new], [(likelihood, side.reference)])
    return Update(
        quantity=quantity,
        strategy=strategy,
        min_evidence_strength=min_evidence_strength,
        log_bayes_factor=log_bf,
        is_change=is_change,
        client_probability=weight,
        power=power,
        old=client,
        new=new,
        reason=reason(strategy, log_bf.value, min_evidence_strength, weight, power, is_change),
        decision=decision,
        before=before,
        after=after,
        decision_change=decision_change(decision, before, after),
        expected_gain=expected_gain(decision, before, after),
        x=tuple(x.tolist()),
        old_density=tuple(density(client, x).tolist()),
        data_density=tuple(posterior_density(likelihood, side.reference, x).tolist()),
        new_density=tuple(density(new, x).tolist()),
    )


def expected_gain(decision: Decision | None, before: Posterior, after: Posterior) -> float | None:
    """What a change of action is worth, judged under the posterior `after`; see `update`.

    Returns
    -------
    float or None
        In the currency of the worth; None where no worth was told.
    """
    if decision is None or decision.worth is None or before.above is None or after.above is None:
        return None
    if (before.above.value >= 0.5) == (after.above.value >= 0.5):
        return 0.0
    return decision.worth * abs(2 * after.above.value - 1)


def _blend(side: DataSide, against: ClientSide, client_weight: float) -> Weighted:
    """Posterior under the mixture: that of each part by its posterior weight.

    The part of the client has prior weight ``w`` and its evidence is 1 / BF of the reference's, so
    its weight in the posterior is ``w / (w + (1 - w) * BF)``.
    """
    rows = replicates(side, side.log_weights)
    log_shares = np.full((2, len(rows)), -np.inf)
    with np.errstate(divide="ignore"):
        log_shares[0] = np.log(client_weight) - against.log_bf_rows
        log_shares[1] = np.log1p(-client_weight)
    log_shares = normalised(log_shares.T).T[:, :, None]
    parts = log_shares[0] + against.rows, log_shares[1] + rows
    if against.side is side:
        return side, np.logaddexp(*parts)
    both = replace(
        side,
        values=np.append(against.side.values, side.values),
        log_weights=np.append(parts[0][0], parts[1][0]),
        log_likelihood=np.append(against.side.log_likelihood, side.log_likelihood),
        chain=np.append(against.side.chain, side.chain + against.side.chain.max() + 1),
    )
    return both, np.concatenate(parts, axis=1)
