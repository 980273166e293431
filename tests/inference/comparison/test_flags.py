"""Red flags: raised only by what all trusted models fail, each with its pivot."""

from collections.abc import Callable

import numpy as np
import pytest

from tasks.inference.comparison.candidates import CANDIDATES, COMPETING
from tasks.inference.comparison.draws import Draws
from tasks.inference.comparison.findings import not_assessable
from tasks.inference.comparison.flags import red_flags
from tasks.inference.comparison.judging import Judged
from tasks.inference.comparison.predictive import LeftOut, leave_one_out
from tasks.inference.comparison.record import Finding, Flag, ModelName

from .conftest import made_draws

STAGE_1 = ("divergences", "r_hat", "ess_tau")
ALL = (*STAGE_1, "coverage", "outliers", "tau_collapsed", "heterogeneity", "shrinkage_order")
TRENDS = ("trend:log precision", "trend:size", "trend:무게")
PIVOTS = {
    "coverage": ("no model predicts the data", "hierarchical_student_t"),
    "outliers": ("outliers", "hierarchical_student_t"),
    "tau_collapsed": ("tau has collapsed", "complete_pooling"),
    "heterogeneity": ("units do not differ", "complete_pooling"),
    "trend:log precision": ("effects change with precision", "precision_regression"),
    "shrinkage_order": ("effects change with precision", "precision_regression"),
    "trend:size": ("effects change with size", "hierarchical_covariates"),
    "trend:무게": ("effects change with 무게", "hierarchical_covariates"),
}

Judge = Callable[..., Judged]


def finding(check: str, *, fails: bool) -> Finding:
    return Finding(
        check=check,
        stage=1 if check in STAGE_1 else 3 if check == "heterogeneity" else 2,
        status="fail" if fails else "pass",
        value=0.0,
        rule="",
        sentence=f"Number of {check}.",
    )


@pytest.fixture(scope="module")
def judged() -> Judge:
    """Make a model that fails some criteria and passes all others."""
    draws: Draws = made_draws(np.random.default_rng(1).normal(size=(1, 100, 3)))
    left_out: LeftOut = leave_one_out(draws, np.zeros(3), np.ones(3))

    def make(name: ModelName, *failed: str, missing: str = "") -> Judged:
        checks = tuple(
            not_assessable(of, 2, "") if of == missing else finding(of, fails=of in failed)
            for of in (*ALL, *TRENDS)
        )
        return Judged(name, draws, {}, None, None, left_out, checks)

    return make


def raised(flags: tuple[Flag, ...]) -> dict[str, str]:
    return {flag.name: flag.pivot for flag in flags if flag.is_raised}


def test_no_flag_is_raised_where_all_models_pass(judged: Judge) -> None:
    flags = red_flags([judged(name) for name in COMPETING])
    assert raised(flags) == {}
    assert {flag.name for flag in flags} == {name for name, _ in PIVOTS.values()} | {
        "no chain can be trusted"
    }
    assert {flag.evidence for flag in flags} == {""}


@pytest.mark.parametrize("check", PIVOTS)
def test_what_all_models_fail_raises_its_flag_and_turns_to_its_model(
    check: str, judged: Judge
) -> None:
    flags = red_flags([judged(name, check) for name in COMPETING])
    name, pivot = PIVOTS[check]
    assert raised(flags) == {name: pivot}
    assert pivot in CANDIDATES
    assert next(flag.evidence for flag in flags if flag.is_raised) == f"Number of {check}."


@pytest.mark.parametrize("check", PIVOTS)
@pytest.mark.parametrize("good", COMPETING)
def test_one_model_that_passes_is_enough_against_a_flag(
    check: str, good: ModelName, judged: Judge
) -> None:
    models = [judged(name) if name == good else judged(name, check) for name in COMPETING]
    assert raised(red_flags(models)) == {}


@pytest.mark.parametrize("check", PIVOTS)
def test_a_criterion_that_is_not_assessable_raises_no_flag(check: str, judged: Judge) -> None:
    models = [judged(COMPETING[0], missing=check), *(judged(of, check) for of in COMPETING[1:])]
    assert raised(red_flags(models)) == {}


@pytest.mark.parametrize("check", PIVOTS)
@pytest.mark.parametrize("untrusted", STAGE_1)
def test_models_whose_chains_cannot_be_trusted_are_not_asked(
    check: str, untrusted: str, judged: Judge
) -> None:
    passes_untrusted = judged(COMPETING[0], untrusted)
    models = [passes_untrusted, *(judged(of, check) for of in COMPETING[1:])]
    assert raised(red_flags(models)) == dict([PIVOTS[check]])
    fails_untrusted = judged(COMPETING[0], untrusted, check)
    models = [fails_untrusted, *(judged(of) for of in COMPETING[1:])]
    assert raised(red_flags(models)) == {}


def test_without_any_chain_to_trust_only_empirical_bayes_is_left(judged: Judge) -> None:
    models = [judged(name, check, *PIVOTS) for name, check in zip(COMPETING, STAGE_1, strict=True)]
    assert raised(red_flags(models)) == {"no chain can be trusted": "empirical_bayes"}
    assert raised(red_flags([judged(COMPETING[0]), *models[1:]])) == {}


def test_different_criteria_do_not_add_up_to_a_flag(judged: Judge) -> None:
    """Some miss the trend, the others the order: no single reason holds for all."""
    models = [
        judged(COMPETING[0], "trend:log precision"),
        *(judged(of, "shrinkage_order") for of in COMPETING[1:]),
    ]
    assert raised(red_flags(models)) == {}


def test_several_flags_may_be_raised_at_once(judged: Judge) -> None:
    models = [judged(name, "outliers", "coverage", "trend:size") for name in COMPETING]
    assert raised(red_flags(models)) == {
        "no model predicts the data": "hierarchical_student_t",
        "outliers": "hierarchical_student_t",
        "effects change with size": "hierarchical_covariates",
    }


def test_a_model_is_left_up_to_the_stage_that_it_fails(judged: Judge) -> None:
    for check, stage in (("r_hat", 1), ("outliers", 2), ("heterogeneity", 3)):
        model = judged(COMPETING[0], check)
        assert [model.is_left(of) for of in (1, 2, 3)] == [of < stage for of in (1, 2, 3)]
