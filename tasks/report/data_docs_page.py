"""What the gate found as one HTML page that needs nothing else: every table, column and rule."""

from tasks.domain import Domain
from tasks.report.data_docs import Record, data_docs
from tasks.report.data_docs_parts import worst
from tasks.report.numerals import count
from tasks.report.page import TEMPLATES


def data_docs_page(title: str, contract: Domain, record: Record, report: str) -> str:
    """Give the gate's result as a page; names and examples from the data are escaped.

    Parameters
    ----------
    title
        Of the domain.
    contract
        The one that the tables were held against.
    record
        ``contract.json``, as `tasks.relations.column_facts.described_record` gives it.
    report
        Where the report of the same run lies, seen from the page; empty where there is none.
    """
    counts = record["counts"]
    tables = data_docs(contract, record)
    headline, consequence = _verdict(counts)
    figures = {"tables": len(tables), "rows": sum(table.rows for table in tables)} | counts
    return TEMPLATES.get_template("data_docs.html.j2").render(
        title=title,
        domain=contract.name,
        report=report,
        outcome=worst(tables),
        headline=headline,
        consequence=consequence,
        figures=[(name, f"{value:,}") for name, value in figures.items()],
        tables=tables,
    )


def _verdict(counts: Record) -> tuple[str, str]:
    broken = f"{counts['broken']:,} of {count(counts['rules'], 'rule')}"
    if counts["blocking"]:
        stopping = count(counts["blocking"], "rule stops a run", "rules stop a run")
        return (
            "No run may use these data",
            f"They break {broken}; {stopping}: mend the data, or the contract where it asks too "
            "much.",
        )
    if counts["broken"]:
        return (
            f"The data may pass; they break {broken}",
            f"{count(counts['faults'], 'fault')} are marked for repair: rows that break a rule, "
            "summed over the rules.",
        )
    return "The data keep the contract", f"None of {count(counts['rules'], 'rule')} is broken."
