"""`whence profile`: draft a contract for a database that nobody has described."""

import argparse
import tempfile
from pathlib import Path

from flows.block_reader import block_reader
from tasks.contract import contract_text, load_contract
from tasks.errors import InputError


def add_commands(subcommands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    profile = subcommands.add_parser(
        "profile",
        help="draft a data contract for a database that nobody has described",
        description="Read all tables of a folder or a database, find their keys, times, types and "
        "what could be predicted, and write a data contract to look through and run.",
    )
    profile.add_argument(
        "location",
        metavar="LOCATION",
        help="folder of CSV or Parquet files; or a database: its URL without a password, such as "
        "sqlite:///shop.db or postgresql://ann@host/shop, or env:NAME of an environment variable "
        "or block:NAME of a Secret block of Prefect that holds one",
    )
    profile.add_argument("--target", metavar="TABLE.COLUMN", help="what to predict")
    profile.add_argument(
        "-o", dest="output", type=Path, metavar="FILE.yaml", help="where the contract is written to"
    )
    profile.set_defaults(run=run_profile)


def run_profile(options: argparse.Namespace) -> None:
    """Carry out ``whence profile``."""
    output: Path | None = options.output
    if output is not None and output.exists():
        raise InputError(f"{output} exists already: give a name that is free with -o.")
    from tasks.relations.profiling.database import name_of, open_database
    from tasks.relations.profiling.database_draft import draft_database

    name = output.stem if output else name_of(options.location)
    read_block = block_reader(debug=options.debug)
    with tempfile.TemporaryDirectory(prefix="whence-") as place:
        database = open_database(options.location, read_block, Path(place), options.target)
        contract, said = draft_database(database, name, options.target)
    print(said)
    if output is None:
        return
    head = ["Drafted from the data by `whence profile`: look through it.", *said.splitlines()]
    text = "".join(f"# {line}\n" for line in head) + contract_text(contract)
    unfinished = output.with_name(f"{output.name}.unfinished")
    unfinished.write_text(text, encoding="utf-8", newline="\n")
    load_contract(unfinished)
    unfinished.replace(output)
    print(f"Written to {output}: whence run {output}")
