"""Every number of the text is one of the report's."""

import re
from collections.abc import Iterator
from typing import Any

from tasks.report.schema import Report
from tasks.report.text import as_text

SAID = {0, 1, 2, 3, 15, 95, 400, 1.01, 0.3, 0.001, 0.999}
"""Numbers of headings, of the rules of sampling, of what is listed, and of sure probabilities."""


def numbers(value: Any) -> Iterator[float]:
    """Every number of a dumped report, those inside its names too."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from numbers(inner)
    elif isinstance(value, (list, tuple)):
        yield len(value)
        for inner in value:
            yield from numbers(inner)
    elif isinstance(value, str):
        yield from map(float, re.findall(r"\d+(?:\.\d+)?", value))
    elif isinstance(value, (int, float)):
        yield value


def unknown_numbers(text: str, report: Report) -> list[str]:
    """Numbers of the text that are none of the report's, as they are or in per cent."""
    known = set(numbers(report.model_dump())) | SAID
    tokens = re.findall(r"\d+(?:,\d{3})+|\d+\.\d+|\d+", text)

    def is_known(token: str) -> bool:
        value = float(token.replace(",", ""))
        half = 0.5001 * 10.0 ** -len(token.partition(".")[2])
        near = (abs(abs(of) * scale - value) for of in known for scale in (1, 100))
        return min(near) <= half

    return [token for token in tokens if not is_known(token)]


def counts(report: Report) -> Report:
    """Put what the text counts where `numbers` finds it."""
    classes = [entry.confidence for entry in report.ranking]
    found = [classes.count(name) for name in sorted(set(classes))]
    found += [sum(effect.illusory for effect in report.effects)]
    found += [check.failing / check.rows for check in report.gate]
    return report.model_copy(update={"notes": (*report.notes, f"{found}")})


def test_every_number_is_of_the_report(report: Report) -> None:
    text = as_text(report)
    assert unknown_numbers(text, counts(report)) == []


def test_a_number_of_another_report_is_seen(report: Report) -> None:
    text = as_text(report).replace("14,020", "14,021").replace("0.532", "0.533")
    assert unknown_numbers(text, counts(report)) == ["14,021", "0.533"]
