"""The decision from findings made by hand: what rejects, what is simplest, what is said."""

import pytest

from tasks.inference.comparison.candidates import CANDIDATES, COMPETING
from tasks.inference.comparison.decision import decide
from tasks.inference.comparison.record import Estimate, Finding, Flag, ModelName, ModelRecord

RICH = "heterogeneity"
STAGE_OF = {"r_hat": 1, "outliers": 2, "unit_intervals": 2, "theta_range": 2, "elpd": 3, RICH: 3}


def estimate(mean: float) -> Estimate:
    return Estimate(mean=mean, mcse=0.1, sd=1.0, low=mean - 2, median=mean, high=mean + 2)


def model(name: ModelName, *failed: str) -> ModelRecord:
    """A model that fails some criteria."""
    findings = [
        Finding.model_validate(
            {
                "check": check,
                "stage": stage,
                "status": "fail" if check in failed else "pass",
                "value": 1.0,
                "rule": "",
                "sentence": f"The number of {check}.",
            }
        )
        for check, stage in STAGE_OF.items()
    ]
    return ModelRecord(
        name=name,
        title=CANDIDATES[name].title,
        why="",
        mu=estimate(7.0),
        tau=estimate(5.0) if CANDIDATES[name].tau else None,
        beta={"size": estimate(3.0)} if name == "hierarchical_covariates" else {},
        divergences=None,
        r_hat=None,
        ess_tau=None,
        gradients=None,
        adapt_delta=None,
        integrated=None,
        prior_covered=None,
        prior_tau=None,
        covered=1.0,
        elpd=-30.0,
        elpd_se=1.0,
        elpd_difference=0.0,
        elpd_difference_se=0.0,
        weight=1.0,
        units=(),
        findings=tuple(findings),
    )


def flag(name: str, pivot: ModelName, *, is_raised: bool = True) -> Flag:
    return Flag(name=name, is_raised=is_raised, evidence="", pivot=pivot)


def competing(*failed: str) -> list[ModelRecord]:
    return [model(name, *failed) for name in COMPETING]


def recommended(*models: ModelRecord) -> ModelName | None:
    return decide(models, [], prior_decides=False)[1]


def test_each_stage_rejects_by_its_own_criteria() -> None:
    models = [
        model("hierarchical_noncentered", "r_hat", "outliers"),
        model("hierarchical_skeptical", "outliers", "unit_intervals"),
        model("hierarchical_adaptive", "elpd"),
        model("hierarchical_student_t"),
    ]
    stages, name, _ = decide(models, [], prior_decides=False)
    assert [stage.name for stage in stages] == ["computation", "falsification", "comparison"]
    assert [set(stage.rejected) for stage in stages] == [
        {"hierarchical_noncentered"},
        {"hierarchical_skeptical"},
        {"hierarchical_adaptive"},
    ]
    assert stages[0].left == tuple(of.name for of in models[1:])
    assert stages[2].left == (name,) == ("hierarchical_student_t",)
    assert stages[0].rejected["hierarchical_noncentered"] == "r_hat: The number of r_hat."
    assert stages[1].rejected["hierarchical_skeptical"] == (
        "outliers: The number of outliers.; unit_intervals: The number of unit_intervals."
    )


def test_the_simplest_model_that_is_left_is_recommended() -> None:
    every = [model(name) for name in reversed(CANDIDATES)]
    for name in CANDIDATES:
        assert recommended(*every) == name
        every = [of for of in every if of.name != name]
    assert next(iter(CANDIDATES)) == "complete_pooling"
    assert list(CANDIDATES)[-1] == "empirical_bayes"


@pytest.mark.parametrize("check", STAGE_OF)
def test_a_model_that_fails_one_criterion_gives_way(check: str) -> None:
    others = model("hierarchical_student_t"), model("complete_pooling", "unit_intervals")
    first = model("hierarchical_noncentered", check)
    expected = first.name if check == RICH else "hierarchical_student_t"
    assert recommended(first, *others) == expected


