"""JSON keeps every digit, is the same for the same report, and a foreign text is refused."""

import json
import math

import pytest
from pydantic import ValidationError

from tasks.bayes.interval import Interval
from tasks.errors import InputError
from tasks.report.report_json import as_json, read_report
from tasks.report.schema import Report


@pytest.mark.parametrize("name", ["report", "large", "tiny", "hostile"])
def test_round_trip(name: str, request: pytest.FixtureRequest) -> None:
    report: Report = request.getfixturevalue(name)
    text = as_json(report)
    assert read_report(text) == report
    assert as_json(read_report(text)) == text
    assert text.endswith("}\n")
    assert not text.endswith("\n\n")


def test_numbers_keep_their_kind_and_digits(report: Report) -> None:
    third = report.model_copy(update={"settings": {"rate": 1 / 3, "whole": 2.0, "seed": 2}})
    found = read_report(as_json(third)).settings
    assert found == {"rate": 1 / 3, "whole": 2.0, "seed": 2}
    assert (type(found["whole"]), type(found["seed"])) == (float, int)
    assert "0.3333333333333333," in as_json(third)


def test_the_order_of_free_mappings_does_not_matter(report: Report) -> None:
    names = ("rows", "settings", "uncertainty")
    turned = {name: dict(reversed(getattr(report, name).items())) for name in names}
    again = Report.model_validate({**report.model_dump(), **turned})
    assert list(turned["settings"]) != list(report.settings)
    assert as_json(again) == as_json(report)


def test_keys_stand_in_the_order_of_the_schema(report: Report) -> None:
    assert list(json.loads(as_json(report))) == list(Report.model_fields)


def test_text_is_not_escaped_to_ascii(report: Report) -> None:
    assert '"무게"' in as_json(report)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_number_that_is_none_is_refused(value: float) -> None:
    with pytest.raises(ValidationError, match="finite"):
        Interval(mean=value, low=0, high=1)


def test_refuses_what_is_no_report(report: Report) -> None:
    with pytest.raises(InputError, match="the text breaks them"):
        read_report("{")
    broken = json.loads(as_json(report))
    broken["shares"][0]["fraction"] = "much"
    with pytest.raises(InputError, match=r"but shares\.0\.fraction breaks them"):
        read_report(json.dumps(broken))


def test_refuses_another_version(report: Report) -> None:
    other = report.model_copy(update={"version": 99})
    with pytest.raises(InputError, match="of version 4, got 99"):
        read_report(as_json(other))
