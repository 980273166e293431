"""A number against its threshold, and stage 1: whether the draws can be trusted."""

import math

import numpy as np
import pytest

from tasks.inference.comparison.computation import Computation, computation_findings
from tasks.inference.comparison.findings import at_least, at_most, not_assessable
from tasks.inference.comparison.record import Finding
from tasks.inference.comparison.settings import ComparisonSettings

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


GOOD = {"divergences": 0.01, "r_hat": 1.01, "ess_tau": 100.0, "gradients": 9, "adapt_delta": 0.9}


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
    ],
)
def test_a_chain_is_judged_by_three_numbers(
    change: dict[str, float], settings: dict[str, float], failed: set[str]
) -> None:
    computed = Computation(**(GOOD | change))  # type: ignore[arg-type]
    found = computation_findings(computed, ComparisonSettings.model_validate(settings))
    assert [of.check for of in found] == ["divergences", "r_hat", "ess_tau"]
    assert {of.check for of in found if of.status == "fail"} == failed
    is_told = not math.isnan(computed.ess_tau)
    assert (found[2].status != "not assessable") is is_told
    assert {of.stage for of in found} == {1}


def test_the_target_of_the_effective_sample_size_is_told_but_rejects_nothing() -> None:
    for ess, word in ((399.0, "misses"), (400.0, "reaches")):
        computed = Computation(0.0, 1.0, ess, 9, 0.9)
        finding = computation_findings(computed, SETTINGS)[2]
        assert finding.status == "pass"
        assert f"{word} the target of 400" in finding.sentence


def test_without_a_chain_nothing_of_it_is_assessable() -> None:
    assert {of.status for of in computation_findings(None, SETTINGS)} == {"not assessable"}
