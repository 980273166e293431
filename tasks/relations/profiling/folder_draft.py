"""From a folder of tables that nobody has described to a contract, and what it assumes."""

from pathlib import Path

from tasks.domain import Domain
from tasks.relations.profiling.draft import draft_contract
from tasks.relations.profiling.profile import profile_folder
from tasks.relations.profiling.summary import summarise_draft, summarise_profile
from tasks.relations.profiling.targets import first_target


def draft_folder(folder: Path, name: str, target: str | None) -> tuple[Domain, str]:
    """Profile a folder and draft its contract.

    Parameters
    ----------
    folder
        Holds one file for each table.
    name
        Of the domain.
    target
        ``table.column``; the first candidate if None.

    Returns
    -------
    tuple of Domain and str
        The contract, and in words what was found and assumed.

    Raises
    ------
    InputError
        As `profile_folder`, `first_target` and `draft_contract` do.
    """
    profile = profile_folder(folder)
    draft = draft_contract(profile, name, target or first_target(profile))
    return draft.contract, f"{summarise_profile(profile)}\n{summarise_draft(profile, draft)}"
