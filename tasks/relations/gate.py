"""The gate: data that break the contract are marked for repair, or stop the run."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from tasks.domain import Domain
from tasks.relations import expectations, polars_expectations
from tasks.relations.rules import Rule, rules_of
from tasks.relations.sources import TableData

ROW = "(row)"
EXAMPLES = 3
MOST_ROWS = 1_000_000
"""Of a table that Great Expectations checks; of a larger one the same rules are asked in Polars."""


@dataclass(frozen=True)
class Check:
    """How one rule of one table came out.

    Attributes
    ----------
    rule
        Name of the rule.
    column
        Its column, or columns joined by commas; ``(row)`` where it is of the rows as such.
    severity
        ``block`` or ``repairable``.
    rows, failing
        Number of rows, and of those that break the rule.
    examples
        Some of the values that break it, or rows where there is no value.
    blocks
        Whether it stops the run.
    """

    table: str
    rule: str
    column: str
    severity: str
    rows: int
    failing: int
    examples: tuple[str, ...]
    blocks: bool

    @property
    def share(self) -> float:
        """Of the rows that break the rule."""
        return self.failing / self.rows


@dataclass(frozen=True)
class GateResult:
    """What the gate found.

    Attributes
    ----------
    checks
        One for each rule of each table.
    faults
        Beside each table a Boolean frame of its columns, and the column ``(row)``: which cells
        break a rule, and which rows repeat an earlier one.
    """

    checks: tuple[Check, ...]
    faults: dict[str, pl.DataFrame]

    @property
    def broken(self) -> tuple[Check, ...]:
        """The checks that some row fails."""
        return tuple(check for check in self.checks if check.failing)

    @property
    def blocking(self) -> tuple[Check, ...]:
        """The checks that stop the run."""
        return tuple(check for check in self.checks if check.blocks)


def check_tables(contract: Domain, tables: Mapping[str, TableData]) -> GateResult:
    """Hold every table against its contract.

    Parameters
    ----------
    contract
        Tables, columns and keys with what is expected of them.
    tables
        As `read_tables` gives them.

    Returns
    -------
    GateResult
        A row that repeats an earlier one in every column is marked and left out before the
        primary key is checked.
    """
    found = {name: _check_table(contract, name, tables) for name in contract.tables}
    return GateResult(
        checks=tuple(check for checks, _ in found.values() for check in checks),
        faults={name: faults for name, (_, faults) in found.items()},
    )


def gate_record(result: GateResult) -> dict[str, Any]:
    """What the gate found, ready for JSON.

    Returns
    -------
    dict
        ``counts`` of the rules, of those that are ``broken`` and that are ``blocking``, and of
        the ``faults``, which are rows that fail summed over the rules; and ``checks``, each with
        the attributes of `Check`.
    """
    return {
        "counts": {
            "rules": len(result.checks),
            "broken": len(result.broken),
            "blocking": len(result.blocking),
            "faults": sum(check.failing for check in result.checks),
        },
        "checks": [
            asdict(check) | {"share": check.share, "examples": list(check.examples)}
            for check in result.checks
        ],
    }


def repeated_rows(frame: pl.DataFrame) -> pl.Series:
    """Which rows are equal to an earlier one in every column.

    Equal rows have equal hashes: only rows that share theirs are compared, commonly none.
    """
    suspects = frame.hash_rows().is_duplicated()
    repeated = pl.repeat(False, frame.height, eager=True).alias(ROW)
    places = suspects.arg_true()
    if places.is_empty():
        return repeated
    first = pl.struct(pl.all()).is_first_distinct()
    return repeated.scatter(places.filter(~frame.filter(suspects).select(first).to_series()), True)


def _check_table(
    contract: Domain, name: str, tables: Mapping[str, TableData]
) -> tuple[list[Check], pl.DataFrame]:
    frame = tables[name].frame
    rules = rules_of(contract.tables[name])
    parents = {
        rule.columns[0]: tables[rule.parent].frame[contract.tables[rule.parent].primary_key[0]]
        for rule in rules
        if rule.parent
    }
    repeated = repeated_rows(frame)
    checks = [_describe(name, Rule("no repetition", (), "repairable"), frame, repeated)]
    faults = {column: pl.repeat(False, frame.height, eager=True) for column in frame.columns}
    engine = polars_expectations if frame.height > MOST_ROWS else expectations
    for rule, failing in engine.failing_rows(rules, tables[name], ~repeated, parents):
        checks.append(_describe(name, rule, frame, failing))
        for column in rule.columns:
            faults[column] = faults[column] | failing
    return checks, pl.DataFrame(faults | {ROW: repeated})


def _describe(table: str, rule: Rule, frame: pl.DataFrame, failing: pl.Series) -> Check:
    count = int(failing.sum())
    return Check(
        table=table,
        rule=rule.name,
        column=", ".join(rule.columns) or ROW,
        severity=rule.severity,
        rows=frame.height,
        failing=count,
        examples=_examples(frame, rule, failing),
        blocks=count > 0 and (rule.severity == "block" or count > rule.most * frame.height),
    )


def _examples(frame: pl.DataFrame, rule: Rule, failing: pl.Series) -> tuple[str, ...]:
    rows = failing.arg_true().head(EXAMPLES)
    if rule.name == "rows":
        return (f"{failing.sum()} rows",) if len(rows) else ()
    if rule.name in ("no repetition", "required", "has values", "readable"):
        return tuple(f"row {row + 1}" for row in rows)
    shown = (*rule.columns, rule.measured) if rule.measured else rule.columns
    return tuple(
        ", ".join(str(value) for value in values) for values in frame[list(shown)][rows].iter_rows()
    )
