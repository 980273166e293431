"""The text tells all sections in aligned columns, and no line is too wide."""

import re
from collections.abc import Callable

import pytest

from tasks.bayes.interval import Interval
from tasks.domain import PLACEBO, Node
from tasks.report.effect_record import Effect, Ranked
from tasks.report.evidence import ModelCheck
from tasks.report.layout import display_width
from tasks.report.schema import KeyImportance, Report
from tasks.report.text import WIDTH, as_text

EffectAt = Callable[..., Effect]
Ranking = Callable[[list[Effect]], tuple[Ranked, ...]]
Checked = Callable[..., ModelCheck]


def squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def part(text: str, title: str) -> str:
    """The lines of one section."""
    (found,) = re.findall(rf"\n{title}\n-+\n(.*?)(?:\n\n\n|\Z)", text, flags=re.DOTALL)
    return str(found)


def row(text: str, title: str, start: str) -> str:
    """The first line of a section that begins so, its gaps made single."""
    (found, *_) = (line for line in part(text, title).splitlines() if line.startswith(start))
    return squeezed(found)


@pytest.mark.parametrize("name", ["report", "large", "tiny", "hostile"])
def test_no_line_is_too_wide_and_none_ends_in_a_space(
    name: str, request: pytest.FixtureRequest
) -> None:
    text = as_text(request.getfixturevalue(name))
    lines = text.split("\n")
    assert max(map(display_width, lines)) <= WIDTH
    assert [line for line in lines if line != line.rstrip()] == []
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


@pytest.mark.parametrize("name", ["report", "large", "tiny", "hostile"])
def test_no_hyphen_for_a_minus_and_no_signed_zero(
    name: str, request: pytest.FixtureRequest
) -> None:
    text = as_text(request.getfixturevalue(name))
    assert re.findall(r"(?<![\w\"])-\d", text) == []
    assert re.findall(r"[−+]0(?:\.0+)?(?![.\d])", text) == []


def test_the_answer_comes_first(report: Report) -> None:
    head, _, evidence = as_text(report).partition("\n\n\n")
    told = squeezed(head)
    table = report.shares[0]
    best = report.ranking[0].effect
    assert f"table {table.node} ({100 * table.fraction:.1f} ± 2.1 %)" in told
    assert f"First fill the {best.changed:,} missing cells of {best.node}: −19.8 %" in told
    assert "[−27.9, −11.9] of U, confidence medium." in told
    assert "The placebo is clean: each of 2 intervals" in told
    assert evidence.startswith("DATA")


def test_the_calibration_of_the_effects_model_has_a_section_with_its_reasons(
    report: Report, checked: Checked
) -> None:
    title = "CALIBRATION OF THE EFFECTS MODEL"
    assert squeezed(part(as_text(report), title)) == (
        "The effects model was not tested by simulation, although that is recommended for this "
        "design: run again with --set check_model=always. Simulation-based calibration is "
        "recommended: the model has 81 parameters, more than 10."
    )
    failed = checked("not calibrated", "tau: it is biased.", "mu: too narrow.", "3 fits diverged.")
    text = as_text(report.model_copy(update={"model_check": failed}))
    assert [squeezed(text).count(reason) for reason in failed.reasons] == [2, 1, 1]
    assert [squeezed(part(text, title)).count(reason) for reason in failed.reasons] == [1, 1, 1]
    assert failed.decision in squeezed(part(text, title))


def test_what_was_gated(report: Report) -> None:
    assert "3 tables, 3 foreign keys and 41 rules; 1 of the rules found faults" in as_text(report)
    found = row(as_text(report), "DATA", "items.weight")
    known = "items.weight is not missing repairable 80 20,412 0.392 document 17; document 4030"
    assert found == known


