"""Text and JSON of a comparison: what to use first and last, every failure with its sentence."""

import json
import math
import re
from collections.abc import Sequence
from typing import Any

import pytest

from tasks.inference.comparison.candidates import CANDIDATES
from tasks.inference.comparison.exploration import Exploration
from tasks.inference.comparison.record import (
    Comparison,
    Estimate,
    Finding,
    Flag,
    ModelName,
    ModelRecord,
    SensitivityRow,
    Stage,
    Status,
    UnitRecord,
)
from tasks.inference.comparison.settings import ComparisonSettings, Priors
from tasks.report.comparison_json import comparison_json
from tasks.report.comparison_models import MOST_COLUMNS, SHORT
from tasks.report.comparison_text import comparison_text
from tasks.report.comparison_units import MOST_ROWS
from tasks.report.layout import display_width
from tasks.report.text import WIDTH

ALL = tuple(CANDIDATES)
HOSTILE = ("<script>x</script>", "$a_1$ & b", "서울 강남구 매장 무게의 평균값", "a\x1b[2Jb")


def estimate(mean: float, half: float = 1.0) -> Estimate:
    return Estimate(
        mean=mean, mcse=0.1, sd=half / 2, low=mean - half, median=mean, high=mean + half
    )


def finding(check: str, *, fails: bool = False, **changes: Any) -> Finding:
    status: Status = "fail" if fails else "pass"
    known = Finding(
        check=check, stage=2, status=status, value=0.25, rule="<= 0.5", sentence=f"About {check}."
    )
    return known.model_copy(update=changes)


def units_named(labels: Sequence[str]) -> tuple[UnitRecord, ...]:
    return tuple(
        UnitRecord(
            label=label,
            y=float(place),
            sigma=2.0,
            theta=estimate(place / 2),
            shrinkage=0.5 if place else None,
            y_low=-9.0,
            y_high=9.0,
            pareto_k=0.25,
            loo_z=place / 100,
        )
        for place, label in enumerate(labels)
    )


def model(name: ModelName, *findings: Finding, **changes: Any) -> ModelRecord:
    has_tau = CANDIDATES[name].tau is not None
    known = ModelRecord(
        name=name,
        title=CANDIDATES[name].title,
        why="units do not differ",
        mu=estimate(7.0, 2.0),
        tau=estimate(3.0) if has_tau else None,
        beta={},
        divergences=0.125,
        r_hat=1.003,
        ess_tau=1234.0 if has_tau else None,
        gradients=9,
        adapt_delta=0.9,
        integrated=False,
        prior_covered=1.0,
        prior_tau=1.0,
        covered=1.0,
        elpd=-30.04,
        elpd_se=1.06,
        elpd_difference=0.5,
        elpd_difference_se=0.25,
        weight=0.125,
        units=units_named("ABC"),
        findings=findings or (finding("r_hat"),),
    )
    return known.model_copy(update=changes)


def comparison(models: Sequence[ModelRecord], **changes: Any) -> Comparison:
    left = [of.name for of in models if not of.failures]
    rejected = {of.name: "; ".join(f.check for f in of.failures) for of in models if of.failures}
    known = Comparison(
        exploration=Exploration(
            n_units=3,
            pooled=7.7,
            pooled_se=4.1,
            q=4.7,
            q_p_value=0.69,
            i_squared=0.25,
            tau_squared=4.0,
            spread=10.4,
        ),
        priors=Priors(
            unit=2.5,
            mu_mean=0,
            mu_sd=50,
            tau_scale=25,
            skeptical_mean=7.5,
            skeptical_sd=12.5,
            skeptical_tau_scale=12.5,
            threshold=7.5,
            sigma_pooled=10,
            beta_sd=25,
        ),
        settings=ComparisonSettings(),
        models=tuple(models),
        sensitivity=(
            SensitivityRow(
                model=models[0].name,
                varied="tau_scale",
                value=5.0,
                mu=estimate(6.5),
                tau=estimate(2.5),
            ),
        ),
        tau_ratio=1.46,
        sensitivity_is_critical=False,
        flags=(
            Flag(name="outliers", is_raised=False, evidence="", pivot="hierarchical_student_t"),
            Flag(
                name="units do not differ",
                is_raised=True,
                evidence="They are alike.",
                pivot="complete_pooling",
            ),
        ),
        stages=(Stage(name="falsification", left=tuple(left), rejected=rejected),),
        recommended=left[0] if left else None,
        conclusion="Use this, because." if left else "No model is adequate, because.",
    )
    return known.model_copy(update=changes)


FAILING = finding("outliers", fails=True, sentence="Unit B lies far out.")


@pytest.fixture
def usual() -> Comparison:
    return comparison([model("hierarchical_noncentered", FAILING), model("complete_pooling")])


