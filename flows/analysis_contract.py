"""The contract that a main job uses: all of it, without what earlier steps ignore, and as text."""

import logging

from flows.analysis_names import DRAFT
from flows.narration import named, overheard
from flows.parameters import AnalysisParameters
from tasks.contract import contract_text, load_contract
from tasks.domain import CheckThresholds, Costs, DemoSource, Domain, Task
from tasks.errors import InputError
from tasks.relations.given_data import GivenData
from tasks.relations.profiling.database import name_of
from tasks.relations.steps import draft_domain, given_data, given_database
from tasks.targets import find_task

READ, DRAFTED = "tables read", "contract drafted"

logger = logging.getLogger(__name__)


def resolve(parameters: AnalysisParameters) -> tuple[Domain, str, Task, GivenData]:
    """Contract, name and definition of the task, and the tables of a run.

    Raises
    ------
    InputError
        If there is no such contract or task, no contract can be drafted where none is given, or
        `documents` is given for another domain than the demo.
    """
    if parameters.domain == DRAFT:
        contract, given = _drafted(parameters.source, parameters.target)
        return contract, *find_task(contract, None), given
    contract = load_contract(parameters.domain)
    if parameters.documents is not None:
        if not isinstance(contract.source, DemoSource):
            raise InputError(f"documents is a parameter of the demo alone, got {contract.name}.")
        source = contract.source.model_copy(update={"documents": parameters.documents})
        contract = contract.model_copy(update={"source": source})
    task = find_task(contract, parameters.target)
    with overheard(READ):
        return contract, *task, named(READ, given_data)(contract, parameters.source)


def _drafted(source: str | None, target: str | None) -> tuple[Domain, GivenData]:
    """A contract that is drafted from the tables, and told; and those tables that it names."""
    if source is None:
        raise InputError("A contract is drafted from the tables: say with --source where they lie.")
    with overheard(READ):
        given, place, catalogue = named(READ, given_database)(source, target)
    with overheard(DRAFTED):
        of = given, place, catalogue, name_of(source), target
        drafted = named(DRAFTED, draft_domain)(*of)
    logger.info("No contract is given. Assumed of the tables:\n%s", drafted.said)
    files = {name: given.files[name] for name in drafted.contract.tables}
    return drafted.contract, given.model_copy(update={"files": files})


def schema_of(contract: Domain) -> Domain:
    """The contract without what only later steps ask for, so that earlier ones stay cached."""
    update: dict[str, object] = {
        "tasks": {},
        "costs": Costs(),
        "causal_graph": (),
        "actions": {},
        "priors": {},
        "decision_worth": None,
        "check_thresholds": CheckThresholds(),
        "media_mix": None,
        "title": "",
    }
    source = contract.source
    if not isinstance(source, DemoSource):
        update["source"] = source.model_copy(update={"location": None})
    return contract.model_copy(update=update)


def as_yaml(contract: Domain, name: str, target: Task) -> str:
    """The contract with the one task of a run."""
    return contract_text(contract.model_copy(update={"tasks": {name: target}}))
