"""Chips in bins are probabilities below edges, and a law is recovered from its own chips."""

import numpy as np
import pytest

from tasks.beliefs.belief import Belief
from tasks.beliefs.chips import chip_answers, chips_below
from tasks.beliefs.cut_law import cut_law
from tasks.beliefs.quantile_fit import fit_probabilities
from tasks.domain import PriorFamily


def test_an_edge_on_a_bound_says_nothing_and_one_with_no_chips_beyond_it_does() -> None:
    edges, below = chips_below([0, 0.1, 0.2, 0.3, 0.4, 1], [0, 3, 5, 2, 0], low=0, high=1)
    assert edges.tolist() == [0.1, 0.2, 0.3, 0.4]
    assert below.tolist() == [0, 3, 8, 10]
    assert chips_below([0, 1, 2], [4, 5])[1].tolist() == [0, 4, 9]


@pytest.mark.parametrize(
    ("family", "parameters", "low", "high"),
    [
        ("gamma", {"shape": 4.0, "rate": 20.0}, 0.0, np.inf),
        ("beta", {"alpha": 3.0, "beta": 11.0}, 0.0, 1.0),
        ("lognormal", {"log_mean": -1.6, "log_sd": 0.4}, 0.0, np.inf),
        ("normal", {"mean": 0.05, "sd": 0.2}, 0.0, 1.0),
    ],
)
def test_a_law_is_recovered_from_a_thousand_chips_of_its_own(
    family: PriorFamily, parameters: dict[str, float], low: float, high: float
) -> None:
    edges = np.linspace(0.0, 0.9, 19)
    law = cut_law(family, parameters, low, high)
    counts = np.round(1000 * np.diff(law.cdf(edges))).astype(int).tolist()
    values, below = chips_below(edges.tolist(), counts, low, high)
    found, residual = fit_probabilities(family, values, below / sum(counts), low, high)
    assert found == pytest.approx(parameters, rel=0.02, abs=0.002)
    assert residual < 1e-3


def test_empty_bins_keep_the_law_out() -> None:
    """Two edges alone would leave a fifth of a normal law where the client laid no chip."""
    counts, edges = [0, 5, 5, 5, 0], [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    values, below = chips_below(edges, counts)
    full, _ = fit_probabilities("normal", values, below / 15)
    two, _ = fit_probabilities("normal", values[2:4], below[2:4] / 15)
    empty = [
        answer.fitted
        for law in (full, two)
        for answer in chip_answers(edges, counts, Belief.of("normal", law))
        if answer.stated == 0 and answer.low == 0
    ]
    assert empty[0] < 0.06 < 0.08 < empty[1]


def test_each_bin_is_told_beside_its_probability_and_so_is_what_lies_outside() -> None:
    belief = Belief.of("uniform", {"low": 0.0, "high": 1.0})
    answers = chip_answers([0.1, 0.4, 0.6, 0.9], [2, 1, 1], belief)
    told = [(of.said, of.stated, round(of.fitted, 9), of.low, of.high) for of in answers]
    assert told == [
        ("chips between 0.1 and 0.4", 0.5, 0.3, 0.1, 0.4),
        ("chips between 0.4 and 0.6", 0.25, 0.2, 0.4, 0.6),
        ("chips between 0.6 and 0.9", 0.25, 0.3, 0.6, 0.9),
        ("chips outside of all bins", 0.0, 0.2, None, None),
    ]
    assert len(chip_answers([0.0, 0.4, 0.6, 0.995], [2, 1, 1], belief)) == 3


def test_chips_are_left_as_they_were() -> None:
    edges, counts = [0.0, 0.5, 1.0], [1, 2]
    chips_below(edges, counts, 0.0, 1.0)
    assert (edges, counts) == ([0.0, 0.5, 1.0], [1, 2])
