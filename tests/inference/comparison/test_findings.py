"""A number against its threshold, and stage 1: whether the draws can be trusted."""

import math
from dataclasses import replace

import arviz as az
import numpy as np
import pytest

from tasks.inference.comparison.computation import (
    Computation,
    computation_findings,
    computation_of,
    is_computed,
)
from tasks.inference.comparison.findings import at_least, at_most, failed, not_assessable
from tasks.inference.comparison.record import Finding
from tasks.inference.comparison.settings import ComparisonSettings

from .conftest import Floats

SETTINGS = ComparisonSettings()


def test_numbers_pass_at_their_limit_and_fail_beyond() -> None:
    below, above = np.nextafter(2.0, 1), np.nextafter(2.0, 3)
    assert [at_most("c", 1, of, 2.0, "").status for of in (2.0, above)] == ["pass", "fail"]
    assert [at_least("c", 1, of, 2.0, "").status for of in (2.0, below)] == ["pass", "fail"]
    assert at_most("c", 2, 1.0, 2.0, "s") == Finding(
        check="c", stage=2, status="pass", value=1.0, rule="<= 2", sentence="s"
    )
    assert at_least("c", 2, 1.0, 2.0, "s").rule == ">= 2"


def test_a_number_that_cannot_be_computed_is_not_assessable() -> None:
    for finding in (at_most("c", 1, math.nan, 1, ""), at_least("c", 1, math.nan, 1, "")):
        assert (finding.status, finding.value) == ("not assessable", None)
    assert not_assessable("c", 3, "why").sentence == "why"


def test_a_criterion_may_be_failed_without_a_number() -> None:
    finding = failed("c", 1, "why")
    assert (finding.status, finding.value, finding.stage) == ("fail", None, 1)
    assert finding.sentence == "why"


GOOD = Computation(0.01, 1.01, 100.0, 9, 0.9, integrated=False)


@pytest.mark.parametrize(
    ("change", "settings", "failed"),
    [
        ({}, {}, set()),
        ({"divergences": 0.011}, {}, {"divergences"}),
        ({"divergences": 0.011}, {"most_divergences": 0.02}, set()),
        ({"r_hat": 1.011}, {}, {"r_hat"}),
        ({"r_hat": 1.011}, {"most_r_hat": 1.05}, set()),
        ({"ess_tau": 99.0}, {}, {"ess_tau"}),
        ({"ess_tau": 99.0}, {"least_ess": 50}, set()),
        ({"ess_tau": math.nan}, {}, set()),
        ({"r_hat": math.nan}, {}, {"r_hat"}),
        ({"r_hat": math.nan}, {"most_r_hat": 9.0}, {"r_hat"}),
    ],
)
def test_a_chain_is_judged_by_three_numbers(
    change: dict[str, float], settings: dict[str, float], failed: set[str]
) -> None:
    computed = replace(GOOD, **change)  # type: ignore[arg-type]
    found = computation_findings(computed, ComparisonSettings.model_validate(settings))
    assert [of.check for of in found] == ["divergences", "r_hat", "ess_tau"]
    assert {of.check for of in found if of.status == "fail"} == failed
    is_told = not math.isnan(computed.ess_tau)
    assert (found[2].status != "not assessable") is is_told
    assert {of.stage for of in found} == {1}


def test_the_target_of_the_effective_sample_size_is_told_but_rejects_nothing() -> None:
    for ess, word in ((399.0, "misses"), (400.0, "reaches")):
        finding = computation_findings(replace(GOOD, ess_tau=ess), SETTINGS)[2]
        assert finding.status == "pass"
        assert f"{word} the target of 400" in finding.sentence


def test_without_a_chain_nothing_of_it_is_assessable() -> None:
    assert {of.status for of in computation_findings(None, SETTINGS)} == {"not assessable"}


def chains(**given: Floats) -> az.InferenceData:
    """Four chains of complete pooling that move, but for what is given."""
    rng = np.random.default_rng(1)
    mu = rng.normal(size=(4, 500))
    posterior = {"mu": mu, "theta": np.repeat(mu[..., None], 3, axis=-1)} | given
    stats = {"diverging": np.zeros((4, 500), bool), "n_steps": np.ones((4, 500), int)}
    fit = az.from_dict(posterior=posterior, sample_stats=stats)
    fit.sample_stats.attrs["adapt_delta"] = 0.9
    return fit


def test_chains_that_move_pass() -> None:
    assert is_computed("complete_pooling", chains(), SETTINGS)


@pytest.mark.parametrize("value", [0.0, math.nan])
def test_chains_that_do_not_move_fail_with_a_sentence_that_says_so(value: float) -> None:
    fit = chains(mu=np.full((4, 500), value))
    computed = computation_of("complete_pooling", fit)
    finding = computation_findings(computed, SETTINGS)[1]
    assert (finding.check, finding.status, finding.value) == ("r_hat", "fail", None)
    assert "the chain does not move" in finding.sentence
    assert not is_computed("complete_pooling", fit, SETTINGS)


def test_one_chain_of_four_that_does_not_move_fails() -> None:
    mu = np.random.default_rng(2).normal(size=(4, 500))
    mu[2] = mu[2, 0]
    assert not is_computed("complete_pooling", chains(mu=mu), SETTINGS)
