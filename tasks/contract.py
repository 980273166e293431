"""Read a domain's contract and say, with the path inside the YAML, where it contradicts itself."""

from pathlib import Path

import yaml
from pydantic import ValidationError

from tasks.contract_checks import check_contract
from tasks.domain import DemoSource, Domain
from tasks.domain_sources import FILE_DATABASES, is_database
from tasks.errors import InputError
from tasks.locations import resource
from tasks.strict_yaml import read_yaml
from tasks.table_checks import Problem


def contracts_folder() -> Path:
    """Folder of the contracts that ship with the project."""
    return resource("data_contracts")


def known_domains() -> dict[str, Path]:
    """Contracts that ship with the project, by the name of the domain."""
    return {path.stem: path for path in sorted(contracts_folder().glob("*.yaml"))}


def load_contract(domain: str | Path) -> Domain:
    """Read and check a contract.

    Parameters
    ----------
    domain
        Name of a domain that ships with the project, or path of a YAML file.

    Raises
    ------
    InputError
        If there is no such contract, it is no YAML in UTF-8, or it breaks a rule; a line for each
        broken rule starts with its path, such as ``tables.results.foreign_keys.raceId``.
    """
    path = known_domains().get(str(domain), Path(domain))
    if not path.is_file():
        names = ", ".join(known_domains()) or "none"
        raise InputError(f"There is no contract {str(domain)!r}; known domains: {names}.")
    try:
        contract = Domain.model_validate(read_yaml(path))
    except ValidationError as error:
        problems = [(_yaml_path(entry["loc"]), entry["msg"]) for entry in error.errors()]
        raise InputError(_describe(path, problems)) from error
    problems = list(check_contract(contract))
    if problems:
        raise InputError(_describe(path, problems))
    source = contract.source
    if isinstance(source, DemoSource) or source.location is None:
        return contract
    location = _from_here(path.parent.absolute(), source.location)
    return contract.model_copy(update={"source": source.model_copy(update={"location": location})})


def _from_here(folder: Path, location: str) -> str:
    """A location relative to the contract's folder, as an absolute one; of a server as it is."""
    if location.startswith(FILE_DATABASES):
        kind, _, file = location.partition(":///")
        return f"{kind}:///{folder / file}"
    return location if is_database(location) else str(folder / location)


def contract_text(contract: Domain) -> str:
    """The contract as YAML that `load_contract` reads: without what is so anyway."""
    content = contract.model_dump(mode="json", exclude_defaults=True)
    text = yaml.safe_dump(
        content, allow_unicode=True, sort_keys=False, width=100, default_flow_style=None
    )
    return str(text)


def _yaml_path(location: tuple[int | str, ...]) -> str:
    """Where pydantic found a problem, without the `kind` that it names inside a union."""
    match location:
        case ("source" as top, _, *rest):
            parts = [top, *rest]
        case ("tasks" as top, name, _, *rest):
            parts = [top, name, *rest]
        case ("tables" as top, name, "expectations" as key, place, _, *rest):
            parts = [top, name, key, place, *rest]
        case _:
            parts = [*location]
    return ".".join(str(part) for part in parts) or "(top)"


def _describe(path: Path, problems: list[Problem]) -> str:
    lines = "\n".join(f"  {where}: {what}" for where, what in problems)
    return f"The contract {path} breaks these rules:\n{lines}"
