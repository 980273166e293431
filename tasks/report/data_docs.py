"""The gate's record beside its contract, table by table, as the data docs tell it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tasks.domain import Domain, Table
from tasks.relations.rules import Rule, rules_of
from tasks.report.data_docs_parts import OUTCOMES, ColumnDocs, KeyDocs, RuleDocs, TableDocs
from tasks.report.data_docs_words import expected, part, plain_value, shown
from tasks.report.numerals import count

DATA_DOCS = "data_docs.html"
"""The page's file in the folder of a run."""

Record = Mapping[str, Any]
OF_ROWS = ("no repetition", "primary key", "unique", "ordered", "rows")
"""Rules of the rows as such, or of several columns together."""


def data_docs(contract: Domain, record: Record) -> tuple[TableDocs, ...]:
    """Tell of every table of a contract what was found in it.

    Parameters
    ----------
    contract
        The one that the tables were held against.
    record
        ``contract.json``, as `tasks.relations.column_facts.described_record` gives it.
    """
    anchors = {name: f"table-{place}" for place, name in enumerate(contract.tables, start=1)}
    checks, facts = _by_table(record["checks"]), _by_table(record["columns"])
    return tuple(
        _table_docs(name, contract.tables[name], checks[name], facts[name], anchors)
        for name in contract.tables
    )


def _by_table(entries: Iterable[Record]) -> dict[str, list[Record]]:
    grouped = defaultdict(list)
    for entry in entries:
        grouped[entry["table"]].append(entry)
    return grouped


def _table_docs(
    name: str,
    table: Table,
    checks: Sequence[Record],
    facts: Sequence[Record],
    anchors: Mapping[str, str],
) -> TableDocs:
    # The gate asks first for repetitions, then for the contract's rules in their order.
    rules = [Rule("no repetition", (), "repairable"), *rules_of(table)]
    told = [(rule, _rule_docs(rule, check)) for rule, check in zip(rules, checks, strict=True)]
    columns = [
        _column_docs(
            table,
            of,
            _worst_first(
                docs
                for rule, docs in told
                if rule.name not in OF_ROWS and of["column"] in rule.columns
            ),
        )
        for of in facts
    ]
    cells, faulty = sum(of["rows"] for of in facts), sum(of["faulty"] for of in facts)
    return TableDocs(
        name=shown(name),
        anchor=anchors[name],
        rows=checks[0]["rows"],
        rules=len(checks),
        broken=sum(check["failing"] > 0 for check in checks),
        faulty=part(faulty, cells),
        faulty_share=faulty / cells,
        primary_key=", ".join(map(shown, table.primary_key)),
        time=shown(table.time),
        keys=tuple(
            KeyDocs(
                column=shown(rule.columns[0]),
                parent=shown(rule.parent),
                anchor=anchors[rule.parent],
                orphans=docs.failing,
            )
            for rule, docs in told
            if rule.name == "foreign key"
        ),
        row_rules=_worst_first(docs for rule, docs in told if rule.name in OF_ROWS),
        columns=tuple(sorted(columns, key=lambda column: OUTCOMES.index(column.outcome))),
    )


def _rule_docs(rule: Rule, check: Record) -> RuleDocs:
    failing, rows = check["failing"], check["rows"]
    return RuleDocs(
        name=rule.name,
        expected=expected(rule),
        outcome="stops" if check["blocks"] else "marked" if failing else "kept",
        failing=f"{failing:,} of {count(rows, 'row')}, {part(failing, rows)}",
        examples=tuple(map(shown, check["examples"])),
    )


def _column_docs(table: Table, facts: Record, rules: tuple[RuleDocs, ...]) -> ColumnDocs:
    column, rows = table.columns[facts["column"]], facts["rows"]
    about = "about " if facts["estimated"] else ""
    return ColumnDocs(
        name=shown(facts["column"]),
        kind=f"{column.type}, {shown(column.unit)}" if column.unit else column.type,
        missing=_some(facts["missing"], rows),
        distinct=f"{about}{facts['distinct']:,}",
        least=plain_value(facts["least"]),
        largest=plain_value(facts["largest"]),
        faulty=_some(facts["faulty"], rows),
        faulty_share=facts["faulty"] / rows,
        rules=rules,
    )


def _some(number: int, rows: int) -> str:
    return f"{number:,} ({part(number, rows)})" if number else "0"


def _worst_first(rules: Iterable[RuleDocs]) -> tuple[RuleDocs, ...]:
    return tuple(sorted(rules, key=lambda rule: OUTCOMES.index(rule.outcome)))