@pytest.fixture
def everything() -> Comparison:
    """All models, names that are hard to show, many units, a covariate."""
    findings = (
        finding("outliers", fails=True),
        finding("trend:인구 밀도와 아주 긴 이름", value=1e-9),
    )
    labels = [*HOSTILE, *(f"a_rather_long_name_{number}" * 9 for number in range(96))]
    units = units_named(labels)
    beta = {"인구 밀도": estimate(0.5)}
    return comparison([model(name, *findings, units=units, beta=beta) for name in ALL])


def part(text: str, title: str) -> list[str]:
    """The lines of one section, their gaps made single."""
    (found,) = re.findall(rf"\n{title}\n-+\n(.*?)(?:\n\n\n|\n\Z)", text, flags=re.DOTALL)
    return [re.sub(r"\s+", " ", line) for line in found.splitlines()]


def test_what_to_use_stands_first_in_capitals_and_last_with_its_reason(usual: Comparison) -> None:
    lines = comparison_text("Schools", usual).splitlines()
    assert lines[:4] == ["Schools", "=======", "", "USE COMPLETE POOLING"]
    assert lines[-1] == "Use complete pooling, the simplest not rejected (units do not differ)."
    assert lines[-3] == usual.conclusion


def test_that_none_is_adequate_stands_first_and_last() -> None:
    none = comparison([model(name, FAILING) for name in ALL[:3]])
    text = comparison_text("Schools", none)
    lines = text.splitlines()
    assert lines[3] == "NO MODEL IS ADEQUATE"
    assert lines[-1] == "No model is adequate: 3 models were fitted, each is rejected."
    assert "Use" not in text.replace(none.conclusion, "")
    assert part(text, "UNITS") == ["As no model is adequate, no unit's true effect is told."]


def test_sections_stand_in_the_order_of_reading(usual: Comparison) -> None:
    text = comparison_text("Schools", usual)
    assert re.findall(r"\n\n\n([A-Z ]+)\n-+\n", text) == [
        "STAGES", "EXPLORATION", "MODELS", "CRITERIA", "FAILURES", "RED FLAGS", "SENSITIVITY",
        "UNITS", "PRIORS", "CONCLUSION",
    ]  # fmt: skip


def test_no_line_is_too_wide_and_none_ends_in_a_space(
    usual: Comparison, everything: Comparison
) -> None:
    long = everything.model_copy(update={"recommended": ALL[0]})
    why = {"why": "effects change with " + "아주 긴 이름 " * 20}
    models = (long.models[0].model_copy(update=why), *long.models[1:])
    for told in (usual, everything, long.model_copy(update={"models": models})):
        text = comparison_text("Schools", told)
        assert max(map(display_width, text.splitlines())) <= WIDTH
        assert re.findall(r" $|\n\n\Z|\x1b", text, flags=re.MULTILINE) == []
        assert text.splitlines()[-1].endswith((").", "rejected."))


def test_a_critical_prior_is_told_above_the_first_section(usual: Comparison) -> None:
    changes = {"sensitivity_is_critical": True, "tau_ratio": 3.21}
    before, _ = comparison_text("Schools", usual.model_copy(update=changes)).split("STAGES")
    assert "critical" in before
    assert "3.21-fold" in before
    before, after = comparison_text("Schools", usual).split("STAGES")
    assert "critical" not in before
    assert "decides: not critical" in " ".join(after.split())


def test_a_model_has_its_numbers_and_a_hyphen_where_there_is_no_tau(usual: Comparison) -> None:
    lines = part(comparison_text("Schools", usual), "MODELS")
    assert "partial pooling 7.0 [5.0, 9.0] 3.0 [2.0, 4.0] 1,234 12.5 %" in lines
    assert "complete pooling 7.0 [5.0, 9.0] - - 12.5 %" in lines
    assert "partial pooling −30.0 ± 1.1 0.5 ± 0.2 0.12 outliers" in lines
    assert "complete pooling −30.0 ± 1.1 0.5 ± 0.2 0.12 nothing" in lines


def test_every_criterion_is_passed_failed_or_without_meaning() -> None:
    nothing: dict[str, Any] = {"status": "not assessable", "value": None, "rule": ""}
    told = comparison(
        [
            model("hierarchical_noncentered", finding("a"), finding("b", fails=True)),
            model("complete_pooling", finding("a", **nothing), finding("c", value=1.00354)),
        ]
    )
    lines = part(comparison_text("Schools", told), "CRITERIA")
    assert lines[-4:] == [
        "criterion must be partial complete",
        "a <= 0.5 pass 0.25 -",
        "b <= 0.5 fail 0.25 -",
        "c <= 0.5 - pass 1.004",
    ]


