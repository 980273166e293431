"""Beliefs held against data, in words and tables, for text and page alike."""

from collections.abc import Sequence

from tasks.beliefs.conflict_record import Conflict
from tasks.beliefs.run_records import Calibration, ConflictRun
from tasks.calibration.essential import Decision
from tasks.report.belief_measures import measures_section, posteriors_section
from tasks.report.belief_numerals import (
    belief_interval,
    factor_with_error,
    is_share,
    p_value_text,
    posterior_interval,
)
from tasks.report.belief_severity import by_bayes_factor, severity_text
from tasks.report.belief_verdict import conflict_verdict
from tasks.report.comparison_numerals import significant
from tasks.report.numerals import number, probability
from tasks.report.section import Section, Table, table

BELIEFS = ("quantity", ">belief", ">data", ">Bayes factor", "severity", ">tail, %")
CHECKS = ("check", ">observed", ">p-value", "verdict")


def conflict_sections(run: ConflictRun) -> tuple[Section, ...]:
    """Beliefs, verdicts, measures, checks, calibration, laws, and how all was computed."""
    conflicts = by_bayes_factor(run.conflicts)
    parts = (
        Section("Beliefs", (), beliefs_table(conflicts, run.level)),
        Section("What the data say", tuple(map(_told, conflicts))),
        Section("Not assessable", tuple(f"{of}: {why}" for of, why in run.not_assessable.items())),
        measures_section(conflicts),
        posteriors_section(conflicts),
        _checks(run),
        calibration_section(run.calibration),
        Section("Priors", tuple(map(_priors, conflicts))),
        _computation(run),
    )
    return tuple(part for part in parts if part.paragraphs or part.tables)


def belief_section(run: ConflictRun) -> Section:
    """What the report of another job tells of the beliefs: verdict, table and sentences."""
    verdict, conflicts = conflict_verdict(run), by_bayes_factor(run.conflicts)
    return Section(
        "Beliefs",
        (
            *verdict.first,
            *verdict.doubts,
            f"{verdict.headline}.",
            *verdict.sentences,
            *map(_told, conflicts),
        ),
        beliefs_table(conflicts, run.level),
    )


def _told(of: Conflict) -> str:
    return f"{of.quantity}: {of.sentence}"


def beliefs_table(conflicts: Sequence[Conflict], level: float) -> tuple[Table, ...]:
    """Belief and data side by side, in the order given."""
    rows = [
        (
            of.quantity,
            belief_interval(of.client, of.from_reference.level),
            posterior_interval(of.from_reference, is_share(of.client)),
            factor_with_error(of.log_bayes_factor),
            severity_text(of),
            f"{probability(of.tail.value)} {'*' if of.is_conflict else ' '}",
        )
        for of in conflicts
    ]
    caption = (
        f"Means with {number(100 * level)} % intervals. Bayes factor: how many times more probable "
        "the data are under the reference prior than under the belief. Tail: how often the belief "
        "expects data as surprising as these or more; * in conflict with the data, as it is below "
        f"{number(100 * (1 - level))} %"
    )
    return table(BELIEFS, rows, caption)


def calibration_section(calibration: Calibration) -> Section:
    """Whether the model has to be calibrated by simulation, and whether it is."""
    told = [str(Decision(calibration.need, calibration.fired, calibration.unknown))]
    if calibration.status != "missing":
        told.append(f"The newest one says: {calibration.status}.")
    elif calibration.command:
        told.append("None has been made with this design.")
    if calibration.run:
        told.append(f"It is kept in {calibration.run}.")
    elif calibration.run_elsewhere:
        told.append(
            "With another design (other weeks, spends or priors) the newest one says: "
            f"{calibration.status_elsewhere}, kept in {calibration.run_elsewhere}. It speaks for "
            "the program, and does not count for this design."
        )
    return Section("Calibration of the model", tuple(told))


def _checks(run: ConflictRun) -> Section:
    rows = [
        (
            of.name,
            number(of.observed),
            p_value_text(of.p_value, of.mcse),
            "REJECTED" if of.is_rejected else "fits",
        )
        for of in run.checks
    ]
    told = f"The model {'fits' if run.is_adequate else 'does NOT fit'} the data."
    return Section("Checks of the likelihood", (told,) if rows else (), table(CHECKS, rows))


def _priors(conflict: Conflict) -> str:
    return (
        f"{conflict.quantity}: {conflict.client}, confidence {number(100 * conflict.confidence)} "
        f"%; reference {conflict.reference}."
    )


def _computation(run: ConflictRun) -> Section:
    methods = sorted({of.method for of in run.conflicts})
    rows = {
        "client": run.client,
        "model": run.model,
        "kind": run.kind.replace("_", " "),
        "period": " to ".join(map(str, run.period)) if run.period else "",
        "rows": f"{run.rows:,}",
        "parameters": f"{run.parameters:,}",
        "Bayes factors by": ", ".join(methods),
        "level": f"{number(100 * run.level)} %",
        **{name: _diagnostic(value) for name, value in run.diagnostics.items()},
    }
    known = [(name, value) for name, value in rows.items() if value]
    return Section("How it was computed", run.notes, table(("setting", "value"), known))


def _diagnostic(value: float) -> str:
    """With four digits, as an R-hat of 1.004 differs from 1."""
    return number(value) if abs(value) >= 1000 else significant(value)
