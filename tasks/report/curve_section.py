"""What more training rows would be worth."""

from tasks.inference.learning_curves import LearningCurve
from tasks.report.numerals import NOT_ASSESSABLE, ends_of, mean_of, number
from tasks.report.schema import Report
from tasks.report.section import Section, table


def curve_section(report: Report) -> Section:
    """Learning curves of the value ranges that were looked at, at least one."""
    worth = number(report.curves[0].worth)
    return Section(
        "More rows",
        (
            "What as many more training rows of a value range as there are now would change, by a "
            "learning curve of members fitted to fewer of them: rows of the same kind, with the "
            "same entities and faults. Rows of new entities, such as other customers, can bring "
            "more or less. Reducible: what ever more rows would take away. Rows: until U is "
            f"{worth} % lower, as expected and for sure (95 %).",
        ),
        (
            *table(
                ["range", ">rows now", ">effect, %", ">95 % interval", ">reducible, %"],
                (
                    [
                        str(curve.node),
                        f"{curve.rows:,}",
                        mean_of(curve.effect),
                        ends_of(curve.effect),
                        mean_of(curve.reducible, signed=False),
                    ]
                    for curve in report.curves
                ),
                "Twice as many rows",
            ),
            *table(
                ["range", ">rows", ">for sure", ">cost of 1 %"],
                (
                    [
                        str(curve.node),
                        _rows(curve.rows_for),
                        _rows(curve.rows_for_sure),
                        _cost(curve),
                    ]
                    for curve in report.curves
                ),
                f"Rows until U is {worth} % lower",
            ),
        ),
    )


def _rows(rows: int | None) -> str:
    return "never" if rows is None else f"{rows:,}"


def _cost(curve: LearningCurve) -> str:
    return NOT_ASSESSABLE if curve.cost_per_unit is None else number(curve.cost_per_unit)
