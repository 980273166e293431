"""The history of a domain as one HTML page that needs nothing else."""

from collections.abc import Callable, Sequence
from typing import Any

from markupsafe import Markup

from tasks.report.across_runs.diff_text import cause, effects_told
from tasks.report.across_runs.history import Series
from tasks.report.across_runs.history_figures import HistoryPicture, history_figures
from tasks.report.across_runs.history_rows import rows
from tasks.report.answer import answer
from tasks.report.drawing import as_svg
from tasks.report.numerals import count
from tasks.report.page import TEMPLATES, inline_svg
from tasks.report.wording import score_name

CAPTIONS: dict[HistoryPicture, str] = {
    "quality": "Mean epistemic uncertainty U of the evaluated rows, and the held-out score with "
    "its standard error. Dashed: the next run was made from other data, another contract or other "
    "code.",
    "effects": "Effects of the interventions that ever were among the first three, with 95 % "
    "intervals, each on a scale of its own. Filled: members fitted anew; hollow: rows scored "
    "again.",
    "shares": "Shares of the tables, with standard errors.",
}


def history_page(
    domain: str, series: Sequence[Series], link: Callable[[str], str], left_out: Sequence[str]
) -> str:
    """Give a history as a page; names are escaped, figures lie inside.

    Parameters
    ----------
    domain
        Its name.
    series
        One a task, at least one.
    link
        Gives the address of a run's report, seen from the page.
    left_out
        Runs that could not be read, and why, each a sentence.
    """
    return TEMPLATES.get_template("history.html.j2").render(
        title=series[0].latest.report.title,
        domain=domain,
        tasks=[_task(place, of, link) for place, of in enumerate(series)],
        left_out=left_out,
        captions=CAPTIONS,
    )


def _task(place: int, series: Series, link: Callable[[str], str]) -> dict[str, Any]:
    """What the page shows of a task."""
    last, report = series.entries[-1], series.latest.report
    since = (*cause(last.since), effects_told(last.since)) if last.since else ()
    drawn = history_figures(series) if len(series.entries) > 1 else {}
    return {
        "name": series.task,
        "target": report.target,
        "told": [
            ("Runs", count(len(series.entries), "run") + _span(series)),
            ("Now", answer(report).repair),
            ("Since the run before", " ".join(since) or "One run only: nothing to compare with."),
        ],
        "score": score_name(report.quality[0]) if report.quality else "score",
        "rows": rows(series, link),
        "figures": {
            name: Markup(inline_svg(as_svg(of), f"task-{place}-{name}"))  # noqa: S704
            for name, of in drawn.items()
        },
    }


def _span(series: Series) -> str:
    """From which day to which."""
    first, last = (
        str(entry.record.manifest["began"]).partition("T")[0]
        for entry in (series.entries[0], series.entries[-1])
    )
    return f", {first}." if first == last else f", {first} to {last}."