def test_every_failure_has_its_model_rule_and_sentence(everything: Comparison) -> None:
    told = " ".join(part(comparison_text("Schools", everything), "FAILURES"))
    for name in ALL:
        assert f"{CANDIDATES[name].title}, outliers (must be <= 0.5): About outliers." in told
    assert "trend" not in told
    alone = comparison([model("complete_pooling")])
    assert part(comparison_text("Schools", alone), "FAILURES") == ["None."]


def test_what_is_left_in_spite_of_a_failure_is_said(usual: Comparison) -> None:
    stage = Stage(name="falsification", left=("hierarchical_noncentered",), rejected={})
    text = comparison_text("Schools", usual.model_copy(update={"stages": (stage,)}))
    sentence = "No stage rejects partial pooling for what it fails"
    assert any(line.startswith(sentence) for line in part(text, "FAILURES"))
    assert sentence not in comparison_text("Schools", usual)


def test_many_models_stand_in_two_tables_of_all_criteria(everything: Comparison) -> None:
    lines = part(comparison_text("Schools", everything), "CRITERIA")
    heads = [line.removeprefix("criterion must be ") for line in lines if "must be" in line]
    assert " ".join(heads) == " ".join(SHORT[name] for name in ALL)
    assert len(heads) == math.ceil(len(ALL) / MOST_COLUMNS)
    assert sum(line.startswith("outliers <= 0.5 fail 0.25") for line in lines) == 2


def test_a_raised_flag_has_its_evidence_and_its_model(usual: Comparison) -> None:
    lines = part(comparison_text("Schools", usual), "RED FLAGS")
    assert lines[0].startswith("Raised: units do not differ. They are alike. So complete pooling")
    assert lines[-2:] == [
        "outliers not raised Student-t effects",
        "units do not differ raised complete pooling",
    ]


def test_exploration_sensitivity_units_and_stages_are_told(usual: Comparison) -> None:
    text = comparison_text("Schools", usual)
    assert "tau by DerSimonian and Laird 2" in part(text, "EXPLORATION")
    assert "pooled estimate if all effects are equal 7.7 ± 4.1" in part(text, "EXPLORATION")
    row = "partial pooling scale of tau's prior 5 6.5 [5.5, 7.5] 2.5 [1.5, 3.5]"
    assert part(text, "SENSITIVITY")[-1] == row
    assert part(text, "UNITS")[-2:] == [
        "B 1.0 ± 2.0 0.5 [−0.5, 1.5] 0.50 0.25",
        "C 2.0 ± 2.0 1.0 [0.0, 2.0] 0.50 0.25",
    ]
    assert part(text, "STAGES") == [
        "1. Falsification leaves complete pooling. It rejects partial pooling."
    ]


def test_of_many_units_the_worst_predicted_are_shown_and_it_is_said() -> None:
    units = units_named([f"unit-{number}" for number in range(100)])
    text = comparison_text("Schools", comparison([model("complete_pooling", units=units)]))
    shown = re.findall(r"^unit-(\d+) ", "\n".join(part(text, "UNITS")), flags=re.MULTILINE)
    assert list(map(int, shown)) == list(range(100 - MOST_ROWS, 100))
    assert "40 of 100 units" in text


def test_it_is_said_that_priors_scale_with_the_data_where_none_was_given(
    usual: Comparison,
) -> None:
    told = " ".join(part(comparison_text("Schools", usual), "PRIORS"))
    assert "One unit is 2.5, from the data" in told
    assert "Nothing was given for mu_sd, tau_scale, skeptical_mean, skeptical_sd" in told
    assert "tau half-Cauchy(25)" in told
    given = ComparisonSettings(
        unit=1, mu_sd=1, tau_scale=1, skeptical_mean=0, skeptical_sd=1, skeptical_tau_scale=1
    )
    told = comparison_text("Schools", usual.model_copy(update={"settings": given}))
    assert "One unit is 2.5, as given." in told
    assert "Nothing was given" not in told
    some = ComparisonSettings(tau_scale=1)
    told = comparison_text("Schools", usual.model_copy(update={"settings": some}))
    assert "Nothing was given for mu_sd, skeptical_mean, " in told


def test_the_record_is_the_comparison(usual: Comparison, everything: Comparison) -> None:
    for told in (usual, everything):
        text = comparison_json("비교", told)
        record = json.loads(text)
        assert record.pop("title") == "비교"
        assert Comparison.model_validate(record) == told
        assert text.startswith('{\n  "title": "비교",\n')
        assert text == comparison_json("비교", told.model_copy(deep=True))


def test_what_is_no_number_is_null(usual: Comparison) -> None:
    changes: list[tuple[float, str]] = [(math.nan, "NaN"), (math.inf, "Infinity")]
    for value, name in changes:
        text = comparison_json("a", usual.model_copy(update={"tau_ratio": value}))
        assert json.loads(text)["tau_ratio"] is None
        assert name not in text
