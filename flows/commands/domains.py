"""`whence domains`: what the shipped contracts describe."""

import argparse

from tasks.contract import known_domains, load_contract


def add_commands(subcommands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    domains = subcommands.add_parser(
        "domains",
        help="list the domains with a data contract",
        description="List the domains whose contract ships with whence, and their tasks.",
    )
    domains.set_defaults(run=run_domains)


def run_domains(options: argparse.Namespace) -> None:
    """Carry out ``whence domains``."""
    for name in known_domains():
        contract = load_contract(name)
        keys = sum(len(table.foreign_keys) for table in contract.tables.values())
        print(f"{name}  {contract.title}: {len(contract.tables)} tables, {keys} foreign keys")
        for task_name, task in contract.tasks.items():
            print(f"    {task_name}  ({task.kind}, {task.output})")
