"""What a main job is called before its contract is checked."""

from contextlib import suppress
from pathlib import Path

from flows.terminal import harmless
from tasks.contract import load_contract
from tasks.domain import Domain
from tasks.errors import InputError

DRAFT = "draft"
"""In place of a domain: its contract is drafted from the tables."""


def domain_name(domain: str) -> str:
    """Name of a domain that is given by its name or by the path of its contract.

    Examples
    --------
    >>> domain_name("f1"), domain_name("draft"), domain_name("contracts/nowhere.yaml")
    ('f1', 'draft', 'nowhere')
    """
    contract = _contract(domain)
    return contract.name if contract else Path(domain).stem


def target_name(domain: str, target: str | None) -> str | None:
    """What is predicted: what is asked for, else the contract's first task; None where unknown.

    It is told in logs and on terminals, and steers none.

    Examples
    --------
    >>> target_name("demo", None), target_name("demo", "items.weight"), target_name("draft", None)
    ('lead-time', 'items.weight', None)
    """
    contract = _contract(domain)
    found = target or (next(iter(contract.tasks)) if contract else None)
    return None if found is None else harmless(found)


def _contract(domain: str) -> Domain | None:
    """None where it cannot be read: the run itself says why."""
    if domain != DRAFT:
        with suppress(InputError, OSError):
            return load_contract(domain)
    return None
