"""Where an interview contradicts itself: each rule with its path inside the YAML."""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from tasks.beliefs.answers import Chips, Interview, SpokenBelief
from tasks.beliefs.quantities import parse_quantity
from tasks.contract_checks import law_problems
from tasks.errors import InputError
from tasks.table_checks import Problem

LEAST_GAP = 1e-6
"""Between numbers that increase, and of an sd, relative to their size: below it digits run out."""
FEWEST_CHIPS = 3
FEWEST_BINS = 3
"""With chips in them: two say one probability only, and a law has two parameters."""


def interview_problems(interview: Interview) -> Iterator[Problem]:
    """Find what does not fit together: path inside the YAML and what is wrong there."""
    for quantity, spoken in interview.beliefs.items():
        here = f"beliefs.{quantity}"
        try:
            parse_quantity(quantity)
        except InputError as error:
            yield here, str(error)
            continue
        low, high = spoken.interval(quantity)
        if low >= high:
            yield f"{here}.bounds", f"low must lie below high, got {low:g} and {high:g}"
            continue
        if spoken.decision and not low < spoken.decision.threshold < high:
            threshold = spoken.decision.threshold
            yield f"{here}.decision.threshold", _outside(threshold, low, high)
        yield from _check_ways(here, spoken, low, high)


def _check_ways(here: str, spoken: SpokenBelief, low: float, high: float) -> Iterator[Problem]:
    ways = spoken.ways()
    if len(ways) != 1:
        got = ", ".join(ways).replace("mean_sd", "mean and sd").replace("stated", "parameters")
        yield (
            here,
            "needs exactly one of mean and sd, quantiles, chips, parameters; "
            f"got {got or 'none of them'}",
        )
        return
    if spoken.df is not None and (spoken.family != "student_t" or ways == ("stated",)):
        yield f"{here}.df", "belongs to a student_t that is fitted; leave it out"
    if ways == ("mean_sd",):
        yield from _check_mean_sd(here, spoken, low, high)
    elif spoken.quantiles is not None:
        yield from _check_quantiles(f"{here}.quantiles", spoken.quantiles, low, high)
    elif spoken.chips is not None:
        yield from _check_chips(f"{here}.chips", spoken.chips, low, high)
    elif spoken.parameters is not None:
        if spoken.family is None:
            yield f"{here}.family", "is missing: parameters belong to a family"
            return
        for name, what in law_problems(spoken.family, spoken.parameters):
            yield f"{here}.parameters.{name}".rstrip("."), what


def _check_mean_sd(here: str, spoken: SpokenBelief, low: float, high: float) -> Iterator[Problem]:
    if spoken.mean is None or spoken.sd is None:
        yield here, f"needs both mean and sd; {'mean' if spoken.mean is None else 'sd'} is missing"
        return
    if not low < spoken.mean < high:
        yield f"{here}.mean", _outside(spoken.mean, low, high)
        return
    most = math.sqrt((spoken.mean - low) * (high - spoken.mean))
    if spoken.sd >= most:
        yield (
            f"{here}.sd",
            f"must be below {most:.6g}, the largest that any law between {low:g} and {high:g} "
            f"with mean {spoken.mean:g} has; got {spoken.sd:g}",
        )
    if spoken.sd < LEAST_GAP * abs(spoken.mean):
        yield f"{here}.sd", f"must be at least {LEAST_GAP:g} of the mean, got {spoken.sd:g}"
    if spoken.df is not None and spoken.df <= 2:
        yield f"{here}.df", f"must be > 2, else the law has no sd; got {spoken.df:g}"


def _check_quantiles(
    here: str, quantiles: dict[float, float], low: float, high: float
) -> Iterator[Problem]:
    if len(quantiles) < 2:
        yield here, f"needs at least 2 probabilities, got {len(quantiles)}"
    for probability, value in quantiles.items():
        if not 0 < probability < 1:
            yield f"{here}.{probability:g}", "must be a probability strictly between 0 and 1"
        if not low < value < high:
            yield f"{here}.{probability:g}", _outside(value, low, high)
    yield from _check_increasing(here, "probabilities", list(quantiles))
    yield from _check_increasing(here, "values", list(quantiles.values()))


def _check_chips(here: str, chips: Chips, low: float, high: float) -> Iterator[Problem]:
    edges, counts = chips.edges, chips.counts
    if len(counts) != len(edges) - 1:
        yield (
            f"{here}.counts",
            f"needs one number fewer than there are edges; got {len(counts)} for "
            f"{len(edges)} edges",
        )
    yield from _check_increasing(f"{here}.edges", "edges", edges)
    for place, edge in enumerate(edges):
        if not low <= edge <= high:
            yield f"{here}.edges.{place}", _outside(edge, low, high)
    if sum(counts) < FEWEST_CHIPS:
        yield f"{here}.counts", f"needs at least {FEWEST_CHIPS} chips, got {sum(counts)}"
    filled = sum(count > 0 for count in counts)
    if filled < FEWEST_BINS:
        yield (
            f"{here}.counts",
            f"chips must lie in at least {FEWEST_BINS} bins, as fewer do not fix a law; got "
            f"{filled}: make the bins narrower",
        )


def _check_increasing(here: str, what: str, values: Sequence[float]) -> Iterator[Problem]:
    for before, after in pairwise(values):
        if after - before <= LEAST_GAP * max(abs(before), abs(after)):
            yield (
                here,
                f"{what} must increase, by {LEAST_GAP:g} of their size at least; "
                f"got {after!r} after {before!r}",
            )


def _outside(value: float, low: float, high: float) -> str:
    return f"must lie inside the bounds {low:g} and {high:g} of the quantity, got {value:g}"
