"""`whence domains` and `whence check`: contracts, and data held against them."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from flows.block_reader import block_reader
from tasks.contract import known_domains, load_contract
from tasks.domain import Domain
from tasks.errors import InputError

if TYPE_CHECKING:
    from tasks.relations.gate import GateResult
    from tasks.relations.sources import TableData


def add_commands(subcommands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add both commands to the parser."""
    domains = subcommands.add_parser(
        "domains",
        help="list the domains with a data contract",
        description="List the domains whose contract ships with whence, and their tasks.",
    )
    domains.set_defaults(run=run_domains)

    check = subcommands.add_parser(
        "check",
        help="hold a domain's data against its contract",
        description="Read all tables of a domain and print which rules of its contract they break.",
    )
    check.add_argument("domain", metavar="DOMAIN", help="name of a domain, or a contract's YAML")
    check.add_argument(
        "--source", metavar="LOCATION", help="folder or database in which the tables lie"
    )
    check.add_argument(
        "--page", type=Path, metavar="FILE.html", help="write every rule and column to a page"
    )
    check.set_defaults(run=run_check)


def run_domains(options: argparse.Namespace) -> None:
    """Carry out ``whence domains``."""
    for name in known_domains():
        contract = load_contract(name)
        keys = sum(len(table.foreign_keys) for table in contract.tables.values())
        print(f"{name}  {contract.title}: {len(contract.tables)} tables, {keys} foreign keys")
        for task_name, task in contract.tasks.items():
            print(f"    {task_name}  ({task.kind}, {task.output})")


def run_check(options: argparse.Namespace) -> None:
    """Carry out ``whence check``."""
    from tasks.relations.gate import check_tables
    from tasks.relations.gate_table import advice, format_checks
    from tasks.relations.sources import given_location, read_tables

    contract = load_contract(options.domain)
    read_block = block_reader(debug=options.debug)
    tables = read_tables(contract, given_location(contract, options.source, read_block))
    result = check_tables(contract, tables)
    rows = sum(data.frame.height for data in tables.values())
    print(f"{contract.title}: {len(tables)} tables, {rows} rows, {len(result.checks)} rules")
    if result.broken:
        print(format_checks(result.broken))
    if options.page:
        _write_page(options.page, contract, tables, result)
    if result.blocking:
        raise InputError(advice(result))
    cells = sum(check.failing for check in result.broken)
    print(f"The data may pass; {cells} faults are marked for repair." if cells else "No fault.")


def _write_page(
    page: Path, contract: Domain, tables: "Mapping[str, TableData]", result: "GateResult"
) -> None:
    from tasks.relations.column_facts import described_record
    from tasks.report.data_docs_page import data_docs_page

    if not page.parent.is_dir():
        raise InputError(f"--page must be a file in a folder that exists, got {str(page)!r}.")
    record = described_record(result, tables)
    page.write_text(data_docs_page(contract.title, contract, record, report=""), encoding="utf-8")
    print(f"Every rule and column: {page}")
