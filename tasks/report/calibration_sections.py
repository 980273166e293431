"""What a simulation-based calibration tells, in words and tables, for text and page alike."""

from collections.abc import Mapping

import numpy as np

from tasks.calibration.interval_coverage import LEVELS
from tasks.calibration.simulations import Simulations
from tasks.calibration.verdict import CalibrationVerdict, QuantityVerdict
from tasks.report.numerals import count, decimals_for, fixed
from tasks.report.section import Section, table

Settings = Mapping[str, str | int | float]

MOST_REASONS = 10
MOST_ROWS = 25
LEAST_P_VALUE = 1e-4
"""Smaller p-values are only said to be smaller."""

HEAD = (
    "quantity",
    ">p",
    ">adjusted p",
    ">chi-square p",
    *(f">{100 * level:g} %" for level in LEVELS),
    ">contraction",
)


def p_text(p_value: float | None) -> str:
    """Give a p-value with two digits; a hyphen where there is none.

    Examples
    --------
    >>> p_text(0.03412), p_text(1.0), p_text(1e-9), p_text(None)
    ('0.034', '1.0', '< 0.0001', '-')
    """
    if p_value is None:
        return "-"
    if p_value < LEAST_P_VALUE:
        return f"< {LEAST_P_VALUE:g}"
    return fixed(p_value, decimals_for(p_value))


def by_evidence(verdict: CalibrationVerdict) -> tuple[QuantityVerdict, ...]:
    """All quantities: the rejected first, then by p-value."""
    return tuple(sorted(verdict.quantities, key=lambda of: (not of.is_rejected, of.p_value)))


def reasons(verdict: CalibrationVerdict) -> tuple[str, ...]:
    """The reasons of the status, at most `MOST_REASONS` and how many there are beyond."""
    left_out = len(verdict.reasons) - MOST_REASONS
    more = (f"And {count(left_out, 'reason')} more.",) if left_out > 0 else ()
    return verdict.reasons[:MOST_REASONS] + more


def simulations_section(
    verdict: CalibrationVerdict, simulations: Simulations, settings: Settings
) -> Section:
    """How many simulations and draws there are, and how they were made."""
    n, n_fitted = len(simulations.status), int(np.count_nonzero(simulations.is_fitted))
    n_quantities = len(simulations.names)
    told = (
        f"{count(n, 'simulation')}, {n_fitted:,} of them fitted; "
        f"{count(simulations.n_ranks - 1, 'draw')} kept of each fit, so that ranks go from 0 to "
        f"{simulations.n_ranks - 1}.",
        f"The ranks of {count(n_quantities, 'quantity', 'quantities')} are tested at the level "
        f"{verdict.alpha:.2g} together.",
    )
    rows = ([name, str(value)] for name, value in settings.items())
    return Section("Simulations", told, table(["setting", "value"], rows))


def quantities_section(verdict: CalibrationVerdict, *, with_meaning: bool) -> Section:
    """At most `MOST_ROWS` quantities, the rejected first.

    Parameters
    ----------
    verdict
        Of the calibration.
    with_meaning
        Whether a last column says what a rejection means.
    """
    ordered = by_evidence(verdict)
    if not ordered:
        return Section("Quantities", ("No fit, no ranks.",))
    head = (*HEAD, "meaning") if with_meaning else HEAD
    rows = [
        (*_cells(of), "; ".join(of.meaning)) if with_meaning else _cells(of)
        for of in ordered[:MOST_ROWS]
    ]
    is_cut = len(rows) < len(ordered)
    caption = f"{len(rows)} of {len(ordered):,} quantities, the rejected first, then by p-value"
    tables = table(head, rows, caption if is_cut else "")
    return Section("Quantities", _legend(ordered[0]), tables)


def notes_section(verdict: CalibrationVerdict) -> Section:
    """Fits that are to be distrusted."""
    return Section("Notes", tuple(f"{note}." for note in verdict.notes) or ("None.",))


def _cells(quantity: QuantityVerdict) -> tuple[str, ...]:
    contraction = quantity.contraction
    return (
        quantity.name,
        p_text(quantity.p_value),
        p_text(quantity.adjusted_p_value),
        p_text(quantity.chi_square_p_value),
        *(fixed(100 * coverage.covered, 1) for coverage in quantity.coverage),
        "-" if contraction is None else fixed(contraction, 2),
    )


def _legend(quantity: QuantityVerdict) -> tuple[str, ...]:
    levels = _listed([f"{100 * of.level:g}" for of in quantity.coverage])
    nominal = _listed([f"{100 * of.nominal:.1f}" for of in quantity.coverage])
    return (
        f"Below {levels} %: how many per cent of these central posterior intervals hold the true "
        f"value, nominally {nominal} %.",
        "Contraction: part of the prior's variance that the posterior removes.",
    )


def _listed(words: list[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}"
