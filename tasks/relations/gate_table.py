"""What the gate found, for a reader: an aligned table, and the error that stops a run."""

from collections.abc import Sequence

from tasks.relations.gate import Check, GateResult

WIDEST_CELL = 60


def format_checks(checks: Sequence[Check]) -> str:
    """Checks as an aligned table, a line for each.

    Parameters
    ----------
    checks
        In the order of the lines.
    """
    head = ("", "table.column", "rule", "faulty", "share", "examples")
    lines = [head] + [
        (
            "STOP" if check.blocks else "mark",
            f"{check.table}.{check.column}",
            check.rule,
            str(check.failing),
            f"{check.share:.1%}",
            "; ".join(_on_one_line(example) for example in check.examples),
        )
        for check in checks
    ]
    widths = [max(len(line[k]) for line in lines) for k in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def advice(result: GateResult) -> str:
    """What to do where checks stop a run."""
    return (
        f"{len(result.blocking)} rule(s) of the contract stop a run: mend the data, or the "
        "contract where it asks too much."
    )


def refusal(result: GateResult) -> str:
    """Why no run may use the data: the checks that stop it, with rows and examples.

    Returns
    -------
    str
        Empty where nothing stops a run.
    """
    return f"{advice(result)}\n{format_checks(result.blocking)}" if result.blocking else ""


def _on_one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= WIDEST_CELL else f"{line[: WIDEST_CELL - 1]}…"
