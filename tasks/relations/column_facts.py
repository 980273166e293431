"""What each column of a table holds, over all rows: gaps, extremes, different values, faults."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from tasks.relations.gate import GateResult, gate_record
from tasks.relations.sources import TableData

EXACT_ROWS = 1_000_000
"""Rows up to which different values are counted; of more their number is estimated."""
TIME = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True)
class ColumnFacts:
    """One column as read.

    Attributes
    ----------
    rows, missing, unreadable
        Number of rows, of those without a value, and of those whose value is not of the column's
        type.
    least, largest
        Of integers, numbers and times, which are texts; None for other types, and
        where no value can be read.
    distinct, estimated
        Number of values that differ, and whether HyperLogLog estimated it.
    faulty
        Number of cells that break a rule, each counted once.
    """

    table: str
    column: str
    rows: int
    missing: int
    unreadable: int
    least: int | float | str | None
    largest: int | float | str | None
    distinct: int
    estimated: bool
    faulty: int


def column_facts(name: str, data: TableData, faults: pl.DataFrame) -> list[ColumnFacts]:
    """Describe every column of a table in one pass over its rows.

    Parameters
    ----------
    name
        Of the table.
    data
        The table as read.
    faults
        Beside it, Boolean: which cells break a rule.
    """
    frame, estimated = data.frame, data.frame.height > EXACT_ROWS
    found = frame.select(
        expression.alias(f"{what} {place}")
        for place, column in enumerate(frame.columns)
        for what, expression in _expressions(column, frame.schema[column], estimated).items()
    ).row(0, named=True)
    unreadable, faulty = data.unreadable.sum(), faults.sum()
    facts = []
    for place, column in enumerate(frame.columns):
        empty = found[f"empty {place}"]
        present, many = frame.height - empty, found[f"distinct {place}"] - (empty > 0)
        facts.append(
            ColumnFacts(
                table=name,
                column=column,
                rows=frame.height,
                missing=empty - unreadable[column].item(),
                unreadable=unreadable[column].item(),
                least=found.get(f"least {place}"),
                largest=found.get(f"largest {place}"),
                distinct=min(many, present),
                estimated=estimated,
                faulty=faulty[column].item(),
            )
        )
    return facts


def described_record(result: GateResult, tables: Mapping[str, TableData]) -> dict[str, Any]:
    """What the gate found and what the columns hold, ready for JSON.

    Returns
    -------
    dict
        `gate_record`, and ``columns``, each with the attributes of `ColumnFacts`.
    """
    facts = [
        asdict(column)
        for name, data in tables.items()
        for column in column_facts(name, data, result.faults[name])
    ]
    return gate_record(result) | {"columns": facts}


def _expressions(column: str, kind: pl.DataType, estimated: bool) -> dict[str, pl.Expr]:
    values = pl.col(column)
    asked = {
        "empty": values.null_count(),
        "distinct": values.approx_n_unique() if estimated else values.n_unique(),
    }
    ends = {"least": values.min(), "largest": values.max()}
    if kind.is_temporal():  # as text here: Python's own times end with the year 9999
        return asked | {name: end.dt.to_string(TIME) for name, end in ends.items()}
    return asked | ends if kind.is_numeric() else asked
