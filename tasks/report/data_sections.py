"""What went in: data and their faults, model, uncertainty, calibration, diagnostics, settings."""

from collections.abc import Iterator

from tasks.bayes.posterior_diagnostics import GATE
from tasks.relations.rare_classes import LEAST
from tasks.report.data_docs import DATA_DOCS
from tasks.report.evidence import GateCheck
from tasks.report.numerals import count, estimate, fixed, number, percentage
from tasks.report.schema import Report
from tasks.report.section import Further, Section, table
from tasks.report.wording import model_check_sentences, score_name, uncertainty_unit

ROWS = ("train", "validation", "test", "evaluated")
MOST_CLASSES = 8
"""Classes that are named."""
KINDS = ("epistemic", "aleatoric", "total", "label_variance")


def data_section(report: Report) -> Section:
    """Tables, rules and the faults that they found."""
    held = (
        f"The contract has {count(report.tables, 'table')}, "
        f"{count(report.keys, 'foreign key')} and {count(report.rules, 'rule')}; "
        f"{len(report.gate) or 'none'} of the rules found faults."
    )
    sizes = ", ".join(f"{report.rows[name]:,} {name}" for name in ROWS if name in report.rows)
    return Section(
        "Data",
        (held, f"Rows: {sizes}.", *_sampling(report)),
        table(
            ["table.column", "rule", "severity", ">faulty", ">of rows", ">%", "examples"],
            (
                [
                    f"{check.table}.{check.column}" if check.column else check.table,
                    check.rule,
                    check.severity,
                    f"{check.failing:,}",
                    f"{check.rows:,}",
                    _faulty_share(check),
                    "; ".join(check.examples),
                ]
                for check in report.gate
            ),
        ),
        further=Further("Every table, column and rule", DATA_DOCS),
    )


def model_section(report: Report) -> Section:
    """The model and its quality on held-out rows."""
    unit = f", in {report.unit}" if report.unit else ""
    return Section(
        "Model",
        (f"Model: {report.model}.", f"Target ({report.output}): {report.target}{unit}."),
        table(
            ["held-out score", ">value ± standard error"],
            (
                [score_name(score), estimate(score.value, score.standard_error)]
                for score in report.quality
            ),
        ),
    )


def uncertainty_section(report: Report) -> Section:
    """Mean uncertainty of the evaluated rows."""
    names = [name for name in KINDS if name in report.uncertainty]
    u = "label variance" if report.output == "classification" else "epistemic part"
    return Section(
        "Uncertainty now",
        (f"Means over the evaluated rows. Shares and effects are of U, the {u}.",),
        table(
            ["part", ">value", "unit"],
            (
                [
                    name.replace("_", " "),
                    number(report.uncertainty[name]),
                    uncertainty_unit(report, name),
                ]
                for name in names
            ),
        ),
    )


def calibration_section(report: Report) -> Section:
    """What was said and how often it came true."""
    if report.output == "regression":
        said, observed = "level, %", "rows inside, %"
        told = "How many held-out rows lie inside their central predictive interval of each level."
    else:
        said, observed = "said, %", "came true, %"
        told = "Mean probability of the held-out rows of a bin, and how many came true."
    return Section(
        "Calibration",
        (told if report.calibration else "Not assessable: no held-out prediction was compared.",),
        table(
            [f">{said}", f">{observed}", ">95 % interval", ">rows"],
            (
                [
                    percentage(point.said, None),
                    percentage(point.observed, None),
                    f"[{percentage(point.low, None)}, {percentage(point.high, None)}]",
                    f"{point.rows:,}",
                ]
                for point in report.calibration
            ),
        ),
        "calibration" if report.calibration else None,
    )


def diagnostics_section(report: Report) -> Section:
    """How the effects model was sampled."""
    found = report.diagnostics
    return Section(
        "Sampling of the effects model",
        (
            f"{count(found.chains, 'chain')} of {count(found.draws, 'draw')} each, adapt_delta "
            f"{number(found.adapt_delta)}. Nothing is ranked unless every value meets its rule.",
        ),
        table(
            ["statistic", ">value", "rule"],
            [
                ["worst R-hat", fixed(found.worst_r_hat, 4), f"< {GATE.r_hat:g}"],
                ["least bulk ESS", f"{found.least_ess_bulk:,.0f}", f"> {GATE.ess:g}"],
                ["least tail ESS", f"{found.least_ess_tail:,.0f}", f"> {GATE.ess:g}"],
                ["divergences", f"{found.divergences:,}", "0"],
                ["least E-BFMI", fixed(found.least_e_bfmi, 2), f"> {GATE.e_bfmi:g}"],
            ],
        ),
    )


def model_check_section(report: Report) -> Section:
    """Whether the effects model was calibrated by simulation, and what that said."""
    return Section("Calibration of the effects model", model_check_sentences(report.model_check))


def settings_section(report: Report) -> Section:
    """Parameters of the run, and notes."""
    return Section(
        "Settings and notes",
        report.notes,
        table(["setting", "value"], ([name, str(of)] for name, of in report.settings.items())),
    )


def _sampling(report: Report) -> Iterator[str]:
    """How the rows were drawn, where the task has more."""
    sampled = report.sampled
    if sampled is None:
        return
    if sampled.found:
        *before, last = (
            f"{report.rows[part]:,} of {found:,} {part} rows"
            for part, found in sampled.found.items()
        )
        drawn = f"{', '.join(before)} and {last}" if before else last
        by = f"whole entities ({sampled.by})" if sampled.by else "rows"
        told = f"Features are built for {drawn}: {by}, drawn at random."
        if large := sampled.in_parts:
            told += (
                f" {count(large, 'entity', 'entities')} with more than a tenth of the rows of a "
                f"part {'was' if large == 1 else 'were'} drawn in parts."
            )
        yield told
    if sampled.rare:
        named = ", ".join(sampled.rare[:MOST_CLASSES])
        others = len(sampled.rare) - MOST_CLASSES
        more = f" and {others} more" if others > 0 else ""
        yield (
            f"{count(len(sampled.rare), 'class', 'classes')} with {count(sampled.of_rare, 'row')} "
            f"left out, as fewer than {LEAST} entities among the train rows are of them: "
            f"{named}{more}."
        )


def _faulty_share(check: GateCheck) -> str:
    return number(100 * check.failing / check.rows) if check.rows else "-"