def test_a_model_too_rich_gives_way_to_complete_pooling() -> None:
    models = [*competing(RICH), model("complete_pooling")]
    stages, name, _ = decide(models, [], prior_decides=False)
    assert name == "complete_pooling"
    assert set(stages[2].rejected) == set(COMPETING)


@pytest.mark.parametrize("check", ["r_hat", "unit_intervals", "elpd"])
def test_a_model_too_rich_stays_where_complete_pooling_fails(check: str) -> None:
    assert recommended(*competing(RICH), model("complete_pooling", check)) == COMPETING[0]


def test_a_model_too_rich_stays_where_complete_pooling_was_not_fitted() -> None:
    assert recommended(*competing(RICH)) == COMPETING[0]


def test_no_model_left_is_said_with_the_criteria_of_each() -> None:
    models = [
        model("hierarchical_noncentered", "r_hat"),
        model("hierarchical_skeptical", "outliers", "elpd"),
    ]
    stages, name, conclusion = decide(models, [], prior_decides=True)
    assert name is None
    assert stages[-1].left == ()
    assert conclusion == (
        "No model is adequate, so none of their effects should be acted on: partial pooling fails "
        "r_hat; partial pooling, skeptical prior fails outliers, elpd."
    )


def test_the_conclusion_tells_the_recommended_numbers() -> None:
    models = [*competing("outliers"), model("hierarchical_covariates")]
    _, _, conclusion = decide(models, [], prior_decides=False)
    assert conclusion == (
        "Use regression on the covariates: it fails no criterion. Mu is 7 [5, 9], tau 5 [3, 7] and "
        "size 3 [1, 5] (95 % intervals)."
    )


def test_the_conclusion_tells_which_models_would_do_as_well() -> None:
    _, _, conclusion = decide(competing(), [], prior_decides=False)
    assert (
        "Partial pooling, skeptical prior and partial pooling, adaptive scale would do as well; "
        "this is the simplest."
    ) in conclusion
    alone = decide([model("complete_pooling")], [], prior_decides=False)[2]
    assert "would do as well" not in alone
    assert "tau" not in alone


def test_the_conclusion_tells_why_it_turned_to_a_fallback() -> None:
    flags = [
        flag("outliers", "hierarchical_student_t"),
        flag("no model predicts the data", "hierarchical_student_t"),
        flag("tau has collapsed", "complete_pooling"),
        flag("units do not differ", "hierarchical_student_t", is_raised=False),
    ]
    models = [*competing("outliers"), model("hierarchical_student_t")]
    conclusion = decide(models, flags, prior_decides=False)[2]
    assert "as outliers and no model predicts the data ruled out the models tried" in conclusion
    assert "collapsed" not in conclusion
    assert "do not differ" not in conclusion


def test_critical_sensitivity_to_the_prior_is_said() -> None:
    said = "The prior of tau decides much of this"
    assert said in decide(competing(), [], prior_decides=True)[2]
    assert said not in decide(competing(), [], prior_decides=False)[2]


def test_heterogeneity_that_is_not_shown_is_said() -> None:
    models = [*competing(RICH), model("complete_pooling", "unit_intervals")]
    conclusion = decide(models, [], prior_decides=False)[2]
    assert "no criterion by which a model is rejected" in conclusion
    assert "do not show that the units differ (the number of heterogeneity)" in conclusion
    assert "complete pooling would be too sure of each" in conclusion
    assert "do not show" not in decide(competing(), [], prior_decides=False)[2]


@pytest.mark.parametrize(
    "others", [[], [model("complete_pooling", "theta_range")]], ids=["not fitted", "out of range"]
)
def test_complete_pooling_is_too_sure_only_where_that_was_found(others: list[ModelRecord]) -> None:
    models = [*competing(RICH), *others]
    assert "too sure" not in decide(models, [], prior_decides=False)[2]


def test_the_records_are_not_changed() -> None:
    models = [*competing(RICH), model("complete_pooling", "elpd")]
    copies = [of.model_copy(deep=True) for of in models]
    decide(models, [], prior_decides=True)
    assert models == copies
