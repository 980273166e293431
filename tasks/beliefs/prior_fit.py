"""From what a client said of one quantity to the prior that has it."""

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from tasks.beliefs.answers import Chips, SpokenBelief
from tasks.beliefs.belief import Belief
from tasks.beliefs.chips import MOST_OUTSIDE, chip_answers, chips_below
from tasks.beliefs.conflict_record import Decision
from tasks.beliefs.cut_law import cut_law
from tasks.beliefs.elicitation_record import Answer, ElicitedPrior
from tasks.beliefs.families import DEFAULT_DF
from tasks.beliefs.free_parameters import candidates
from tasks.beliefs.moment_fit import fit_moments
from tasks.beliefs.quantile_fit import can_hold, fit_probabilities
from tasks.domain import PriorFamily
from tasks.errors import InputError

Floats = npt.NDArray[np.float64]

EQUAL = 1e-6
"""Residual below which a law has what was said, and none is better than another."""


@dataclass(frozen=True)
class _Fit:
    belief: Belief
    answers: tuple[Answer, ...] = ()
    residual: float | None = None
    others: dict[str, float] = field(default_factory=dict)


def fit_prior(quantity: str, spoken: SpokenBelief, confidence: float) -> ElicitedPrior:
    """Fit the prior of one quantity.

    Parameters
    ----------
    quantity
        Its name.
    spoken
        What was said of it, sound as `answer_checks` sees it.
    confidence
        In the belief, strictly between 0 and 1.

    Raises
    ------
    InputError
        If no law of the family, or of any, has what was said between the bounds; the message
        names the families that have. If its numbers are too large or too small to compute with.

    Examples
    --------
    >>> prior = fit_prior("share[tv]", SpokenBelief(quantiles={0.05: 0.1, 0.95: 0.3}), 0.8)
    >>> print(prior.belief)
    normal(mean 0.1998, sd 0.06088) between 0 and 1
    """
    (how,) = spoken.ways()
    try:
        with np.errstate(all="ignore"):  # a search looks at laws that overflow, and leaves them
            fit = _fit(quantity, spoken)
    except (ArithmeticError, ValidationError) as error:
        what = "no law can be computed with numbers of such sizes; choose another unit or family"
        raise InputError(what) from error
    return ElicitedPrior(
        quantity=quantity,
        belief=fit.belief,
        confidence=confidence,
        how=how,
        answers=fit.answers,
        residual=fit.residual,
        others=fit.others,
        decision=spoken.decision and Decision(**spoken.decision.model_dump()),
        note=spoken.note,
    )


def _fit(quantity: str, spoken: SpokenBelief) -> _Fit:
    match spoken:
        case SpokenBelief(mean=float(mean), sd=float(sd)):
            return _by_moments(quantity, spoken, mean, sd)
        case SpokenBelief(quantiles=dict(quantiles)):
            probabilities, values = np.array(list(quantiles.items())).T
            fit = _by_probabilities(quantity, spoken, values, probabilities)
            answers = tuple(
                Answer(said=f"P({quantity} < {value:g})", stated=p, fitted=fitted, high=value)
                for (p, value), fitted in zip(
                    quantiles.items(), fit.belief.cdf(values).tolist(), strict=True
                )
            )
            return replace(fit, answers=answers)
        case SpokenBelief(chips=Chips() as chips):
            values, below = chips_below(chips.edges, chips.counts, *spoken.interval(quantity))
            fit = _by_probabilities(quantity, spoken, values, below / sum(chips.counts))
            return replace(fit, answers=chip_answers(chips.edges, chips.counts, fit.belief))
        case SpokenBelief(family=str(family), parameters=dict(parameters)):
            return _stated(quantity, spoken, family, parameters)
        case _:
            raise InputError("nothing was said of it that fixes a law")


def _stated(
    quantity: str, spoken: SpokenBelief, family: PriorFamily, parameters: dict[str, float]
) -> _Fit:
    low, high = spoken.interval(quantity)
    mass = cut_law(family, parameters, low, high).mass
    if not mass > 0:
        raise InputError(f"the stated {family} law holds nothing between {low:g} and {high:g}")
    belief = Belief.of(family, parameters, *spoken.limits(quantity))
    if mass >= 1 - MOST_OUTSIDE:
        return _Fit(belief)
    said = f"P({low:g} < {quantity} < {high:g}) before the law is cut"
    return _Fit(belief, (Answer(said=said, stated=1.0, fitted=mass),))


def _by_moments(quantity: str, spoken: SpokenBelief, mean: float, sd: float) -> _Fit:
    low, high = spoken.interval(quantity)

    def found(family: PriorFamily) -> dict[str, float] | None:
        return fit_moments(family, mean, sd, low, high, spoken.df or DEFAULT_DF)

    for family in _families(quantity, spoken):
        parameters = found(family)
        if parameters is not None:
            belief = Belief.of(family, parameters, *spoken.limits(quantity))
            answers = (
                Answer(said="mean", stated=mean, fitted=belief.mean()),
                Answer(said="sd", stated=sd, fitted=belief.sd()),
            )
            return _Fit(belief, answers)
    what = f"between {low:g} and {high:g} has mean {mean:g} and sd {sd:g}"
    raise _refusal(spoken.family, what, [f for f in candidates(low, high) if found(f)])


def _by_probabilities(
    quantity: str, spoken: SpokenBelief, values: Floats, probabilities: Floats
) -> _Fit:
    low, high = spoken.interval(quantity)
    fits = {
        family: fit_probabilities(family, values, probabilities, low, high, spoken.df or DEFAULT_DF)
        for family in _families(quantity, spoken)
        if can_hold(family, values, probabilities, low, high)
    }
    if not fits:
        able = [f for f in candidates(low, high) if can_hold(f, values, probabilities, low, high)]
        raise _refusal(spoken.family, "reaches all values that were said", able)
    best = min(fits, key=lambda family: max(fits[family][1], EQUAL))
    others: dict[str, float] = {
        family: residual for family, (_, residual) in fits.items() if family != best
    }
    belief = Belief.of(best, fits[best][0], *spoken.limits(quantity))
    return _Fit(belief, residual=fits[best][1], others=others)


def _families(quantity: str, spoken: SpokenBelief) -> tuple[PriorFamily, ...]:
    return (spoken.family,) if spoken.family else candidates(*spoken.interval(quantity))


def _refusal(family: PriorFamily | None, what: str, able: list[PriorFamily]) -> InputError:
    whose = f"no {family} law" if family else "no law of any family"
    remedy = f"these families have one that does: {', '.join(able)}" if able else "ask again"
    return InputError(f"{whose} {what}; {remedy}")
