"""A model comparison as plain text: what to use stands at the top in short, at the end with why."""

from tasks.inference.comparison.record import Comparison
from tasks.report.comparison_sections import (
    NONE_ADEQUATE,
    comparison_sections,
    critical_sentences,
    headline,
    recommended_model,
)
from tasks.report.layout import display_width, shorten
from tasks.report.numerals import count
from tasks.report.plain import body_lines, heading, wrapped
from tasks.report.text import WIDTH
from tasks.report.wording import printable


def comparison_text(title: str, comparison: Comparison) -> str:
    """Give a comparison as text, at most `WIDTH` columns wide where its names allow.

    Parameters
    ----------
    title
        Of the comparison.
    comparison
        What was found.

    Returns
    -------
    str
        The recommended model in capitals; stages, exploration, models, criteria, failures, red
        flags, sensitivity, units and priors; the conclusion, whose last line says what to use and
        why, or that no model is adequate.
    """
    lines = wrapped(title)
    lines += ["=" * min(max(map(display_width, lines)), WIDTH), "", headline(comparison).upper()]
    for sentence in critical_sentences(comparison):
        lines += ["", *wrapped(sentence)]
    for section in comparison_sections(comparison):
        lines += [*heading(section.title), *body_lines(section)]
    lines += [*heading("Conclusion"), *wrapped(comparison.conclusion), "", last_line(comparison)]
    return "\n".join(lines) + "\n"


def last_line(comparison: Comparison) -> str:
    """What to use and why, or that no model is adequate, in one line."""
    model = recommended_model(comparison)
    if model is None:
        fitted = count(len(comparison.models), "model was", "models were")
        return f"{NONE_ADEQUATE}: {fitted} fitted, each is rejected."
    start = f"{headline(comparison)}, the simplest not rejected ("
    room = WIDTH - display_width(f"{start}).")
    return f"{start}{shorten(printable(model.why), room)})."
