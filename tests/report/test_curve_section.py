"""What more rows would be worth, in words."""

import pytest

from tasks.bayes.interval import Interval
from tasks.domain import Node
from tasks.inference.learning_curves import LearningCurve
from tasks.report.curve_section import curve_section
from tasks.report.report_json import as_json, read_report
from tasks.report.schema import Report
from tasks.report.section import Section
from tasks.report.sections import sections
from tasks.report.text import WIDTH, as_text

LIGHT = LearningCurve(
    node=Node(table="items", column="무게", range="<b> < 2"),
    rows=1204,
    more=1204,
    effect=Interval(mean=-8.31, low=-12.6, high=-4.2),
    reducible=Interval(mean=21.4, low=10.1, high=33.8),
    worth=5.0,
    rows_for=617,
    rows_for_sure=2_301_004,
    cost_per_unit=145.678,
    diagnostics={"chains": 4, "worst_r_hat": 1.002, "program": "acquisition_curve.stan"},
)
HURTS = LearningCurve(
    node=Node(table="plants", column="region", range="other"),
    rows=88,
    more=88,
    effect=Interval(mean=1.04, low=-0.32, high=2.4),
    reducible=Interval(mean=-3.2, low=-7.4, high=1.1),
    worth=5.0,
    rows_for=None,
    rows_for_sure=None,
    cost_per_unit=None,
    diagnostics={},
)


@pytest.fixture
def told(report: Report) -> Report:
    return report.model_copy(update={"curves": (LIGHT, HURTS)})


def test_the_effect_of_twice_as_many_rows_is_told(told: Report) -> None:
    twice, _ = curve_section(told).tables
    assert twice.head == ("range", "rows now", "effect, %", "95 % interval", "reducible, %")
    assert twice.rows == (
        ("items.무게 <b> < 2", "1,204", "−8.3", "[−12.6, −4.2]", "21.4"),
        ("plants.region [other]", "88", "+1.0", "[−0.3, +2.4]", "−3.2"),
    )
    assert twice.numeric == (False, True, True, True, True)
    assert twice.caption == "Twice as many rows"


def test_rows_and_their_cost_are_told_or_said_to_be_unknown(told: Report) -> None:
    _, rows = curve_section(told).tables
    assert rows.rows == (
        ("items.무게 <b> < 2", "617", "2,301,004", "146"),
        ("plants.region [other]", "never", "never", "not assessable"),
    )
    assert rows.numeric == (False, True, True, True)


@pytest.mark.parametrize(("worth", "said"), [(5.0, "5 %"), (0.25, "0.25 %"), (12.5, "12.5 %")])
def test_the_reduction_that_was_asked_for_is_named(report: Report, worth: float, said: str) -> None:
    curve = LIGHT.model_copy(update={"worth": worth})
    section = curve_section(report.model_copy(update={"curves": (curve,)}))
    assert section.tables[1].caption == f"Rows until U is {said} lower"
    assert f"until U is {said} lower, as expected and for sure" in section.paragraphs[0]


def titles(found: tuple[Section, ...]) -> list[str]:
    return [section.title for section in found]


def test_the_section_is_there_where_there_are_curves_and_nowhere_else(
    report: Report, told: Report
) -> None:
    with_curves, without = titles(sections(told)), titles(sections(report))
    assert [title for title in with_curves if title not in without] == ["More rows"]
    assert with_curves[with_curves.index("More rows") - 1] == "Retrained"


def test_curves_survive_the_file_of_the_report(told: Report) -> None:
    assert read_report(as_json(told)).curves == (LIGHT, HURTS)


def test_the_text_holds_them_within_its_width(told: Report) -> None:
    lines = as_text(told).splitlines()
    start = lines.index("MORE ROWS")
    assert any("−8.3" in line and "[−12.6, −4.2]" in line for line in lines[start:])
    assert max(map(len, lines)) <= WIDTH