def test_scores_and_uncertainty_have_errors_and_units(report: Report, tiny: Report) -> None:
    assert row(as_text(report), "MODEL", "R²") == "R² 0.532 ± 0.012"
    assert row(as_text(report), "UNCERTAINTY NOW", "epis") == "epistemic 0.713 day²"
    assert row(as_text(tiny), "UNCERTAINTY NOW", "epis") == "epistemic 0.02 nats"
    assert row(as_text(tiny), "UNCERTAINTY NOW", "label") == "label variance 0.013"
    assert "of U, the epistemic part." in as_text(report)
    assert "of U, the label variance." in as_text(tiny)


@pytest.mark.parametrize(
    ("unit", "squared"), [("kg/day", "(kg/day)²"), ("", "(unit of the target)²")]
)
def test_a_compound_unit_is_squared_as_a_whole(report: Report, unit: str, squared: str) -> None:
    text = as_text(report.model_copy(update={"unit": unit}))
    assert row(text, "UNCERTAINTY NOW", "epis") == f"epistemic 0.713 {squared}"


def test_a_row_shows_its_best_effect_that_is_not_illusory(
    report: Report, effect_at: EffectAt
) -> None:
    node = report.shares[0].node
    effects = (
        effect_at(node.table, -30, intervention="impute_mean", illusory=True),
        effect_at(node.table, -7, intervention="reduce_variance"),
        effect_at(node.table, -4, intervention="correct"),
    )
    title = "LEVEL 1: TABLES"
    text = as_text(report.model_copy(update={"effects": effects}))
    assert row(text, title, node.table).endswith("reduce_variance −7.0 [−8.0, −6.0]")
    text = as_text(report.model_copy(update={"effects": effects[:1]}))
    assert row(text, title, node.table).endswith("± 2.1 - - -")


def test_illusory_gains_are_listed_and_not_ranked(report: Report, effect_at: EffectAt) -> None:
    false_gain = effect_at(
        "items.age", -44, intervention="impute_mean", illusory=True, nll_change=0.0712
    )
    true_gain = effect_at("items.price", -40)
    text = as_text(report.model_copy(update={"effects": (false_gain, true_gain)}))
    section = part(text, "ILLUSORY GAINS")
    assert "items.price" not in section
    assert "Each promises to lower U but worsens held-out likelihood: not recommended" in section
    assert (
        "replace 80 cells of items.age by a typical value −44.0 [−45.0, −43.0] 0.071 ± 0.011"
        in squeezed(section)
    )
    assert "−44" not in part(text, "TOP INTERVENTIONS")


def test_ranks_costs_and_regret(report: Report, effect_at: EffectAt, ranking: Ranking) -> None:
    found = ranking([effect_at("items.age", -10), effect_at("items.price", -4, 5)])
    section = part(as_text(report.model_copy(update={"ranking": found})), "TOP INTERVENTIONS")
    effects, costs = map(squeezed, section.split("Cost-effectiveness"))
    assert "1 fill the 80 missing cells of items.age −10.0 [−11.0, −9.0] > 99.9" in effects
    assert "2 fill the 80 missing cells of items.price −4.0 [−9.0, +1.0] 66.7" in effects
    assert "1 items.age 2 −5.00 [−5.47, −4.53] > 99.9 0" in costs
    assert "2 items.price 2 −2.0 [−4.4, +0.4] < 0.1 3" in costs


def test_confidence_and_replicates(report: Report, effect_at: EffectAt, ranking: Ranking) -> None:
    found = ranking(
        [
            effect_at("a.x", -30),
            effect_at("b.x", -9, 4),
            effect_at("c.x", -2, 4),
            effect_at("d.x", -0.1, 4),
        ]
    )
    text = as_text(report.model_copy(update={"ranking": found}))
    section = part(text, "CONFIDENCE ASSESSMENT")
    for line in ("high (1): ", "medium (1): ", "needs more data (2): "):
        assert line in section
    assert squeezed(section).count("a.x high -") == 1
    assert squeezed(section).count("b.x medium -") == 1
    further = found[2].further_replicates
    assert further is not None
    assert squeezed(section).count(f"c.x needs more data {further:,}") == 1
    assert squeezed(section).count("d.x needs more data not assessable") == 1


