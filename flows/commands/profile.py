"""`whence profile`: draft a contract for a database that nobody has described."""

import argparse
from pathlib import Path

import yaml

from tasks.contract import load_contract
from tasks.errors import InputError


def add_commands(subcommands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    profile = subcommands.add_parser(
        "profile",
        help="draft a data contract for a database that nobody has described",
        description="Read all tables of a folder, find their keys, times, types and what could be "
        "predicted, and write a data contract to look through and run.",
    )
    profile.add_argument("location", type=Path, metavar="FOLDER", help="where the tables lie")
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
    from tasks.relations.profiling.draft import contract_record, draft_contract
    from tasks.relations.profiling.profile import profile_folder
    from tasks.relations.profiling.summary import summarise_draft, summarise_profile
    from tasks.relations.profiling.targets import first_target

    profile = profile_folder(options.location)
    print(summarise_profile(profile))
    name = output.stem if output else options.location.resolve().name
    contract = draft_contract(profile, name, options.target or first_target(profile))
    drafted = summarise_draft(profile, contract)
    print(drafted)
    if output is None:
        return
    lines = [
        "Drafted from the data by `whence profile`: look through it.",
        *summarise_profile(profile).splitlines(),
        *drafted.splitlines(),
    ]
    text = yaml.safe_dump(
        contract_record(contract),
        sort_keys=False,
        allow_unicode=True,
        width=100,
        default_flow_style=None,
    )
    unfinished = output.with_name(f"{output.name}.unfinished")
    unfinished.write_text(
        "".join(f"# {line}\n" for line in lines) + text, encoding="utf-8", newline="\n"
    )
    load_contract(unfinished)
    unfinished.replace(output)
    print(f"Written to {output}: whence run {output}")
