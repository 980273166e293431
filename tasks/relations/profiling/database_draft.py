"""From tables that nobody has described to a contract, and what it assumes."""

from tasks.domain import Domain
from tasks.folder_names import folder_name
from tasks.relations.profiling.database import Database
from tasks.relations.profiling.draft import draft_contract
from tasks.relations.profiling.profile import profile_database
from tasks.relations.profiling.summary import summarise_draft, summarise_profile
from tasks.relations.profiling.targets import first_target


def draft_database(database: Database, name: str, target: str | None) -> tuple[Domain, str]:
    """Profile a database and draft its contract.

    Parameters
    ----------
    database
        From `open_database`.
    name
        Of the domain; what no folder can bear of it is left out.
    target
        ``table.column``; the first candidate if None.

    Returns
    -------
    tuple of Domain and str
        The contract, and in words what was found and assumed.

    Raises
    ------
    InputError
        As `profile_database`, `first_target` and `draft_contract` do.
    """
    profile = profile_database(database)
    draft = draft_contract(profile, folder_name(name), target or first_target(profile))
    return draft.contract, f"{summarise_profile(profile)}\n{summarise_draft(profile, draft)}"