def test_the_placebo_has_a_line_an_intervention(report: Report, effect_at: EffectAt) -> None:
    placebo = (effect_at(f"{PLACEBO}.noise", -3), effect_at(f"{PLACEBO}.noise", 0.2))
    section = part(as_text(report.model_copy(update={"placebo": placebo})), "PLACEBO")
    assert "NOT clean" in section
    assert [squeezed(line) for line in section.splitlines()[-2:]] == [
        "impute_missing −3.0 [−4.0, −2.0] NO",
        "impute_missing +0.2 [−0.8, +1.2] yes",
    ]


def test_none_is_not_assessable(report: Report, tiny: Report) -> None:
    assert row(as_text(report), "IMPORTANCE OF FOREIGN KEYS", "(own)") == (
        "(own) not assessable - 47.0"
    )
    assert part(as_text(tiny), "CALIBRATION").startswith("Not assessable")
    assert "Whether the placebo is clean is not assessable" in as_text(tiny)


def test_what_is_left_out_is_counted(large: Report) -> None:
    text = as_text(large)
    assert f"The first 15 of {len(large.ranking)} are listed." in text
    table = large.shares[0].model_copy(update={"node": Node(table="t")})
    columns = [
        share.model_copy(update={"node": Node(table="t", column=f"c{place}")})
        for place, share in enumerate(share for share in large.shares if share.extrapolated)
    ]
    text = as_text(large.model_copy(update={"shares": (table, *columns)}))
    rest = 100 * sum(share.fraction for share in columns[12:])
    section = part(text, "LEVEL 2: COLUMNS WITHIN THE TOP TABLES")
    assert f"48 others {rest:.1f}" in squeezed(section)


def test_a_name_cannot_steer_the_terminal(report: Report) -> None:
    key = KeyImportance(
        key="\x1b[2J\nX", share=Interval(mean=0.5, low=0.4, high=0.6), reduction=0.1
    )
    text = as_text(report.model_copy(update={"key_importance": (key,)}))
    assert "\x1b" not in text
    assert row(text, "IMPORTANCE OF FOREIGN KEYS", "\N{REPLACEMENT CHARACTER}[2J") == (
        "\N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER}X 50.0 [40.0, 60.0] 10.0"
    )


def test_equal_reports_give_equal_texts(report: Report) -> None:
    again = Report.model_validate_json(report.model_dump_json())
    assert as_text(again) == as_text(report)


def test_the_three_top_tables_and_columns_are_opened(large: Report) -> None:
    for level, title in (
        ("table", "LEVEL 2: COLUMNS WITHIN THE TOP TABLES"),
        ("column", "LEVEL 3: VALUE RANGES WITHIN THE TOP COLUMNS"),
    ):
        largest = [share.node for share in large.shares if share.node.level == level][:3]
        captions = re.findall(r"(?m)^(?:Columns|Ranges) of (.*)$", part(as_text(large), title))
        assert captions == [str(node) for node in largest]


def test_each_level_says_how_its_effects_are_pooled(report: Report) -> None:
    text = as_text(report)
    title = "POOLING OF THE EFFECTS"
    assert row(text, title, "table") == "table 2 nothing: too few effects normal law"
    assert row(text, title, "column") == "column 12 Student-t effects Student-t law"
    assert row(text, title, "range") == "range 9 partial pooling normal law"
    assert "with care" not in part(text, title)


def test_a_level_that_no_model_fits_is_told(report: Report) -> None:
    doubted = report.pooling[2].model_copy(update={"recommended": None})
    text = as_text(report.model_copy(update={"pooling": (*report.pooling[:2], doubted)}))
    title = "POOLING OF THE EFFECTS"
    assert row(text, title, "range") == "range 9 none is adequate normal law"
    assert "No model fits the effects of level range: take their intervals with care." in squeezed(
        part(text, title)
    )
