"""What a coverage study tells, in words and tables, for text and page alike."""

from collections.abc import Iterator, Mapping

from tasks.calibration.coverage.clustered import Measure, Share
from tasks.calibration.coverage.summary import ASKED, MOST_PLACEBOS
from tasks.calibration.coverage.summary_record import (
    LevelSummary,
    PlaceboSummary,
    Summary,
    Verdict,
)
from tasks.report.numerals import count, decimals_for, estimate, fixed, percentage
from tasks.report.section import Section, table

Settings = Mapping[str, str | int | float]

MOST_FAILURES = 10
VERDICTS: tuple[Verdict, ...] = ("holds", "too few", "too many", "open")
HOLDS = "COVERAGE HOLDS"


def headline(summary: Summary) -> str:
    """The worst of all verdicts: intervals that are wider than need be mislead nobody."""
    levels, placebos = ({of.verdict for of in part} for part in (summary.levels, summary.placebo))
    if "too few" in levels or "too many" in placebos:
        return "COVERAGE DOES NOT HOLD"
    if "open" in levels | placebos:
        return "COVERAGE IS OPEN"
    return f"{HOLDS}, BUT FOR WIDE INTERVALS" if "too many" in levels else HOLDS


def sentences(summary: Summary) -> tuple[str, ...]:
    """The verdicts in short."""
    low, high = (f"{100 * end:g}" for end in ASKED)
    kinds = {
        verdict: [kind(of) for of in summary.levels if of.verdict == verdict]
        for verdict in VERDICTS
    }
    told = [f"{verdict} for {', '.join(names)}" for verdict, names in kinds.items() if names]
    n_failed = len(summary.failures)
    failed = f" {count(n_failed, 'further database')} failed." if n_failed else ""
    return (
        f"That 95 % intervals hold {low} to {high} % of the true effects: {'; '.join(told)}.",
        *(_placebo(of) for of in summary.placebo),
        f"{count(summary.databases, 'generated database')} with known true effects.{failed}",
    )


def coverage_study_sections(summary: Summary, settings: Settings) -> tuple[Section, ...]:
    """All numbers of a study."""
    return (
        _coverage_section(summary),
        _error_section(summary),
        *_placebo_section(summary),
        *_ranking_section(summary),
        _study_section(summary, settings),
    )


def kind(of: LevelSummary) -> str:
    """Reading and level, such as ``retrained columns``."""
    places = of.level if of.level == "placebo" else f"{of.level}s"
    return f"{of.reading} in {places}" if of.reading == "more rows" else f"{of.reading} {places}"


def _placebo(of: PlaceboSummary) -> str:
    return (
        f"That the {of.reading} placebo is recommended in at most {100 * MOST_PLACEBOS:g} % of "
        f"runs: {of.verdict}; it is in {_share(of.runs)} % ({_ends(of.runs)})."
    )


def _coverage_section(summary: Summary) -> Section:
    low, high = (f"{100 * end:g}" for end in ASKED)
    levels = [f">{100 * of.level:g} %" for of in summary.levels[0].coverage]
    rows = [
        (kind(of), *map(_share, of.coverage), _ends(of.coverage[-1]), of.verdict)
        for of in summary.levels
    ]
    told = (
        "How many per cent of the central intervals hold the true effect, with the standard error; "
        "a true effect is measured, and its Monte Carlo error is allowed for.",
        "Errors are clustered: effects of one database depend on each other.",
        f"The verdict is whether the 95 % interval of the coverage of 95 % intervals lies inside "
        f"of {low} to {high} % (holds), below (too few), above (too many), or reaches across "
        "(open).",
    )
    head = ("effects", *levels, ">95 % interval of the last", "verdict")
    return Section("Coverage", told, table(head, rows))


def _error_section(summary: Summary) -> Section:
    rows = [
        (
            kind(of),
            f"{of.effects:,}",
            f"{of.databases:,}",
            _measure(of.bias),
            _measure(of.rmse),
            fixed(of.told_sd, decimals_for(of.told_sd, least=1)),
            fixed(of.truth_error, decimals_for(of.truth_error, least=1)),
        )
        for of in summary.levels
    ]
    told = (
        "Told less true effects, in per cent of the uncertainty: mean (bias) and root mean square "
        "(RMSE), beside the standard deviation that is told, and the Monte Carlo standard error of "
        "the true effects, which is in the RMSE.",
    )
    head = ("effects", ">effects", ">databases", ">bias", ">RMSE", ">sd told", ">error of truth")
    return Section("Bias and error", told, table(head, rows))


def _placebo_section(summary: Summary) -> Iterator[Section]:
    if not summary.placebo:
        return
    rows = [
        (
            of.reading,
            f"{of.databases:,}",
            _share(of.runs),
            _ends(of.runs),
            of.verdict,
        )
        for of in summary.placebo
    ]
    told = (
        "How many per cent of the runs, one a database, tell a 95 % interval below 0 of new noise "
        "in the place of noise, which does nothing: there the placebo would be recommended.",
    )
    head = ("placebo", ">runs", ">recommended, %", ">95 % interval", "verdict")
    yield Section("Placebo", told, table(head, rows))


def _ranking_section(summary: Summary) -> Iterator[Section]:
    found = summary.ranking
    if found is None:
        return
    acts = {
        "the first of the list": found.first,
        "the first if rows are only scored again": found.rescored_first,
        "any of the list": found.random,
        "nothing": found.nothing,
    }
    told = [
        "Regret of an act: how much more uncertainty is left than after the best of the list or "
        "after nothing, in per cent of what there is now; mean over databases. The first is made "
        "only where it is told to lower uncertainty."
    ]
    if found.correlation:
        told.insert(
            0,
            "Rank correlation of recommended and true order (Spearman), mean over "
            f"{count(found.databases, 'database')}: {_measure(found.correlation)}.",
        )
    rows = [(act, _measure(regret)) for act, regret in acts.items()]
    yield Section("Ranking", tuple(told), table(("act", ">mean regret"), rows))


def _study_section(summary: Summary, settings: Settings) -> Section:
    failures = summary.failures
    told = [
        f"Database {of.number} failed and is in no number: {of.reason}"
        for of in failures[:MOST_FAILURES]
    ]
    if len(failures) > MOST_FAILURES:
        told.append(f"And {len(failures) - MOST_FAILURES:,} more failed.")
    rows = ([name, str(value)] for name, value in settings.items())
    return Section("Study", tuple(told), table(["setting", ">value"], rows))


def _share(share: Share) -> str:
    return percentage(share.value, share.error or None)


def _ends(share: Share) -> str:
    return f"{fixed(100 * share.low, 1)} to {fixed(100 * share.high, 1)}"


def _measure(of: Measure) -> str:
    return estimate(of.value, of.error) if of.error else fixed(of.value, 2)
