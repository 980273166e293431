"""What a rule of a contract expects, and what was found, in words."""

from collections.abc import Callable

from tasks.relations.rules import Rule, RuleName
from tasks.report.layout import shorten
from tasks.report.numerals import MINUS, count, number
from tasks.report.wording import printable

WIDEST = 80
MOST_VALUES = 12
LONGEST = 1e12
"""Numbers below it are written out."""
MIDNIGHT = " 00:00:00"


def expected(rule: Rule) -> str:
    """What is expected beside the rule's name; empty where the name says it all.

    Examples
    --------
    >>> expected(Rule("range", ("age",), "repairable", bounds=(0, 100)))
    '0 to 100'
    >>> expected(Rule("foreign key", ("plant",), "repairable", most=0.2, parent="plants"))
    'a row of plants; more than 20 % without one stop a run'
    """
    tell = WORDS.get(rule.name)
    return tell(rule) if tell else ""


def part(some: int, whole: int) -> str:
    """A number of rows or cells as a share of all, in per cent; some never read as none or all.

    Examples
    --------
    >>> part(80, 400), part(0, 400), part(1, 300_000), part(999_999, 1_000_000), part(0, 0)
    ('20 %', '0 %', '0.000333 %', '> 99.9 %', '0 %')
    """
    if some == 0:
        return "0 %"
    text = f"{number(100 * some / whole)} %"
    return "> 99.9 %" if text == "100 %" and some < whole else text


def plain_value(value: int | float | str | None) -> str:
    """A least or largest value as it is, with six decimals at most; - where there is none.

    Examples
    --------
    >>> plain_value(-20400), plain_value(65.58), plain_value(100.0), plain_value(0.00012)
    ('−20,400', '65.58', '100', '0.00012')
    >>> plain_value("2022-01-01 00:00:00"), plain_value(-2.5e300), plain_value(None)
    ('2022-01-01', '−2.5e+300', '-')
    """
    if value is None:
        return "-"
    if isinstance(value, str):
        return value.removesuffix(MIDNIGHT)
    if isinstance(value, int):
        return f"{value:,}".replace("-", MINUS)
    if 1 <= abs(value) < LONGEST:
        return f"{value:,.6f}".rstrip("0").rstrip(".").replace("-", MINUS)
    text = f"{abs(value):.6g}"
    return MINUS + text if value < 0 else text


def shown(text: str) -> str:
    """A name or value from the data on one line, its middle cut out where it is very long."""
    return shorten(printable(text), WIDEST)


def _range(rule: Rule) -> str:
    least, most = rule.bounds
    if most is None:
        return f"at least {plain_value(least)}"
    if least is None:
        return f"at most {plain_value(most)}"
    return f"{plain_value(least)} to {plain_value(most)}"


def _values(rule: Rule) -> str:
    first = ", ".join(shown(str(value)) for value in rule.allowed[:MOST_VALUES])
    more = len(rule.allowed) - MOST_VALUES
    return f"one of {first}" + (f", and {more:,} more" if more > 0 else "")


def _parent(rule: Rule) -> str:
    most = f"; more than {number(100 * rule.most)} % without one stop a run"
    return f"a row of {shown(rule.parent)}" + (most if rule.most < 1 else "")


def _together(rule: Rule) -> str:
    return ", ".join(map(shown, rule.columns))


WORDS: dict[RuleName, Callable[[Rule], str]] = {
    "no repetition": lambda _: "no row equals an earlier one in every column",
    "primary key": lambda rule: f"{_together(rule)}: no two rows have the same",
    "unique": lambda rule: f"{_together(rule)}: no two rows have the same",
    "ordered": lambda rule: " ≤ ".join(map(shown, rule.columns)),
    "range": _range,
    "values": _values,
    "fresh": lambda rule: (
        f"at most {count(rule.most_days, 'day')} before the newest {shown(rule.measured)}"
    ),
    "foreign key": _parent,
    "pattern": lambda rule: shown(rule.regex),
    "rows": _range,
}
