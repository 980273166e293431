"""What the fit of a structural causal model tells, in words and tables, for text and page alike."""

from collections.abc import Mapping
from typing import Any

from tasks.report.numerals import count, number
from tasks.report.scm_mechanisms import MOST_TERMS, equation, kind_words, mechanism_words
from tasks.report.scm_scores import lowest_first, named, node_scores, r2_text
from tasks.report.section import Section, table

Record = Mapping[str, Any]

HEAD = ("node", "kind", "mechanism", ">R²", "holds", ">noise sd")
MOST_WARNINGS = 10


def headline(record: Record) -> str:
    """Whether the mechanisms hold."""
    return f"mechanisms {'hold' if record['validation']['passed'] else 'do not hold'}"


def verdict(record: Record) -> str:
    """Say which mechanisms do not hold on held-out rows, and what was asked of them.

    Parameters
    ----------
    record
        Of a fit, as `keep_model` gives it.
    """
    validation, scores = record["validation"], node_scores(record)
    threshold = validation["r2_threshold"]
    failed = [of for of in scores if not of.holds]
    if validation["scope"] == "mean":
        mean = r2_text(validation["mean_r2"], threshold)
        told = (
            f"The {headline(record)} on held-out rows: their mean R² is {mean}, where at least "
            f"{threshold:g} is asked"
        )
        if failed:
            told += f"; of these it is below 0 or cannot be told: {named(failed, 0)}"
        return f"{told}."
    asked = f"an R² of at least {threshold:g} is asked of every node"
    n, is_one = len(scores), len(scores) == 1
    if failed:
        told = "The only mechanism does" if is_one else f"{len(failed):,} of {n:,} mechanisms do"
        return f"{told} not hold on held-out rows, where {asked}: {named(failed, threshold)}."
    told = "The only mechanism holds" if is_one else f"All {n:,} mechanisms hold"
    lowest = named(lowest_first(scores)[:1], threshold)
    return f"{told} on held-out rows, where {asked}; the lowest: {lowest}."


def scm_sections(record: Record) -> tuple[Section, ...]:
    """Mechanisms, equations, warnings and rows of a fit.

    Parameters
    ----------
    record
        Of the fit, as `keep_model` gives it.
    """
    parts = mechanisms_section(record), equations_section(record), _warnings(record), _rows(record)
    return tuple(part for part in parts if part.paragraphs or part.tables)


def mechanisms_section(record: Record) -> Section:
    """Every node, causes before effects."""
    scores = {of.node: of for of in node_scores(record)}
    threshold = record["validation"]["r2_threshold"]
    rows = []
    for node, mechanism in record["scm"]["mechanisms"].items():
        score, noise = scores.get(node), mechanism.get("noise_sd")
        rows.append(
            (
                node,
                kind_words(mechanism),
                mechanism_words(mechanism),
                r2_text(score.r2, threshold) if score else "-",
                ("yes" if score.holds else "NO") if score else "-",
                "-" if noise is None else number(noise),
            )
        )
    return Section("Mechanisms", (), table(HEAD, rows))


def equations_section(record: Record) -> Section:
    """Those that are linear and short; nothing if there is none."""
    mechanisms = record["scm"]["mechanisms"]
    found = [told for node in mechanisms if (told := equation(node, mechanisms))]
    legend = f"Of linear mechanisms, where they fit in a line and have at most {MOST_TERMS} terms."
    if any("[" in told for told in found):
        legend += " [a=b] is 1 where a is b, else 0."
    return Section("Equations", (legend, *found) if found else ())


def cut(sentences: list[str]) -> tuple[str, ...]:
    """At most `MOST_WARNINGS` sentences, and how many there are beyond."""
    left_out = len(sentences) - MOST_WARNINGS
    more = (f"And {count(left_out, 'warning')} more.",) if left_out > 0 else ()
    return (*sentences[:MOST_WARNINGS], *more)


def _warnings(record: Record) -> Section:
    return Section("Warnings", cut(record["validation"]["warnings"]) or ("None.",))


def _rows(record: Record) -> Section:
    metadata = record["metadata"]
    total, fitted, left_out = (metadata[f"num_{of}"] for of in ("samples", "fitted", "left_out"))
    told = f"{count(total, 'row')}: {fitted:,} fitted, {total - fitted:,} held out for the test."
    if left_out:
        told += f" {count(left_out, 'more row')} left out, as values are missing there."
    known = ("DoWhy", metadata["dowhy_version"]), ("SHA-256 of the model", metadata["digest"])
    return Section("Rows", (told,), table(("setting", "value"), known))
