"""Monte Carlo errors: known blocks, and coverage over repeated Markov chains of known laws."""

from functools import cache

import numpy as np
import pytest
from scipy import signal

from tasks.beliefs.bayes_factor import under_belief
from tasks.beliefs.belief import Belief
from tasks.beliefs.conflict_record import Number
from tasks.beliefs.cumulative import summary
from tasks.beliefs.cut_law import Floats
from tasks.beliefs.data_side import from_draws, from_log_likelihood
from tasks.beliefs.divergence import kl_divergence, wasserstein
from tasks.beliefs.jackknife import BLOCKS, blocks_of, log_sum, normalised, number, replicates
from tasks.beliefs.marginal_likelihood import marginal_likelihood
from tasks.beliefs.power_scaling import ends_of_draws, power_scaling
from tasks.beliefs.predictive_tail import prior_predictive_tail

ESTIMATE, SE = 0.25, 0.05
REFERENCE = Belief.of("normal", {"mean": 0.25, "sd": 5.0})
CLIENT = Belief.of("normal", {"mean": 0.5, "sd": 0.1})
CORRELATION = 0.5
REPETITIONS = 60


def log_likelihood(x: Floats) -> Floats:
    return np.asarray(-0.5 * ((x - ESTIMATE) / SE) ** 2)


def markov_chains(rng: np.random.Generator, correlation: float) -> Floats:
    """Stationary draws, shape (4, 500), from the posterior under the reference prior."""
    noise = rng.normal(size=(4, 700))
    scale = np.sqrt(1 - correlation**2)
    chains = signal.lfilter([scale], [1, -correlation], noise, axis=1)[:, 200:]
    return np.asarray(ESTIMATE + SE / np.sqrt(1 + (SE / 5.0) ** 2) * chains)


def measures(draws: Floats | None) -> dict[str, Number]:
    side = (
        from_log_likelihood(log_likelihood, REFERENCE, [CLIENT])
        if draws is None
        else from_draws(draws, log_likelihood(draws), REFERENCE)
    )
    rows = replicates(side, side.log_weights)
    likelihood = marginal_likelihood(side)
    against = under_belief(side, CLIENT)
    ends = ends_of_draws(side, rows)
    _, by_likelihood = power_scaling(side, rows, REFERENCE, ends)
    posterior = summary(side, rows, 0.9, 0.3)
    found = {
        "mean": posterior.mean,
        "sd": posterior.sd,
        "above": posterior.above,
        "log Bayes factor": against.log_bayes_factor,
        "peak": number(likelihood.log_peaks()),
        "tail": prior_predictive_tail(likelihood, CLIENT),
        "KL": kl_divergence(side, rows, likelihood, CLIENT),
        "Wasserstein": wasserstein(side, rows, CLIENT),
        "sensitivity": by_likelihood,
    }
    return {name: value for name, value in found.items() if value is not None}


@cache
def repeated() -> dict[str, Floats]:
    """Value and error of each measure, (REPETITIONS, 2), over Markov chains of the same law."""
    rng = np.random.default_rng(7)
    runs = [measures(markov_chains(rng, CORRELATION)) for _ in range(REPETITIONS)]
    return {name: np.array([(run[name].value, run[name].mcse) for run in runs]) for name in runs[0]}


@cache
def truth() -> dict[str, Number]:
    return measures(None)


MEASURES = (
    *("mean", "sd", "above", "log Bayes factor", "peak", "tail", "KL", "Wasserstein"),
    "sensitivity",
)


@pytest.mark.parametrize("name", MEASURES)
def test_two_errors_to_either_side_hold_the_truth_as_often_as_they_say(name: str) -> None:
    value, mcse = repeated()[name].T
    share = np.mean(np.abs(value - truth()[name].value) < 1.96 * mcse)
    assert share > 0.90 - 2 * 0.039  # the error of a share of 60
    assert np.std(value) == pytest.approx(np.mean(mcse), rel=0.25)


@pytest.mark.parametrize("name", MEASURES)
def test_draws_agree_with_quadrature(name: str) -> None:
    value, mcse = repeated()[name].T
    bias = np.mean(value) - truth()[name].value
    assert abs(bias) < 0.25 * np.mean(mcse) + 4 * np.std(value) / np.sqrt(REPETITIONS)
    assert np.mean(np.abs(value - truth()[name].value) < 4 * mcse) > 0.985


@pytest.mark.parametrize("name", MEASURES)
def test_a_quadrature_has_no_error(name: str) -> None:
    assert truth()[name].mcse == 0


def test_errors_that_take_draws_for_independent_miss_the_truth() -> None:
    value, _ = repeated()["mean"].T
    naive = SE / np.sqrt(2000)
    assert np.mean(np.abs(value - truth()["mean"].value) < 1.96 * naive) < 0.85


@pytest.mark.parametrize(("chains", "draws"), [(1, 240), (4, 60), (5, 61), (24, 10), (30, 8)])
def test_blocks_are_contiguous_within_chains(chains: int, draws: int) -> None:
    chain = np.repeat(np.arange(chains), draws)
    blocks = blocks_of(chain)
    assert np.unique(blocks).tolist() == list(range(BLOCKS))
    assert (np.diff(blocks) >= 0).all()
    if chains <= BLOCKS:
        assert all(len(np.unique(chain[blocks == block])) == 1 for block in range(BLOCKS))
        assert np.bincount(blocks).min() >= draws * chains // BLOCKS / 2


def test_each_replicate_leaves_one_block_out() -> None:
    draws = np.random.default_rng(1).uniform(size=(4, 60))
    side = from_draws(draws, draws, Belief.of("uniform", {"low": 0.0, "high": 1.0}))
    rows = np.exp(replicates(side, np.log(side.values)))
    np.testing.assert_allclose(rows.sum(axis=1), 1)
    np.testing.assert_allclose(rows[0], side.values / side.values.sum())
    assert ((rows[1:] == 0).sum(axis=0) == 1).all()


def test_error_of_a_mean_of_independent_draws_is_the_known_one() -> None:
    x = np.random.default_rng(2).normal(size=(4, 6000))
    side = from_draws(x, x, REFERENCE)
    rows = np.exp(replicates(side, side.log_weights)) @ side.values
    assert number(rows).mcse == pytest.approx(1 / np.sqrt(24000), rel=0.35)


def test_log_sums_do_not_overflow() -> None:
    logs = np.array([[1000.0, 1000.0], [-1000.0, -np.inf]])
    np.testing.assert_allclose(log_sum(logs), np.array([1000 + np.log(2), -1000]))
    np.testing.assert_allclose(np.exp(normalised(logs)), np.array([[0.5, 0.5], [1, 0]]))
